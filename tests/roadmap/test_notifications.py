"""The roadmap's samples of 2.1 and 2.4, as they are written there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.core.findings import Finding
from finopsmetrics.kinds.notification_rule import NotificationRule
from finopsmetrics.notifications import ContextualAlert
from finopsmetrics.notifications.rules import of_rule
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.store.specs import SpecBook
from tests.cli.console import inside

RULES = """
notification_rules:
  - persona: cfo
    channels: [email, slack]
    frequency: daily_digest
    alerts:
      - budget_exceeded
      - forecast_variance
      - anomaly_detection
    format: executive_summary

  - persona: engineer
    channels: [slack, pagerduty]
    frequency: real_time
    alerts:
      - resource_idle
      - cost_spike
      - optimization_opportunity
    format: technical_details
"""
ALERT = """
alert = ContextualAlert(
    alert_type="cost_anomaly",
    severity="high",
    context={
        "service": "ml-training",
        "cost_increase": "320%",
        "likely_cause": "New A100 GPU cluster launched",
        "business_context": "Q1 model training sprint",
    },
    recommendations=[
        "Consider using Spot instances for non-critical training",
        "Schedule training jobs during off-peak hours for 30% savings",
    ],
    persona_specific_message={
        "cfo": "ML training costs spiked $12K due to Q1 sprint. Expected. Within budget.",
        "engineer": "GPU cluster ml-train-prod consuming $400/hour. Consider spot instances.",
    }
)
"""


def test_the_rules_are_declared_and_become_routes(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    done = inside("apply", tmp_path / "rules.yaml", "--yes", home=tmp_path / "home")
    assert done.code == 0, done.err
    with Workspace(tmp_path / "home") as workspace:
        kept, _ = SpecBook(workspace.opened.database, workspace.opened.now).page("notification_rule")
        rules = [NotificationRule.read(one.body) for one in kept]
    routes = {route.persona: route for route in map(of_rule, rules)}
    assert (routes["cfo"].channels, routes["cfo"].frequency, routes["cfo"].format) == (
        ("email", "slack"),
        "daily_digest",
        "executive_summary",
    )
    assert routes["engineer"].alerts == ("resource_idle", "cost_spike", "optimization_opportunity")
    spike = Finding("anomaly", "k", "t")
    assert routes["cfo"].hears(spike)
    assert routes["engineer"].hears(spike)


def test_the_alert_is_a_finding(tmp_path: Path) -> None:
    held: dict[str, Any] = {"ContextualAlert": ContextualAlert}
    exec(ALERT, held)  # the roadmap's own words
    finding = held["alert"].finding
    assert (finding.sort, finding.severity, finding.title) == ("anomaly", "high", "Cost anomaly: ml-training")
    with Workspace(tmp_path / "home") as workspace:
        [kept] = FindingBook(workspace.opened.database, workspace.opened.now).keep([finding])
    again = ContextualAlert.of(kept.finding)
    for name in ("alert_type", "severity", "context", "recommendations", "persona_specific_message"):
        assert getattr(again, name) == getattr(held["alert"], name)
    assert again.finding.id == finding.id


def test_a_sort_that_there_is_not_is_told() -> None:
    with pytest.raises(Exception, match="There is no alert 'cost_anomoly'"):
        ContextualAlert("cost_anomoly", "high", {}, [], {})
    with pytest.raises(Exception, match="There is no severity 'odd'"):
        ContextualAlert("cost_anomaly", "odd", {}, [], {})
