"""What a forecast is told to assume: growth of use, efficiency of compute, coverage by commitments; reckoned from rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core import checks
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.messages import nearest
from finopsmetrics.observability.commitments import ON_DEMAND, Commitments, Price, commitments, covered_more, pricing_of
from finopsmetrics.observability.forecast_history import Group, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.observability.forecasting import Looked
    from finopsmetrics.observability.query import CostQuery

    Days = NDArray[np.float64]

RECENT = 91
"""What charges are made of is read from so many days."""
MONTH = 365.25 / 12
VARIABLES = ("user_growth", "compute_efficiency", "reserved_instance_coverage")
_BOUNDS = {"user_growth": (-1, 10), "compute_efficiency": (-1, 1), "reserved_instance_coverage": (0, 1)}


@dataclass(frozen=True)
class Variant:
    """A forecast after one assumption: its days (groups x days), its name, why they changed, and how many charges say so."""

    name: str
    why: str
    days: Days
    rows: int | None = None


@dataclass
class _Segment:
    """Recurring charges of a group that every assumption treats alike."""

    service: str
    usage: bool
    compute: bool
    on_demand: bool
    cost: float = 0.0


def read_variables(given: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """Variables by name, in the order in which they apply. Raises UsageError for another, and for a value out of bounds."""
    out: dict[str, Decimal] = {}
    for name, value in (given or {}).items():
        if name not in VARIABLES:
            raise UsageError(f"There is no variable {name!r}{nearest(name, VARIABLES)}.", cure=f"Use {', '.join(VARIABLES)}.")
        low, high = _BOUNDS[name]
        try:
            found = checks.share(value)
        except ValueError as error:
            raise UsageError(f"{name} cannot be read: {error}.", cure="Write a share, such as 0.05 or 5%.") from error
        if not low <= found <= high:
            raise UsageError(f"{name} is {found}.", cure=f"Write a share within {low} and {high}.")
        out[name] = found
    return {name: out[name] for name in VARIABLES if name in out}


def assumed(
    costs: CostObservatory, question: CostQuery, looked: Looked, variables: Mapping[str, Decimal], prices: tuple[Price, ...]
) -> tuple[list[Variant], tuple[str, ...]]:
    """The forecast after each variable, one upon the other, and the receipts of what that was reckoned from."""
    if not variables:
        return [], ()
    segments, receipts = _segments(costs, question, looked)
    known: Commitments | None = None
    if "reserved_instance_coverage" in variables:
        if question.metric != "effective":
            cure = "Ask for metric='effective', which spreads commitments over what they cover."
            raise UsageError(f"Coverage by commitments does not show in the {question.metric} cost.", cure=cure)
        known = commitments(costs, question, *_recent(looked), prices)
        receipts += known.receipts
    work = _Assuming(looked, segments, known)
    return [work.after(name, float(value)) for name, value in variables.items()], receipts


class _Assuming:
    """Applies one variable after the other."""

    def __init__(self, looked: Looked, segments: dict[Group, list[_Segment]], known: Commitments | None) -> None:
        import numpy as np

        self.looked, self.segments, self.known = looked, segments, known
        self.months = (np.arange(looked.days.shape[1]) + 0.5) / MONTH
        # Per group and segment what its share of the days is multiplied with, a number a day.
        self.times = {group: [np.ones(len(self.months)) for _ in found] for group, found in segments.items()}

    def after(self, name: str, value: float) -> Variant:
        """The forecast with one more assumption."""
        why = {"user_growth": self._growth, "compute_efficiency": self._efficiency}.get(name, self._coverage)(value)
        return Variant(name, why, self._days())

    def _days(self) -> Days:
        import numpy as np

        out = []
        for place, group in enumerate(self.looked.groups):
            found = self.segments.get(group, [])
            every = sum(one.cost for one in found)
            factor: Any = 1.0
            if every > 0:
                factor = sum(one.cost * times for one, times in zip(found, self.times[group], strict=True)) / every
            out.append(self.looked.days[place] * factor)
        return np.stack(out)

    def _growth(self, value: float) -> str:
        told = self._apply(lambda one: one.usage, (1 + value) ** self.months)
        return f"{value:.2%} a month, compounded, on use: {told:.1%} of the recurring charges of the last {RECENT} days"

    def _efficiency(self, value: float) -> str:
        told = self._apply(lambda one: one.usage and one.compute, 1 - value)
        if not told:
            raise UsageError("No charge of the last days is use of compute.", cure="Leave compute_efficiency out.")
        return f"{value:.2%} less use of compute (ServiceCategory): {told:.1%} of the recurring charges of the last {RECENT} days"

    def _coverage(self, value: float) -> str:
        assert self.known is not None
        discounts = {}
        for found in self.segments.values():
            for one in found:
                discount = self.known.discount(one.service) if one.on_demand else None
                if discount is not None:
                    discounts[one.service] = (discount, self.known.coverage(one.service))
        if not discounts:
            cure = 'Give prices=[{"service": "AmazonEC2", "discount": "28%"}], from your contract or a price list.'
            raise UsageError("No charge shows what use costs under a commitment.", cure=cure)
        for service, (cheaper, now) in discounts.items():
            self._cover(service, covered_more(Decimal(1), now, Decimal(str(value)), cheaper))
        told = "; ".join(f"{name} {now:.1%} covered, {less:.1%} cheaper" for name, (less, now) in sorted(discounts.items()))
        return f"{value:.0%} of the use covered, all of it used ({told})"

    def _cover(self, service: str, less: Decimal) -> None:
        self._apply(lambda one: one.on_demand and one.service == service, 1 - float(less))

    def _apply(self, chosen: Any, factor: Any) -> float:
        """Multiply the chosen segments; gives their share of the recurring charges."""
        hit = every = 0.0
        for group, found in self.segments.items():
            for place, one in enumerate(found):
                every += one.cost
                if chosen(one):
                    hit += one.cost
                    self.times[group][place] = self.times[group][place] * factor
        return hit / every if every > 0 else 0.0


def _recent(looked: Looked) -> tuple[Any, Any]:
    return max(looked.history.start, looked.history.end - timedelta(days=RECENT)), looked.history.end


def _segments(costs: CostObservatory, question: CostQuery, looked: Looked) -> tuple[dict[Group, list[_Segment]], tuple[str, ...]]:
    """What each group's recurring charges of the last days are made of."""
    start, end = _recent(looked)
    more = ("ServiceName", "ServiceCategory", "ChargeCategory", "ChargeFrequency", "PricingCategory", "CommitmentDiscountStatus")
    dims = (*looked.by, *(name for name in more if name not in looked.by))
    answer = costs.ask(replace(question, group_by=dims, start=start, end=end, grain=None, top=None))
    found: dict[Group, dict[tuple[Any, ...], _Segment]] = defaultdict(dict)
    for row in answer:
        if not row["cost"] or kind_of(row["ChargeCategory"], row["ChargeFrequency"]) != "recurring":
            continue
        usage = row["ChargeCategory"] in {None, "Usage"}
        how = pricing_of(row["PricingCategory"], row["CommitmentDiscountStatus"], row["ChargeCategory"])
        key = (str(row["ServiceName"]), usage, row["ServiceCategory"] == "Compute", how == ON_DEMAND)
        group = tuple(row[name] for name in looked.by)
        found[group].setdefault(key, _Segment(*key)).cost += float(row["cost"])
    receipts = (answer.receipt.id,) if answer.receipt else ()
    return {group: list(parts.values()) for group, parts in found.items()}, receipts
