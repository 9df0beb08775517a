"""What a running period will come to: what was charged so far, exactly, and the forecast of the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from finopsmetrics.core.exact import plus, total
from finopsmetrics.observability.cost_forecast import ForecastQuality
from finopsmetrics.observability.forecast_history import CostHistory, complete_until, history
from finopsmetrics.observability.forecasting import amount, bounds, look, quality
from finopsmetrics.observability.query import CostQuery, naive

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory


@dataclass(frozen=True)
class Projection:
    """A period's total in one currency: `actual_to_date` is exact, `rest` is forecast; `expected` is both.

    `actual_to_date` holds the complete days of the period, and what is known of it beyond them but cannot be forecast: purchases
    made once, credits, adjustments. `complete_until` is the end of the last complete day (UTC); `coverage` the share of the
    period's days before it. Once it is all complete, `rest` is 0, the bounds are the actual total, and `quality` is None.
    Bounds are None where no error of the past is known.
    """

    expected: Decimal
    lower: Decimal | None
    upper: Decimal | None
    actual_to_date: Decimal
    rest: Decimal
    currency: str | None
    complete_until: datetime
    coverage: float
    confidence: float
    quality: ForecastQuality | None
    receipts: tuple[str, ...]


def projected(
    costs: CostObservatory,
    question: CostQuery,
    period_start: datetime,
    period_end: datetime,
    now: datetime,
    *,
    confidence: float = 0.95,
) -> Projection:
    """What the charges of a question come to in [`period_start`, `period_end`), as known at `now`.

    Of the question its metric and filter count; its window, groups and grain do not. Days that are not complete are forecast, but
    no lower than what is charged of them already. Raises UsageError for too little history and for several currencies.
    """
    start, end = naive(period_start), naive(period_end)
    assert start is not None
    assert end is not None
    plain = replace(question, group_by=(), grain=None, top=None, start=None, end=None, previous_start=None, previous_end=None)
    until = complete_until(costs, question.metric, now)
    known = history(costs, plain, max(end, until))
    actual = _actual(known, start, end, until)
    share = min(max((until - start) / (end - start), 0.0), 1.0)
    if until >= end:
        nothing = Decimal(0)
        return Projection(actual, actual, actual, actual, nothing, known.currency, until, share, confidence, None, known.receipts)
    looked = look(costs, plain, end, now)
    import numpy as np

    chosen = np.arange(looked.days.shape[1]) >= (start - looked.start).days
    rest = amount(float(looked.days[:, chosen].sum()))
    low, high = bounds(looked.whole, chosen, rest, confidence, looked.whole_taxed)
    least = _charged(known, max(start, until), end)
    rest = max(rest, least)
    return Projection(
        plus(actual, rest),
        None if low is None else plus(actual, max(low, least)),
        None if high is None else plus(actual, max(high, least)),
        actual,
        rest,
        known.currency,
        until,
        share,
        confidence,
        quality(looked, confidence),
        known.receipts,
    )


def _actual(known: CostHistory, start: datetime, end: datetime, until: datetime) -> Decimal:
    complete = total(known.amount(kind, start, min(until, end)) for kind in ("recurring", "tax"))
    return plus(complete, total(known.amount(kind, start, end) for kind in ("one-time", "credit", "adjustment")))


def _charged(known: CostHistory, start: datetime, end: datetime) -> Decimal:
    """What is charged already of days that are not complete."""
    return total(known.amount(kind, start, end) for kind in ("recurring", "tax"))
