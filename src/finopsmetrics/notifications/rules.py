"""Routes: rules, and the alerts of budgets and anomaly detectors, in one form: which findings go by which channels to whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from finopsmetrics.core.checks import minutes
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.findings import Finding, Severity
from finopsmetrics.core.parts import Alert, Frequency
from finopsmetrics.kinds.anomaly_detector import AnomalyDetector
from finopsmetrics.kinds.budget import Budget
from finopsmetrics.kinds.notification_rule import NotificationRule
from finopsmetrics.notifications.preferences import FREQUENCIES, grade
from finopsmetrics.notifications.words import FORESEEN, REACHED, meant, within

CRONS: dict[str, str] = {
    "hourly_digest": "0 * * * *",
    "daily_digest": "0 0 * * *",
    "weekly_digest": "0 0 * * 1",
    "monthly_digest": "0 0 1 * *",
}
"""When the span of each digest ends."""
AGAIN = Decimal("0.2")


@dataclass(frozen=True)
class Level:
    """A level of an escalation."""

    after: timedelta
    channels: tuple[str, ...]
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """One way of findings to people. `name` is `rule/NAME`, `budget/NAME/n` or `detector/NAME/n`.

    It hears of the findings that `alerts` mean, or, with `about`, of those of one declared thing: the `body` of a finding holds
    one of these values under each key. `priority` raises the severity of what it tells.
    """

    name: str
    channels: tuple[str, ...]
    recipients: tuple[str, ...] = ()
    persona: str | None = None
    frequency: Frequency = "real_time"
    schedule: str | None = None
    zone: str = "UTC"
    alerts: tuple[str, ...] = ()
    about: tuple[tuple[str, frozenset[str]], ...] = ()
    min_severity: str = "low"
    condition: Condition | None = None
    format: str | None = None
    again: Decimal = AGAIN
    escalate: tuple[Level, ...] = ()
    priority: Severity = "low"

    def hears(self, finding: Finding) -> bool:
        """Whether a finding goes this way."""
        if self.about:
            return all(_text(key, finding.body.get(key)) in values for key, values in self.about)
        grave = grade(self.severity(finding)) >= grade(self.min_severity)
        return grave and meant(self.alerts, finding) and within(finding.where, self.condition)

    def severity(self, finding: Finding) -> Severity:
        """How grave a finding is to whom it tells of it."""
        return max(finding.severity, self.priority, key=grade)

    def cron(self, frequency: Frequency) -> str:
        """When its digests of a frequency go out."""
        return self.schedule if self.schedule is not None and frequency == self.frequency else CRONS[frequency]

    @property
    def rank(self) -> tuple[int, str]:
        """Of two ways to somebody by the same channel the one that tells sooner is taken."""
        return FREQUENCIES.index(self.frequency), self.name


def of_rule(rule: NotificationRule) -> Route:
    """The route of a rule."""
    return Route(
        name=f"rule/{rule.name}",
        channels=tuple(rule.channels),
        recipients=tuple(rule.recipients),
        persona=rule.persona,
        frequency=rule.frequency,
        schedule=rule.schedule,
        zone=rule.zone or "UTC",
        alerts=tuple(rule.alerts),
        min_severity=rule.min_severity,
        condition=Condition.parse(rule.condition) if rule.condition is not None else None,
        format=rule.format,
        again=rule.again,
        escalate=tuple(
            Level(timedelta(minutes=minutes(one.after)), tuple(one.channels), tuple(one.recipients)) for one in rule.escalate
        ),
    )


def of_budget(budget: Budget) -> list[Route]:
    """The routes of a budget's alerts: each for its threshold, to its recipients, else to the budget's owners."""
    found = []
    for place, alert in enumerate(budget.alerts):
        kinds = REACHED if alert.on == "actual" else FORESEEN
        share = _text("threshold", alert.threshold)
        about = (("kind", kinds), ("budget", frozenset({budget.name})), ("threshold", frozenset({share})))
        found += _of_alert(f"budget/{budget.name}/{place}", alert, about, budget.owners)
    return found


def of_detector(detector: AnomalyDetector) -> list[Route]:
    """The routes of an anomaly detector's alerts."""
    about = (("watch", frozenset({detector.name})),)
    name = f"detector/{detector.name}"
    return [one for place, alert in enumerate(detector.alerts) for one in _of_alert(f"{name}/{place}", alert, about, [])]


def _text(key: str, value: object) -> str:
    """A value of a body as it is compared: of a threshold the number counts, not how it is written."""
    text = str(value)
    if key != "threshold":
        return text
    try:
        return f"{Decimal(text).normalize():f}" if len(text) <= 40 else text
    except (InvalidOperation, ValueError):
        return text


def _of_alert(name: str, alert: Alert, about: tuple[tuple[str, frozenset[str]], ...], owners: Iterable[str]) -> list[Route]:
    """No route for an alert that names no channel."""
    if not alert.channels:
        return []
    told = tuple(alert.recipients) or tuple(owners)
    return [Route(name, tuple(alert.channels), told, about=about, format=alert.template, priority=alert.priority)]
