"""The changes of a scenario, each as what it does to charges: a share more or less, an amount, a price, a growth, an end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal, localcontext

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.messages import nearest
from finopsmetrics.core.money import PLACES
from finopsmetrics.forecasting.cells import Cell
from finopsmetrics.forecasting.regions import RegionPrices
from finopsmetrics.kinds.scenario import Scenario, ScenarioChange
from finopsmetrics.observability.commitments import ON_DEMAND, Commitments, covered_more, pricing_of
from finopsmetrics.observability.query import read_filters
from finopsmetrics.observability.service_names import named

WORDS = {"ri_conversion": "coverage", "region_move": "region", "growth": "rate", "removal": None}
"""Changes in a word, and the field that each needs."""
MONTH = Decimal("365.25") / 12


@dataclass(frozen=True)
class Known:
    """Prices that changes may ask for."""

    commitments: Commitments | None = None
    regions: RegionPrices | None = None


@dataclass(frozen=True)
class Change:
    """One change of a scenario, read. `share` is what charges are multiplied with, `amount` what is added a month."""

    spec: ScenarioChange
    share: Decimal | None = None
    amount: Decimal | None = None

    @property
    def label(self) -> str:
        """What it is called in a step."""
        about = (
            self.spec.service or self.spec.condition or ", ".join(f"{key}={value}" for key, value in self.spec.filters.items())
        )
        return f"{about}: {self.spec.change}"

    @property
    def priced(self) -> bool:
        """Whether it asks for prices."""
        return self.spec.change in {"ri_conversion", "region_move"}

    @property
    def start(self) -> datetime | None:
        """The first moment of the change, UTC without zone; None for always."""
        return _midnight(self.spec.start_date)

    @property
    def last(self) -> datetime | None:
        """The start of its last day; None for ever."""
        return _midnight(self.spec.end_date)

    def condition(self) -> Condition | None:
        """The condition on its charges, but for the service."""
        parts = [Condition.parse(text) for text in (read_filters(self.spec.filters or None), self.spec.condition) if text]
        return None if not parts else parts[0] if len(parts) == 1 else parts[0] & parts[1]

    def active(self, period: datetime) -> bool:
        """Whether a period begins within its dates."""
        return (self.start is None or period >= self.start) and (self.last is None or period <= self.last)

    def chosen(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells that it is about, whatever its dates. Raises UsageError when there is none, unless it adds an amount."""
        every = list(cells)
        names = sorted({cell.service for cell in every})
        called = None if self.spec.service is None else set(named(self.spec.service, names))
        condition = self.condition()
        found = [
            cell
            for cell in every
            if (called is None or cell.service in called) and (condition is None or condition.matches(cell.record))
        ]
        if not found and self.amount is None:
            hint = nearest(self.spec.service, names) if called is not None and not called and self.spec.service else ""
            raise UsageError(f"No charge is touched by the change {self.label}{hint}.", cure=_listed(names))
        return found

    def apply(self, cells: list[Cell], known: Known, first: datetime) -> str:
        """Change the costs of cells, and say how; growth begins at `first`. Raises UsageError for a price that is not known."""
        with localcontext(prec=60):
            if self.share is not None:
                return self._scale(cells, self.share, "")
            if self.spec.change == "removal":
                return self._scale(cells, Decimal(0), "no more charged")
            if self.spec.change == "growth":
                return self._grow(cells, self.start or first)
            if self.spec.change == "ri_conversion":
                return self._convert(cells, known)
            if self.spec.change == "region_move":
                return self._move(cells, known)
        return ""

    def _scale(self, cells: list[Cell], factor: Decimal, why: str) -> str:
        for cell in cells:
            cell.cost = rounded(cell.cost * factor)
        return why or f"{self.spec.change} of {_services(cells)}"

    def _grow(self, cells: list[Cell], first: datetime) -> str:
        assert self.spec.rate is not None
        for cell in cells:
            months = Decimal((cell.period - first).days) / MONTH
            cell.cost = rounded(cell.cost * (1 + self.spec.rate) ** max(months, Decimal(0)))
        return f"{self.spec.rate:.2%} a month, compounded, on {_services(cells)}"

    def _convert(self, cells: list[Cell], known: Known) -> str:
        assert known.commitments is not None
        assert self.spec.coverage is not None
        eligible = [cell for cell in cells if is_on_demand(cell)]
        if not eligible:
            raise UsageError(f"No charge of {self.label} is use on demand.", cure="Choose charges with PricingCategory Standard.")
        without = Decimal(0)
        for cell in eligible:
            less = known.commitments.discount(cell.service, cell.record["SkuId"], cell.record["RegionId"])
            if less is None:
                without += cell.cost
                continue
            now = known.commitments.coverage(cell.service)
            cell.cost = rounded(cell.cost - covered_more(cell.cost, now, self.spec.coverage, less))
        if without == sum(cell.cost for cell in eligible):
            cure = 'Give prices: [{"service": "AmazonEC2", "discount": "28%"}], from your contract or a price list.'
            raise UsageError(f"No charge shows what {self.label} costs under a commitment.", cure=cure)
        shares = {one: known.commitments.coverage(one) for one in sorted({cell.service for cell in eligible})}
        told = ", ".join(f"{one} is {share:.1%} covered" for one, share in shares.items())
        left = f"; {rounded(without):.2f} on demand has no such price and stays" if without else ""
        return f"{self.spec.coverage:.0%} of the use covered, all of it used ({told}){left}"

    def _move(self, cells: list[Cell], known: Known) -> str:
        assert known.regions is not None
        assert self.spec.region is not None
        moving = [cell for cell in cells if is_on_demand(cell) and cell.record["RegionId"] not in {None, self.spec.region}]
        factors = [known.regions.factor(cell.record, self.spec.region) for cell in moving]
        lost = {str(cell.record["SkuId"]) for cell, factor in zip(moving, factors, strict=True) if factor is None}
        if lost or not moving:
            cure = f'Give prices: [{{"sku": "…", "region": "{self.spec.region}", "discount": "-4%"}}], or move less.'
            what = f"no price in {self.spec.region} for {', '.join(sorted(lost)[:5])}" if lost else "no use on demand elsewhere"
            raise UsageError(f"The change {self.label} has {what}.", cure=cure)
        for cell, factor in zip(moving, factors, strict=True):
            assert factor is not None
            cell.cost = rounded(cell.cost * factor)
        return f"use on demand of {_services(moving)} at the prices of {self.spec.region}"


def is_on_demand(cell: Cell) -> bool:
    """Whether a cell is use on demand."""
    record = cell.record
    return pricing_of(record["PricingCategory"], record["CommitmentDiscountStatus"], record["ChargeCategory"]) == ON_DEMAND


def read_changes(scenario: Scenario) -> list[Change]:
    """The changes of a scenario. Raises UsageError for a word that is none, and for one that lacks what it needs."""
    out = []
    for spec in scenario.changes:
        text = spec.change
        if text[:1] in "+-":
            number = Decimal(text.rstrip("%"))
            if text.endswith("%") and number < -100:
                raise UsageError(f"A change of {text} leaves less than nothing.", cure="Write at least -100%.")
            out.append(Change(spec, 1 + number / 100) if text.endswith("%") else Change(spec, amount=number))
            continue
        if text not in WORDS:
            cure = f"Write +50%, -20%, +5000 (a month), or one of {', '.join(WORDS)}."
            raise UsageError(f"There is no change {text!r}{nearest(text, WORDS)}.", cure=cure)
        needed = WORDS[text]
        if needed is not None and getattr(spec, needed) is None:
            raise UsageError(f"The change {text} needs `{needed}`.", cure=f"Add `{needed}`: see docs/whatif.md.")
        out.append(Change(spec))
    return out


def undated(change: Change) -> Change:
    """The same change, at all times."""
    return replace(change, spec=change.spec.model_copy(update={"start_date": None, "end_date": None}))


def rounded(amount: Decimal) -> Decimal:
    """An amount at the places that a stored amount has."""
    with localcontext(prec=100):
        return amount.quantize(Decimal(1).scaleb(-PLACES))


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def _services(cells: list[Cell]) -> str:
    names = sorted({cell.service for cell in cells})
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _listed(names: list[str]) -> str:
    return f"There are charges of {', '.join(names[:8])}{' …' if len(names) > 8 else ''}." if names else "There are no charges."
