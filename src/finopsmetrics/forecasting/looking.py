"""A scenario's changes on a forecast: what each does to the charges of the last months, carried over to the days ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.windows.months import DAY
from finopsmetrics.forecasting.cells import Cell
from finopsmetrics.forecasting.changes import Change, undated
from finopsmetrics.forecasting.replaying import count, days_of_month, load
from finopsmetrics.observability.assumptions import MONTH, RECENT, Variant
from finopsmetrics.observability.commitments import Price
from finopsmetrics.observability.forecast_history import kind_of
from finopsmetrics.observability.forecasting import Looked
from finopsmetrics.observability.query import CostQuery

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from finopsmetrics.observability.cost_observatory import CostObservatory

    Days = NDArray[np.float64]


def changed(
    costs: CostObservatory,
    question: CostQuery,
    looked: Looked,
    days: Days,
    changes: Sequence[Change],
    prices: tuple[Price, ...],
) -> tuple[list[Variant], tuple[str, ...]]:
    """The forecast (services x days) after each change, one upon the other, and the receipts.

    A change is replayed on the charges of the last RECENT days, which are what runs now; each service's days are multiplied with
    what that came to. Raises UsageError for a change that touches no charge.
    """
    end = looked.history.end
    recent = replace(question, start=max(looked.history.start, end - timedelta(days=RECENT)), end=end)
    cells, _, known, receipts = load(costs, recent, changes, prices, "month")
    cells = [cell for cell in cells if _goes_on(cell)]
    variants = []
    for change in changes:
        always = undated(change)
        before = _by_service(cells)
        chosen = always.chosen(cells)
        if change.amount is not None:
            days, why = _added(days, looked, change, chosen), f"{change.spec.change} a month, whatever is charged"
        elif change.spec.change == "growth":
            days, why = _grown(days, looked, change, before, _by_service(chosen))
        else:
            why = always.apply(chosen, known, looked.start)
            days = _scaled(days, looked, change, before, _by_service(cells))
        variants.append(Variant(change.label, why, days, count(costs, recent, always, chosen)))
    return variants, receipts


def _goes_on(cell: Cell) -> bool:
    """Whether a charge is of a kind that is looked ahead."""
    return kind_of(cell.record["ChargeCategory"], cell.record["ChargeFrequency"]) in {"recurring", "tax"}


def _active(looked: Looked, change: Change, count: int) -> Days:
    import numpy as np

    return np.array([float(change.active(looked.start + DAY * place)) for place in range(count)])


def _scaled(days: Days, looked: Looked, change: Change, before: dict[Any, Decimal], after: dict[Any, Decimal]) -> Days:
    active = _active(looked, change, days.shape[1])
    out = days.copy()
    for place, (service,) in enumerate(looked.groups):
        paid = before.get(service, Decimal(0))
        if paid > 0:
            out[place] *= 1 + (float(after[service] / paid) - 1) * active
    return out


def _grown(
    days: Days, looked: Looked, change: Change, before: dict[Any, Decimal], chosen: dict[Any, Decimal]
) -> tuple[Days, str]:
    import numpy as np

    assert change.spec.rate is not None
    begun = 0 if change.start is None else (change.start - looked.start).days
    months = np.maximum(np.arange(days.shape[1]) - max(begun, 0) + 0.5, 0) / MONTH
    growth = ((1 + float(change.spec.rate)) ** months - 1) * _active(looked, change, days.shape[1])
    out = days.copy()
    for place, (service,) in enumerate(looked.groups):
        if chosen.get(service) and before[service] > 0:
            out[place] *= 1 + float(chosen[service] / before[service]) * growth
    return out, f"{change.spec.rate:.2%} a month, compounded"


def _added(days: Days, looked: Looked, change: Change, chosen: Sequence[Cell]) -> Days:
    import numpy as np

    assert change.amount is not None
    daily = [1 / days_of_month(looked.start + DAY * place) for place in range(days.shape[1])]
    out = days.copy()
    services = {cell.record["ServiceName"] for cell in chosen}
    place = next((place for place, (service,) in enumerate(looked.groups) if service in services), 0)
    out[place] += float(change.amount) * np.array(daily) * _active(looked, change, days.shape[1])
    return out


def _by_service(cells: Sequence[Cell]) -> dict[Any, Decimal]:
    out: dict[Any, Decimal] = defaultdict(Decimal)
    for cell in cells:
        out[cell.record["ServiceName"]] += cell.cost
    return out
