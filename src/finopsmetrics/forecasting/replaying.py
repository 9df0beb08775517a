"""A scenario replayed: the charges of a window priced again, change by change, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.exact import minus, plus, total
from finopsmetrics.core.windows.months import DAY, months_after
from finopsmetrics.forecasting.cells import DIMENSIONS, PRICED, Cell, cells_of
from finopsmetrics.forecasting.changes import Change, Known, rounded
from finopsmetrics.forecasting.regions import region_prices
from finopsmetrics.forecasting.results import ReplayRow, ScenarioReplay
from finopsmetrics.observability.commitments import Price, commitments
from finopsmetrics.observability.cost_forecast import Step
from finopsmetrics.observability.query import CostQuery, Grain, naive

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory


def load(
    costs: CostObservatory, question: CostQuery, changes: Sequence[Change], prices: tuple[Price, ...], grain: Grain
) -> tuple[list[Cell], str | None, Known, tuple[str, ...]]:
    """The cells of a question's window, their currency, the prices that its changes ask for, and the receipts of all that."""
    assert question.start is not None
    assert question.end is not None
    conditions = [one for one in (change.condition() for change in changes) if one is not None]
    cells, currency, receipts = cells_of(costs, question, grain, conditions, priced=any(change.priced for change in changes))
    words = {change.spec.change for change in changes}
    known = Known(
        commitments(costs, question, question.start, question.end, prices) if "ri_conversion" in words else None,
        region_prices(costs, question, prices) if "region_move" in words else None,
    )
    more = [part.receipts for part in (known.commitments, known.regions) if part is not None]
    return cells, currency, known, tuple(dict.fromkeys((*receipts, *(one for part in more for one in part))))


def replay(
    costs: CostObservatory, name: str, question: CostQuery, changes: Sequence[Change], prices: tuple[Price, ...]
) -> ScenarioReplay:
    """Price the charges of a question's window again. Raises UsageError for a change that touches no charge."""
    start, end = question.start, question.end
    assert start is not None
    assert end is not None
    dated = any(moment is not None for change in changes for moment in (change.start, change.last))
    cells, currency, known, receipts = load(costs, question, changes, prices, "day" if dated else "month")
    before = _by_month(cells)
    baseline, now, steps = total(before.values()), total(before.values()), []
    for change in changes:
        chosen = [cell for cell in change.chosen(cells) if change.active(cell.period)]
        why = change.apply(chosen, known, start) if chosen else "none of the charges lies within its dates"
        if change.amount is not None:
            cells += added(change, start, end, chosen[0].service if chosen else change.spec.service)
            why = f"{change.spec.change} a month, whatever is charged"
        after = total(cell.cost for cell in cells)
        steps.append(Step(change.label, minus(after, now), why, count(costs, question, change, chosen)))
        now = after
    costs_after = _by_month(cells)
    rows = [ReplayRow(*span, before[span[0]], costs_after[span[0]]) for span in months(start, end)]
    return ScenarioReplay(name, start, end, currency, question.metric, baseline, now, steps, rows, receipts)


def added(change: Change, start: datetime, end: datetime, service: str | None) -> list[Cell]:
    """The amount that a change adds a month to a service, as a cell a month; by days where it covers a month in part."""
    assert change.amount is not None
    out = []
    for first, after in months(start, end):
        days = [first + DAY * place for place in range((after - first).days)]
        active = sum(1 for day in days if change.active(day))
        if active:
            cost = rounded(change.amount * active / days_of_month(first))
            record = {**dict.fromkeys((*DIMENSIONS, *PRICED)), "ServiceName": service, "ChargeCategory": "Purchase"}
            out.append(Cell(first, record, cost))
    return out


def count(costs: CostObservatory, question: CostQuery, change: Change, chosen: Sequence[Cell]) -> int:
    """How many charges a change touched."""
    if not chosen:
        return 0
    services = sorted({cell.service for cell in chosen if cell.record["ServiceName"] is not None})
    parts = [change.condition()] if change.condition() is not None else []
    if change.priced:
        parts.append(Condition.parse('ChargeCategory == "Usage" AND CommitmentDiscountStatus IS NULL'))
    if change.spec.service is not None and services:
        parts.append(Condition.from_dict({"ServiceName": services}))
    asked = replace(question, group_by=(), grain=None)
    if change.start is not None:
        asked = replace(asked, start=max(change.start, asked.start or change.start))
    if change.last is not None:
        asked = replace(asked, end=min(change.last + DAY, asked.end or change.last + DAY))
    for part in parts:
        asked = asked.narrowed(part)
    return costs.count(asked)


def months(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The months of a window, the first and the last as far as they lie within it."""
    out, at = [], start
    while at < end:
        after = naive(months_after(at.replace(tzinfo=UTC), 1))
        assert after is not None
        out.append((at, min(after, end)))
        at = after
    return out


def days_of_month(day: datetime) -> int:
    """How many days the month of a day has."""
    first = day.replace(day=1)
    after = naive(months_after(first.replace(tzinfo=UTC), 1))
    assert after is not None
    return (after - first).days


def _by_month(cells: Sequence[Cell]) -> dict[datetime, Decimal]:
    out: dict[datetime, Decimal] = defaultdict(Decimal)
    for cell in cells:
        month = cell.period.replace(day=1)
        out[month] = plus(out[month], cell.cost)
    return out
