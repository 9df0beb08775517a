"""Findings of budgets: a threshold that was reached, by what was spent or by what the period is forecast to come to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.exact import minus
from finopsmetrics.core.findings import SEVERITIES, Finding, Severity
from finopsmetrics.observability.anomalies.words import money
from finopsmetrics.observability.budget_status import BudgetStatus, budget_question
from finopsmetrics.observability.query import naive

SOURCE = "budgets"
KINDS = {"actual": "budget_threshold", "forecast": "budget_forecast"}


def key_of(budget: str, period: str, on: str, threshold: Decimal) -> str:
    """The key of the finding of a threshold: one a budget, period, side and threshold."""
    return f"budget/{budget}/{period}/{on}/{threshold.normalize():f}"


def findings_of(status: BudgetStatus, team: Condition | None) -> Iterator[Finding]:
    """A finding for each threshold that is reached now, those on what was spent first."""
    for on, thresholds in (("actual", status.reached), ("forecast", status.foreseen)):
        for threshold in thresholds:
            yield _finding(status, team, on, threshold)


def _finding(status: BudgetStatus, team: Condition | None, on: str, threshold: Decimal) -> Finding:
    budget, period = status.budget, status.period
    amount = status.current if on == "actual" or status.projection is None else status.projection.expected
    over = max(minus(amount, status.allowed), Decimal(0))
    receipts: tuple[str, ...] = (status.receipt,) if status.receipt else ()
    told: dict[str, Any] = {
        "kind": KINDS[on],
        "budget": budget.name,
        "period": period.label,
        "on": on,
        "threshold": f"{threshold.normalize():f}",
        "spent": f"{status.current:f}",
        "allowed": f"{status.allowed:f}",
        "over": f"{over:f}",
        "owners": list(budget.owners),
    }
    if on == "forecast" and status.projection is not None:
        receipts = status.projection.receipts or receipts
        bounds = {"lower": status.projection.lower, "upper": status.projection.upper}
        told |= {"projected": f"{amount:f}", **{name: f"{one:f}" if one is not None else None for name, one in bounds.items()}}
    return Finding(
        sort="violation",
        key=key_of(budget.name, period.label, on, threshold),
        title=_title(status, on, amount),
        severity=_severity(status, on, threshold),
        where=budget_question(budget, period.start, period.end, team).where,
        start=naive(period.start),
        end=naive(period.end),
        impact=over or None,
        currency=status.currency,
        body=told,
        receipts=tuple(receipts),
        source=SOURCE,
    )


def _title(status: BudgetStatus, on: str, amount: Decimal) -> str:
    share = status.share_of(amount)
    part = f"{share:.1%} of " if share is not None else ""
    currency = status.currency or ""
    says = "spent" if on == "actual" else "is forecast to come to"
    told = f"{money(amount, currency)} {says}" if on == "actual" else f"{says} {money(amount, currency)}"
    return f"{status.budget.name[:120]}: {told}, {part}{money(status.allowed, currency)}, in {status.period.label}"


def _severity(status: BudgetStatus, on: str, threshold: Decimal) -> Severity:
    """The gravest priority of the threshold's alerts; at least high when the whole budget is spent."""
    own = [alert.priority for alert in status.budget.alerts if (alert.on, alert.threshold) == (on, threshold)]
    least: Severity = "high" if on == "actual" and threshold >= 1 else "low"
    return max([*own, least], key=SEVERITIES.index)
