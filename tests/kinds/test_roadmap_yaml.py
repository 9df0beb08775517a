"""The YAML of the product roadmap loads as it stands: what each example declares, under which names, with which values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.spec import Spec
from finopsmetrics.iac.sections import Declared, declarations
from finopsmetrics.kinds import KINDS

FOLDER = Path(__file__).parents[1] / "fixtures" / "roadmap"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


def declared(name: str) -> list[Declared]:
    return declarations(yaml.safe_load((FOLDER / name).read_text()))


def read(name: str) -> dict[str, Any]:
    """The specs of a file, by kind and name, each as it is kept."""
    made: list[Spec] = [KINDS[one.kind].read(one.body) for one in declared(name)]
    return {f"{spec.kind} {spec.name}": spec.plain() for spec in made}


@pytest.mark.parametrize("name", FILES)
def test_every_example_loads_and_what_is_kept_reads_back(name: str) -> None:
    for one in declared(name):
        made = KINDS[one.kind].read(one.body)
        assert made.name == one.name
        (again,) = declarations({KINDS[one.kind].plural: [made.plain()]})
        assert KINDS[one.kind].read(again.body) == made
        (inside,) = declarations({KINDS[one.kind].plural: {one.name: {k: v for k, v in made.plain().items() if k != "name"}}})
        assert KINDS[one.kind].read(inside.body) == made


@pytest.mark.parametrize("name", FILES)
def test_places_lead_to_what_was_written(name: str) -> None:
    top = yaml.safe_load((FOLDER / name).read_text())
    for one in declared(name):
        for way in [(), ("name",), *((key,) for key in one.body)]:
            here: Any = top
            for step in one.where(way):
                here = here[step]
            if way and way[0] in ("rules", "resources") and one.where(way) != one.path + way:
                assert here == one.body[way[0]]


def test_2_1_notification_rules_are_named_after_their_persona() -> None:
    found = read("2_1_notification_rules.yaml")
    assert found == {
        "notification_rule cfo": {
            "name": "cfo",
            "persona": "cfo",
            "channels": ["email", "slack"],
            "frequency": "daily_digest",
            "alerts": ["budget_exceeded", "forecast_variance", "anomaly_detection"],
            "format": "executive_summary",
        },
        "notification_rule engineer": {
            "name": "engineer",
            "persona": "engineer",
            "channels": ["slack", "pagerduty"],
            "alerts": ["resource_idle", "cost_spike", "optimization_opportunity"],
            "format": "technical_details",
        },
    }
    assert KINDS["notification_rule"].read(found["notification_rule engineer"]).model_dump()["frequency"] == "real_time"


def test_2_3_a_dashboard_as_a_mapping() -> None:
    (made,) = read("2_3_dashboards.yaml").values()
    assert (made["name"], made["layout"]) == ("my_custom_dashboard", "3x3_grid")
    assert made["widgets"][1] == {
        "type": "recommendations",
        "position": [2, 0],
        "size": [1, 2],
        "config": {"priority": "high", "persona": "engineer"},
    }


def test_3_4_automation_rules() -> None:
    found = read("3_4_automation_policy.yaml")
    first, second = found["automation_rule shutdown_idle_dev_instances"], found["automation_rule rightsize_oversized_prod"]
    assert first["action"] == {"type": "shutdown"}
    assert first["notification"] == ["engineer", "slack"]
    assert second["require_approval"] is True
    idle = {"resource": {"environment": "dev", "cpu_avg_7d": 0.04, "idle_hours": 49}}
    assert Condition.parse(first["condition"]).matches(idle)
    assert not Condition.parse(second["condition"]).matches(idle)


def test_4_1_tagging_rules_are_one_tag_rule_in_their_order() -> None:
    found = read("4_1_tagging_rules.yaml")["tag_rule tagging_rules"]["rules"]
    assert found == [
        {"pattern": "^prod-.*", "tags": {"environment": "production", "cost_center": "engineering"}},
        {
            "resource_type": "ec2_instance",
            "inference_rules": [
                {"tag": "team", "infer_from": "vpc_tag"},
                {"tag": "project", "infer_from": "security_group_name"},
            ],
        },
        {
            "resource_type": "s3_bucket",
            "ml_prediction": {
                "model": "tag_predictor_v1",
                "confidence_threshold": "0.8",
                "tags": ["team", "project", "cost_center"],
            },
        },
    ]


def test_4_2_virtual_tags_by_resource_and_by_rule() -> None:
    found = read("4_2_virtual_tags.yaml")
    assert found["virtual_tag cost_center_mapping"]["resources"] == {
        "i-0123456789": {"cost_center": "marketing", "campaign": "q1_launch"},
        "i-9876543210": {"cost_center": "r&d", "project": "ml_platform"},
    }
    rules = found["virtual_tag tag_rules"]["rules"]
    assert [rule["resource_pattern"] for rule in rules] == [".*-ml-.*", ".*-dev-.*"]
    assert rules[1]["tags"] == {"environment": "development", "auto_shutdown": "enabled"}


def test_4_3_a_shared_service_is_split_by_weights() -> None:
    (made,) = read("4_3_shared_service_attribution.yaml").values()
    assert made["name"] == made["resource_id"] == "rds-shared-db-prod"
    assert (made["attribution_method"], made["split_by"], made["total_cost"]) == ("proportional", "query_count", "5000")
    assert made["allocations"] == [
        {"service": "user_service", "weight": "45000", "allocated_cost": "2250"},
        {"service": "order_service", "weight": "35000", "allocated_cost": "1750"},
        {"service": "analytics_service", "weight": "20000", "allocated_cost": "1000"},
    ]


def test_4_4_business_entities_with_their_type() -> None:
    found = read("4_4_business_mapping.yaml")
    types = {name: made["entity_type"] for name, made in found.items()}
    assert types == {
        "business_mapping mobile_app": "product",
        "business_mapping web_platform": "product",
        "business_mapping ai_recommendations": "feature",
    }
    assert found["business_mapping mobile_app"]["cost_allocation"] == "activity_based"
    assert found["business_mapping ai_recommendations"]["revenue_per_request"] == "0.0015"
    assert found["business_mapping ai_recommendations"]["revenue_attribution"] is True


def test_6_1_policies() -> None:
    found = read("6_1_policies.yaml")
    actions = {name.removeprefix("policy "): made["action"] for name, made in found.items()}
    assert actions == {
        "max_instance_size": {"type": "require_approval", "approvers": ["cto", "infrastructure_leader"]},
        "team_budget_soft_limit": {"type": "alert"},
        "team_budget_hard_limit": {"type": "prevent"},
        "unencrypted_storage": {"type": "prevent"},
        "data_residency_gdpr": {"type": "prevent"},
    }
    assert "approvers" not in found["policy max_instance_size"]
    assert found["policy max_instance_size"]["notification"] == ["slack"]
    assert found["policy team_budget_hard_limit"]["exception_process"] == "budget_increase_request"
    assert found["policy unencrypted_storage"]["remediation"] == "auto_enable_encryption"
    assert found["policy data_residency_gdpr"]["compliance_framework"] == "GDPR"
    soft = Condition.parse(found["policy team_budget_soft_limit"]["condition"])
    assert soft.matches({"team": {"spend_current_month": 81, "budget_monthly": 100}})
    assert not soft.matches({"team": {"spend_current_month": 100, "budget_monthly": 100}})


def test_6_2_a_workflow_and_an_approval_in_slack() -> None:
    (made,) = read("6_2_approval_workflows.yaml").values()
    assert [stage["stage"] for stage in made["stages"]] == ["manager_approval", "finance_approval", "final_approval"]
    assert [stage["sla_hours"] for stage in made["stages"]] == [24, 48, 24]
    assert made["stages"][1]["approvers"] == ["finance_analyst", "cfo"]
    assert made["escalation"] == [{"after": "24h", "action": "notify_manager"}, {"after": "48h", "action": "auto_approve"}]
    (asked,) = read("6_2_slack_approvals.yaml").values()
    assert asked["name"] == "ri_purchase"
    assert asked["asks"][0]["via"] == "slack"
    assert asked["asks"][0]["channel"] == "#finops-approvals"
    assert "Cost: ${upfront_cost}\n" in asked["asks"][0]["message_template"]


def test_6_3_ownership_in_the_order_of_the_file() -> None:
    found = [KINDS[one.kind].read(one.body).plain() for one in declared("6_3_ownership_rules.yaml")]
    assert found == [
        {"name": "tag-team", "source": "tag", "map_to": "owner", "priority": 1, "tag_key": "team"},
        {"name": "creator", "source": "creator", "map_to": "owner", "priority": 2, "inherit_to": ["child_resources"]},
        {
            "name": "kubernetes_namespace",
            "source": "kubernetes_namespace",
            "map_to": "owner",
            "priority": 3,
            "namespace_pattern": "team-*",
            "extract_team": True,
        },
    ]


def test_6_3_resource_policies_are_policies() -> None:
    found = read("6_3_resource_policies.yaml")
    owner, orphan = found["policy must_have_owner"], found["policy orphaned_resource_cleanup"]
    assert owner["action"] == {"type": "remediate", "remediation": "tag_with_creator_team", "require_approval": False}
    assert orphan["action"] == {"type": "alert", "recipients": ["creator", "manager"]}
    for made, hours in ((owner, 24), (orphan, 168)):
        condition = Condition.parse(made["condition"])
        assert condition.matches({"resource": {"age_hours": hours + 1, "owner": None}})
        assert not condition.matches({"resource": {"age_hours": hours, "owner": None}})
        assert not condition.matches({"resource": {"age_hours": hours + 1, "owner": "ml"}})


def test_6_4_compliance_frameworks() -> None:
    found = read("6_4_compliance_checks.yaml")
    first, second = found["compliance_framework soc2"]["controls"]
    assert first["checks"] == ["iam_mfa_enabled", "root_account_unused", "encryption_at_rest"]
    assert (second["id"], second["frequency"]) == ("CC7.2", "continuous")
    assert found["compliance_framework gdpr"]["requirements"][0] == "data_residency_check"


def test_7_1_reports() -> None:
    found = read("7_1_reports.yaml")
    schedules = {name.removeprefix("report "): (made["schedule"], made["format"]) for name, made in found.items()}
    assert schedules == {
        "monthly_executive": ("0 9 1 * *", "pdf"),
        "weekly_team_chargeback": ("0 9 * * MON", "excel"),
        "daily_cost_anomalies": ("0 8 * * *", "slack_message"),
    }
    assert found["report daily_cost_anomalies"]["trigger"] == "anomaly_detected"
    assert found["report weekly_team_chargeback"]["breakdown"] == ["team", "project", "environment"]
    assert len(found["report monthly_executive"]["sections"]) == 5


def test_8_3_the_whole_file() -> None:
    assert read("8_3_finopsmetrics.yaml") == {
        "budget ml-training-q1": {
            "name": "ml-training-q1",
            "amount": "50000",
            "period": "monthly",
            "filters": {"service": "ml-training", "environment": "production"},
            "alerts": [
                {"threshold": "0.8", "channels": ["slack", "email"]},
                {"threshold": "1", "channels": ["pagerduty"]},
            ],
        },
        "policy gpu-approval": {
            "name": "gpu-approval",
            "condition": 'resource.type == "ec2_instance" AND\nresource.instance_family IN ["p4", "p5"]\n',
            "action": {"type": "require_approval", "approvers": ["cto@company.com"]},
        },
        "tag_rule auto_tagging_rules": {
            "name": "auto_tagging_rules",
            "rules": [
                {"pattern": "^prod-.*", "tags": {"environment": "production", "cost_center": "engineering"}},
                {"resource_type": "s3_bucket", "inference_rules": [{"tag": "team", "infer_from": "bucket_name"}]},
            ],
        },
        "dashboard cfo-executive": {
            "name": "cfo-executive",
            "role": "cfo",
            "widgets": [{"type": "cost_trend", "config": {"time_range": "30d"}}],
        },
    }


def test_8_1_and_8_2_as_bodies() -> None:
    budget = KINDS["budget"].read(
        {
            "name": "ML Training Q1 2025",
            "amount": 50000,
            "period": "monthly",
            "alerts": [{"threshold": 0.8, "channels": ["slack", "email"]}],
        }
    )
    assert budget == KINDS["budget"].read(
        {
            "name": "ML Training Q1 2025",
            "amount": "50000.00",
            "period": "monthly",
            "alerts": {"threshold": "80%", "channels": ["slack", "email"]},
        }
    )
    condition = 'resource.type == "ec2_instance"'
    approved = {"name": "a", "condition": condition, "action": {"type": "require_approval", "approvers": ["cto@company.com"]}}
    beside = {"name": "a", "condition": condition, "action": "require_approval", "approvers": "cto@company.com"}
    assert KINDS["policy"].read(approved) == KINDS["policy"].read(beside)
    assert KINDS["policy"].read(beside).plain() == approved
    detector = {"name": "d", "model": {"type": "isolation_forest", "sensitivity": "95%", "window": "7d"}}
    alerts = {"channels": ["slack", "pagerduty"], "recipients": ["#ml-team"]}
    made = KINDS["anomaly_detector"].read(detector | {"alerts": alerts}).plain()
    assert made == detector | {"model": {"type": "isolation_forest", "sensitivity": "0.95", "window": "7d"}, "alerts": [alerts]}
