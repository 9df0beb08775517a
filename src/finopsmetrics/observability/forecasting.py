"""Forecasts of costs: the history from the lake, the models of `ml`, amounts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING, Any

from finopsmetrics.core import checks
from finopsmetrics.core.errors import QueryError, UsageError
from finopsmetrics.core.exact import minus, total
from finopsmetrics.observability.assumptions import Variant, assumed, read_variables
from finopsmetrics.observability.commitments import prices_of
from finopsmetrics.observability.cost_forecast import CENT, CostForecast, ForecastQuality, ForecastRow, Handled, Step
from finopsmetrics.observability.forecast_history import KINDS, CostHistory, Group, complete_until, history
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.observability.spans import GRAINS, end_of, periods

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from finopsmetrics.ml.forecasts import Forecast
    from finopsmetrics.observability.cost_observatory import CostObservatory

LEAST_DAYS = 28
FARTHEST = 6
"""A forecast reaches at most so many times as far as its history."""
MOST_GROUPS = 2_000
HOW = {
    "recurring": "forecast from its days",
    "tax": "follows the recurring charges, at the rate of the last 91 days",
    "one-time": "left out: bought once",
    "credit": "left out: a credit ends, and nothing says when",
    "adjustment": "left out: corrects what was",
}


@dataclass(frozen=True)
class Looked:
    """Series looked ahead: each group's days (reconciled, with tax), the total's, and the forecasts behind them."""

    history: CostHistory
    start: datetime
    end: datetime
    by: tuple[str, ...]
    """What the groups are grouped by: what was asked for, else services, which are looked ahead better than their sum."""
    groups: list[Group]
    days: NDArray[np.float64]
    """groups x days"""
    taxed: NDArray[np.float64]
    """Per group, what the errors of its forecast are multiplied with: 1 and the rate of its tax."""
    made: list[Forecast]
    whole: Forecast
    whole_taxed: float


def look(
    costs: CostObservatory,
    question: CostQuery,
    horizon: str | datetime,
    now: datetime,
    model: str = "auto",
    past: str | None = None,
) -> Looked:
    """Look the costs of a question ahead from the last complete day, by its groups.

    `horizon`: 30d, 12m, or the end itself; `past`: how much history is learnt from, all unless given. Raises UsageError for too
    little history, several currencies, and without numpy.
    """
    from finopsmetrics.ml.packages import needs

    start = complete_until(costs, question.metric, now)
    end = horizon if isinstance(horizon, datetime) else end_of(start, horizon)
    by = question.group_by or ("ServiceName",)
    since = None if past is None else start - timedelta(days=_days(past))
    found = history(costs, replace(question, group_by=by, start=since), start)
    groups = sorted(found.kinds["recurring"], key=str)
    _check(found, groups, (end - start).days)
    with needs("numpy", "A forecast"):
        return _looked(found, by, groups, end, model)


def _check(found: CostHistory, groups: list[Group], ahead: int) -> None:
    least = max(LEAST_DAYS, -(-ahead // FARTHEST))
    known = found.days
    if not groups or known < least:
        cure = f"Look less far ahead, or wait: {ahead} days need {least} complete days of recurring charges."
        raise UsageError(f"There are {known if groups else 0} complete days of recurring charges to learn from.", cure=cure)
    if len(groups) > MOST_GROUPS:
        raise QueryError(f"{len(groups)} groups are too many to forecast.", cure=f"Group by less: at most {MOST_GROUPS}.")


def _looked(found: CostHistory, by: tuple[str, ...], groups: list[Group], end: datetime, model: str) -> Looked:
    import numpy as np

    from finopsmetrics.ml.forecasting import Forecaster
    from finopsmetrics.ml.hierarchy import doubt_of, reconciled

    table = np.zeros((len(groups), found.days))
    for row, group in enumerate(groups):
        for day, cost in found.kinds["recurring"][group].items():
            table[row, (day - found.start).days] += float(cost)
    dates = np.datetime64(found.start, "D") + np.arange(found.days)
    several = len(groups) > 1
    series = np.concatenate([table, table.sum(axis=0, keepdims=True)]) if several else table
    made = Forecaster(model).forecast_many(series, dates, (end - found.end).days)
    whole = made[-1]
    days = np.stack([one.expected for one in made[: len(groups)]])
    if several:
        doubts = np.array([doubt_of(one) for one in made[:-1]])
        days = reconciled(days, whole.expected, doubts, doubt_of(whole))
    rates = np.array([float(found.tax_rate(group)) for group in groups])
    only = [group for group in sorted(found.kinds["tax"], key=str) if group not in found.kinds["recurring"]]
    shares = np.array([float(found.tax_rate(group)) for group in only])
    every = days.sum(axis=0)
    taxed = np.concatenate([days * (1 + rates[:, None]), shares[:, None] * every[None, :]])
    whole_taxed = float(taxed.sum()) / float(every.sum()) if every.sum() > 0 else 1.0
    behind = [*made[: len(groups)], *(whole for _ in only)]
    return Looked(
        found, found.end, end, by, [*groups, *only], taxed, np.concatenate([1 + rates, shares]), behind, whole, whole_taxed
    )


def forecast(
    costs: CostObservatory,
    question: CostQuery,
    horizon: str,
    now: datetime,
    *,
    variables: Mapping[str, Any] | None = None,
    prices: Sequence[Mapping[str, Any]] | None = None,
    confidence: Any = 0.95,
    grain: str | None = None,
    model: str = "auto",
    past: str | None = None,
) -> CostForecast:
    """Forecast the costs of a question; see `CostObservatory.forecast`."""
    sure, wanted, given = read_confidence(confidence), read_variables(variables), prices_of(prices)
    told_by = grain or ("month" if str(horizon)[-1:] in {"m", "o", "y"} else "day")
    if told_by not in GRAINS:
        raise QueryError(f"A forecast has no grain {told_by!r}.", cure=f"Use one of {', '.join(GRAINS)}.")
    looked = look(costs, question, horizon, now, model, past)
    variants, receipts = assumed(costs, question, looked, wanted, given)
    return told(looked, question, told_by, sure, variants, receipts)


def told(
    looked: Looked,
    question: CostQuery,
    grain: str,
    confidence: float | None,
    variants: Sequence[Variant] = (),
    receipts: tuple[str, ...] = (),
) -> CostForecast:
    """What was looked ahead, as exact amounts by period: parts are rounded to cents, and every sum is a sum of parts."""
    import numpy as np

    found, days = looked.history, variants[-1].days if variants else looked.days
    spans = periods(looked.start, looked.end, grain)
    flags = [_within(looked, *span) for span in spans]
    parts, totals = [], []
    for span, inside in zip(spans, flags, strict=True):
        listed = _parts(looked, days, span, inside, confidence)
        expected = total(part.expected for part in listed)
        times = looked.whole_taxed * _moved(looked.days[:, inside].sum(), days[:, inside].sum())
        totals.append(ForecastRow(*span, (), expected, *bounds(looked.whole, inside, expected, confidence, times)))
        parts += listed
    expected = total(row.expected for row in totals)
    every = np.ones(looked.days.shape[1], dtype=bool)
    times = looked.whole_taxed * _moved(looked.days.sum(), days.sum())
    known = dict.fromkeys((*found.receipts, *receipts))
    return CostForecast(
        looked.start,
        looked.end,
        found.currency,
        question.metric,
        confidence,
        question.group_by,
        expected,
        *bounds(looked.whole, every, expected, confidence, times),
        parts if question.group_by else totals,
        totals,
        steps(looked, variants, flags),
        [Handled(kind, found.amount(kind), HOW[kind]) for kind in KINDS if found.amount(kind) or kind == "recurring"],
        quality(looked, confidence),
        tuple(known),
    )


def steps(looked: Looked, variants: Sequence[Variant], flags: Sequence[Any]) -> list[Step]:
    """What goes on as it is, and what each variant adds to it; together the last one's total, cent for cent."""
    why = f"from {looked.history.days} days of charges to {looked.history.end.date()}"
    before = _cents(looked.days, flags)
    out = [Step("goes on as it is", before, why)]
    for variant in variants:
        after = _cents(variant.days, flags)
        out.append(Step(variant.name, minus(after, before), variant.why, variant.rows))
        before = after
    return out


def _cents(days: NDArray[np.float64], flags: Sequence[Any]) -> Decimal:
    """The total as it is told: each group of each period rounded to cents."""
    return total(amount(float(row[inside].sum())) for inside in flags for row in days)


def _within(looked: Looked, start: datetime, end: datetime) -> NDArray[np.bool_]:
    import numpy as np

    place = np.arange(looked.days.shape[1])
    found: NDArray[np.bool_] = (place >= (start - looked.start).days) & (place < (end - looked.start).days)
    return found


def _parts(
    looked: Looked,
    days: NDArray[np.float64],
    span: tuple[datetime, datetime],
    inside: NDArray[np.bool_],
    confidence: float | None,
) -> list[ForecastRow]:
    """One period, group by group."""
    out = []
    for place, group in enumerate(looked.groups):
        expected = amount(float(days[place, inside].sum()))
        times = float(looked.taxed[place]) * _moved(looked.days[place, inside].sum(), days[place, inside].sum())
        out.append(ForecastRow(*span, group, expected, *bounds(looked.made[place], inside, expected, confidence, times)))
    return out


def _moved(before: Any, after: Any) -> float:
    """What assumptions multiply a cost with, and so its errors; 1 where there was none."""
    return float(after) / float(before) if before > 0 else 1.0


def quality(looked: Looked, confidence: float | None) -> ForecastQuality:
    """How good it is, by the backtest of the total."""
    whole = looked.whole
    tested = whole.basis == "backtest"
    covered = whole.coverage(confidence) if confidence is not None else None
    return ForecastQuality(
        whole.basis,
        round(whole.wape, 4) if tested and not isnan(whole.wape) else None,
        round(covered, 4) if covered is not None else None,
        len(whole.off) if tested else 0,
        whole.looked_ahead,
        looked.history.days,
        {group: one.models for group, one in zip(looked.groups, looked.made, strict=True)},
        tuple(group for group, one in zip(looked.groups, looked.made, strict=True) if one.guarded),
    )


def bounds(
    made: Forecast, flags: Any, expected: Decimal, confidence: float | None, times: float
) -> tuple[Decimal | None, Decimal | None]:
    """The bounds of the sum over the flagged days about what is expected of it; None where nothing is known of errors."""
    if confidence is None:
        return None, None
    low, high = made.total_bounds(confidence, flags)
    middle = made.total(flags)
    if isnan(low) or isnan(high):
        return None, None
    lower = expected - amount((middle - low) * times)
    floor = Decimal(0) if made.floor == 0 else None
    return (lower if floor is None else max(lower, min(floor, expected))), expected + amount((high - middle) * times)


def amount(number: float) -> Decimal:
    """A number as money, to the cent."""
    return Decimal(repr(float(number))).quantize(CENT)


def _days(past: str) -> int:
    try:
        return max(int(checks.days(past)), 1)
    except ValueError as error:
        raise UsageError(f"The history cannot be read: {error}.", cure="Write 90d, 12mo or 1y.") from error


def read_confidence(given: Any) -> float | None:
    """A confidence as a share between 0 and 1, or None. Raises UsageError."""
    if given is None:
        return None
    try:
        found = float(checks.share(given))
    except ValueError as error:
        raise UsageError(f"The confidence cannot be read: {error}.", cure="Write 0.95 or 95%.") from error
    if not 0 < found < 1:
        raise UsageError(f"A confidence of {given} is not between 0 and 1.", cure="Write 0.95 or 95%.")
    return found
