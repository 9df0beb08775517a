"""The rules of single kinds: what fields must agree with each other, and what a short form stands for."""

from __future__ import annotations

from typing import Any

import pytest

from finopsmetrics.core.spec import SpecError
from finopsmetrics.kinds import KINDS

BUDGET = {"amount": 100, "period": "monthly"}
SPLIT = {"resource_id": "r", "attribution_method": "proportional"}
WHEN = 'resource.type == "a"'
WIDGET = {"type": "cost_trend"}


def plain(kind: str, **fields: Any) -> dict[str, Any]:
    return KINDS[kind].read({"name": "x", **fields}).plain()


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("budget", BUDGET | {"period": "rolling"}, "`window` and the period `rolling` go together"),
        ("budget", BUDGET | {"window": "30d"}, "`window` and the period `rolling` go together"),
        ("budget", BUDGET | {"period": "custom", "start": "2025-01-01"}, "a custom period needs `start` and `end`"),
        ("budget", BUDGET | {"start": "2025-02-01", "end": "2025-01-31"}, "`end` is before `start`"),
        (
            "budget",
            BUDGET | {"period": "rolling", "window": "30d", "carry_over": "unspent"},
            "only monthly, quarterly and yearly",
        ),
        ("budget", BUDGET | {"growth": "5%", "steps": [{"start": "2025-02-01", "amount": 1}]}, "`growth` and `steps` both"),
        ("budget", BUDGET | {"steps": [{"start": "2025-02-01", "amount": 1}] * 2}, "in the order of their days, each day once"),
        ("policy", {"condition": WHEN, "action": "require_approval"}, "needs `approvers` or a `workflow`"),
        (
            "policy",
            {"condition": WHEN, "action": "alert", "approvers": ["cto"]},
            "`approvers` go with the action require_approval",
        ),
        (
            "policy",
            {"condition": WHEN, "action": {"type": "require_approval", "approvers": ["a"]}, "approvers": ["b"]},
            "given twice, and differ",
        ),
        ("tag_rule", {"rules": [{"tags": {"a": "b"}}]}, "give a condition, a pattern or a resource_type"),
        ("tag_rule", {"rules": [{"pattern": "a"}]}, "give tags, inference_rules or ml_prediction"),
        ("tag_rule", {"rules": [{"pattern": "a", "tags": {"team": "auto_detect"}}]}, "needs `infer_from`"),
        (
            "tag_rule",
            {"rules": [{"pattern": "a", "tags": {"team": "b"}, "infer_from": "c"}]},
            "needs a tag whose value is auto_detect",
        ),
        ("virtual_tag", {}, "by `resources`, `rules` or `otherwise`"),
        ("virtual_tag", {"rules": [{"tags": {"a": "b"}}]}, "give resource_pattern, resource_ids, filters or condition"),
        ("virtual_tag", {"otherwise": {"a": "b"}, "start": "2025-02-01", "end": "2025-01-01"}, "`end` is before `start`"),
        (
            "allocation_rule",
            {"attribution_method": "even", "allocations": [{"team": "a"}]},
            "give resource_id, filters or condition",
        ),
        ("allocation_rule", SPLIT, "give allocations or group_by"),
        ("allocation_rule", SPLIT | {"allocations": [{"weight": 1}]}, "a share goes to somebody"),
        ("allocation_rule", SPLIT | {"allocations": [{"team": "a", "weight": 1, "share": 1}]}, "a weight or a share, not both"),
        (
            "allocation_rule",
            SPLIT | {"attribution_method": "direct", "allocations": [{"team": "a"}, {"team": "b"}]},
            "to one bearer",
        ),
        (
            "allocation_rule",
            SPLIT
            | {"attribution_method": "fixed", "allocations": [{"team": "a", "share": "60%"}, {"team": "b", "share": "30%"}]},
            "must come to 100%",
        ),
        (
            "allocation_rule",
            SPLIT
            | {"total_cost": 10, "allocations": [{"team": "a", "allocated_cost": 4}, {"team": "b", "allocated_cost": "5.99"}]},
            "come to 9.99, not to the total_cost of 10",
        ),
        ("ownership_rule", {"source": "tag", "map_to": "owner"}, "the source tag needs `tag_key`"),
        ("ownership_rule", {"source": "fixed", "map_to": "owner"}, "the source fixed needs `owner`"),
        (
            "ownership_rule",
            {"source": "kubernetes_namespace", "map_to": "team", "namespace_pattern": "team", "extract_team": True},
            "a namespace_pattern with a `*`",
        ),
        ("approval_workflow", {}, "give `stages` or `asks`"),
        ("approval_workflow", {"stages": [{"stage": "a", "approvers": ["b"]}] * 2}, "two stages have the same name"),
        ("approval_workflow", {"asks": [{"via": "slack"}], "above": 5}, "`above` needs a `currency`"),
        ("automation_rule", {"condition": WHEN, "action": "shutdown", "approvers": ["a"]}, "only with `require_approval: true`"),
        ("automation_rule", {"condition": WHEN, "action": "shutdown", "zone": "UTC"}, "`zone` is the zone of a `schedule`"),
        ("scenario", {"horizon": "6m", "changes": [{"change": "+5%"}]}, "give service, filters or condition"),
        (
            "scenario",
            {
                "horizon": "6m",
                "changes": [{"change": "+5%", "service": "a", "start_date": "2025-02-01", "end_date": "2025-01-01"}],
            },
            "`end_date` is before `start_date`",
        ),
        (
            "dashboard",
            {"layout": "3x3_grid", "widgets": [WIDGET | {"position": [2, 0], "size": [2, 1]}]},
            "widget 1 (cost_trend)",
        ),
        ("dashboard", {"layout": "3x2_grid", "widgets": [WIDGET | {"position": [0, 2]}]}, "outside of the grid 3x2_grid"),
        (
            "dashboard",
            {"widgets": [WIDGET | {"position": [0, 0], "size": [2, 2]}, WIDGET, WIDGET | {"position": [1, 1]}]},
            "widgets 1 and 3 stand on the same cells",
        ),
        ("report", {"format": "pdf"}, "give one of them"),
        ("report", {"format": "pdf", "template": "a", "dashboard": "b"}, "give one of them"),
        ("report", {"format": "pdf", "template": "a", "zone": "UTC"}, "`zone` is the zone of a `schedule`"),
        ("saas_subscription", {"service": "github", "price": 21}, "a price needs a `currency`"),
        ("saas_subscription", {"service": "github", "notice_period": "60d"}, "counts back from the `renewal_date`"),
        (
            "saas_subscription",
            {"service": "a", "start_date": "2025-02-01", "renewal_date": "2025-02-01"},
            "not after `start_date`",
        ),
        ("saas_subscription", {"service": "a", "currency": "USD", "tiers": [{"name": "a", "price": 1}] * 2}, "two tiers"),
        ("compliance_framework", {}, "give `controls` or `requirements`"),
        ("compliance_framework", {"controls": [{"id": "1", "checks": ["a"]}] * 2}, "two controls have the same id"),
        ("unit_metric", {"unit": "request", "units": {"source": "samples"}}, "needs a `measure`"),
        ("unit_metric", {"unit": "request", "units": {"source": "connection", "measure": "a"}}, "go together"),
        ("unit_metric", {"unit": "request", "units": {"source": "charges"}, "target": 1}, "a `target` needs a `currency`"),
        ("business_mapping", {"entity_type": "product"}, "an entity says what belongs to it"),
        (
            "business_mapping",
            {"entity_type": "product", "services": "a", "revenue_per_request": 1},
            "`revenue_attribution: true`",
        ),
        ("forecast", {"horizon": "6m", "confidence_interval": 1}, "it must be below 1"),
    ],
)
def test_what_does_not_agree_is_refused(kind: str, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError) as caught:
        plain(kind, **fields)
    (fault,) = caught.value.faults
    assert told in fault.message


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("budget", BUDGET | {"period": "rolling", "window": "30d"}),
        ("budget", BUDGET | {"period": "custom", "start": "2025-01-01", "end": "2025-01-01"}),
        ("budget", BUDGET | {"steps": [{"start": "2025-02-01", "amount": 1}, {"start": "2025-03-01", "amount": 2}]}),
        ("policy", {"condition": WHEN, "action": {"type": "require_approval", "workflow": "w"}}),
        (
            "policy",
            {"condition": WHEN, "action": "alert", "exemptions": [{"condition": WHEN, "reason": "old", "until": "2026-01-01"}]},
        ),
        (
            "allocation_rule",
            SPLIT
            | {"attribution_method": "fixed", "allocations": [{"team": "a", "share": "66.6%"}, {"team": "b", "share": 0.334}]},
        ),
        ("allocation_rule", SPLIT | {"total_cost": 10, "allocations": [{"team": "a", "allocated_cost": 4}, {"team": "b"}]}),
        ("allocation_rule", SPLIT | {"group_by": "tags.team"}),
        (
            "dashboard",
            {"layout": "3x3_grid", "widgets": [WIDGET | {"position": [2, 0], "size": [1, 3]}, WIDGET | {"position": [0, 0]}]},
        ),
        ("unit_metric", {"unit": "GB", "units": {"source": "charges"}, "target": "0.02", "currency": "EUR"}),
    ],
)
def test_what_agrees_is_read(kind: str, fields: dict[str, Any]) -> None:
    kept = plain(kind, **fields)
    assert KINDS[kind].read(kept).plain() == kept


def test_short_forms_are_kept_long() -> None:
    assert plain("policy", condition=WHEN, action="prevent", notification="slack") == {
        "name": "x",
        "condition": WHEN,
        "action": {"type": "prevent"},
        "notification": ["slack"],
    }
    assert plain("budget", **BUDGET, alerts={"threshold": "80%", "channels": "slack"})["alerts"] == [
        {"threshold": "0.8", "channels": ["slack"]}
    ]
    stages = [{"stage": "a", "approvers": "cto"}]
    late = [{"sla_breach_24h": "notify_manager"}, {"after": "2d", "action": "auto_reject"}]
    assert plain("approval_workflow", stages=stages, escalation=late)["escalation"] == [
        {"after": "24h", "action": "notify_manager"},
        {"after": "2d", "action": "auto_reject"},
    ]
    item = {"resource_type": "s3_bucket", "infer_from": "bucket_name", "tags": {"team": "auto_detect", "env": "prod"}}
    assert plain("tag_rule", rules=[item])["rules"] == [
        {"resource_type": "s3_bucket", "tags": {"env": "prod"}, "inference_rules": [{"tag": "team", "infer_from": "bucket_name"}]}
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"password": "hunter2"},
        {"api_key": "x"},
        {"client_secret": "x"},
        {"auth": {"token": "x"}},
        {"hosts": [{"private-key": "x"}]},
        {"url": "https://me:hunter2@example.com/"},
        {"note": "xoxb-123-456"},
        {"id": "AKIAABCDEFGHIJKLMNOP"},
        {"pem": "-----BEGIN RSA PRIVATE KEY-----"},
        {"Authorization": "Bearer x"},
    ],
)
def test_a_secret_does_not_stand_among_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as caught:
        plain("connection", integration="slack", settings=settings)
    (fault,) = caught.value.faults
    assert fault.path == ("settings",)
    assert "put it under `secrets` as env:NAME, file:PATH or keyring:NAME" in fault.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("secret", ["hunter2", "env:", "env:a b", "vault:x", "", "ENV:X", "file:", "env:A\nB"])
def test_a_secret_is_a_reference(secret: str) -> None:
    with pytest.raises(SpecError) as caught:
        plain("connection", integration="slack", secrets={"token": secret})
    assert caught.value.faults[0].path == ("secrets", "token")
    assert "hunter2" not in str(caught.value) + str(caught.value.__cause__)


def test_settings_that_only_sound_secret_are_fine() -> None:
    settings = {"token_url": "https://example.com/token", "use_token": True, "max_tokens": 5, "secret_name": "a", "author": "me"}
    assert (
        plain("connection", integration="slack", settings=settings, secrets={"token": "env:SLACK_TOKEN"})["settings"] == settings
    )
