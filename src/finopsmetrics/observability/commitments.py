"""What use costs under a commitment, and how much of it is covered, as the account's own charges show; or as prices are given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core import checks
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.exact import minus, plus
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.observability.service_names import named

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory

NOTHING = Decimal(0)
ON_DEMAND, COMMITTED = "on demand", "committed"


@dataclass(frozen=True)
class Price:
    """A price that somebody gives: how much cheaper (a share; negative is dearer) something is than it is on demand.

    It is for what it names: a service, a SKU (SkuId), a region; for everything where it names none.
    """

    discount: Decimal
    service: str | None = None
    sku: str | None = None
    region: str | None = None

    def fits(self, service: Any, sku: Any, region: Any) -> bool:
        """Whether it is a price of this."""
        there = self.service is None or bool(named(self.service, [str(service)]))
        return there and self.sku in {None, sku} and self.region in {None, region}


def prices_of(given: Iterable[Mapping[str, Any]] | None) -> tuple[Price, ...]:
    """Prices as they are given: mappings with `discount`, and `service`, `sku`, `region`. Raises UsageError."""
    cure = 'Write [{"service": "AmazonEC2", "discount": "28%"}]; `sku` and `region` may narrow it.'
    out = []
    for one in given or ():
        if not isinstance(one, Mapping) or not set(one) <= {"service", "sku", "region", "discount"} or "discount" not in one:
            raise UsageError("A price cannot be read.", cure=cure)
        try:
            discount = checks.share(one["discount"])
        except ValueError as error:
            raise UsageError(f"The discount of a price cannot be read: {error}.", cure=cure) from error
        if not -10 <= discount <= 1:
            raise UsageError(f"A discount of {discount} is not within -10 and 1.", cure=cure)
        names = (None if one.get(name) is None else str(one[name]) for name in ("service", "sku", "region"))
        out.append(Price(discount, *names))
    return tuple(out)


@dataclass
class Use:
    """The use of a service or a SKU: on demand, and what commitments cover, as it would have cost on demand and as it did."""

    on_demand: Decimal = NOTHING
    covered: Decimal = NOTHING
    paid: Decimal = NOTHING

    @property
    def coverage(self) -> Decimal:
        """The share that commitments cover now, by what it would have cost on demand."""
        every = plus(self.on_demand, self.covered)
        return self.covered / every if every > 0 else NOTHING

    @property
    def discount(self) -> Decimal | None:
        """How much cheaper what is covered was; None where nothing is covered."""
        return 1 - self.paid / self.covered if self.covered > 0 else None


class Commitments:
    """What the charges of a question show of commitments, by service and by SKU."""

    def __init__(self, uses: dict[tuple[str, str | None], Use], prices: tuple[Price, ...], receipts: tuple[str, ...]) -> None:
        self._uses, self._prices, self.receipts = uses, prices, receipts

    def discount(self, service: str, sku: str | None = None, region: str | None = None) -> Decimal | None:
        """How much cheaper use is under a commitment: as given, else as the SKU's own charges show, else the service's."""
        given = [price.discount for price in self._prices if price.fits(service, sku, region)]
        if given:
            return given[0]
        for key in ((service, sku), (service, None)):
            found = self._uses.get(key)
            if found is not None and found.discount is not None:
                return found.discount
        return None

    def coverage(self, service: str) -> Decimal:
        """The share of a service's use that commitments cover now."""
        found = self._uses.get((service, None))
        return found.coverage if found is not None else NOTHING


def pricing_of(category: Any, status: Any, charge: Any) -> str | None:
    """Whether a charge is use on demand or under a commitment; None for any other, such as what was committed and not used."""
    if charge not in {None, "Usage"}:
        return None
    if status is not None or category == "Committed":
        return COMMITTED if status in {None, "Used"} else None
    return ON_DEMAND if category in {None, "Standard"} else None


def commitments(
    costs: CostObservatory, question: CostQuery, start: datetime, end: datetime, prices: tuple[Price, ...] = ()
) -> Commitments:
    """Read the commitments of a question's charges within a window: effective beside contracted (else list) costs."""
    dims = ("ServiceName", "SkuId", "ChargeCategory", "PricingCategory", "CommitmentDiscountStatus")
    plain = replace(question, group_by=dims, start=start, end=end, grain=None, top=None)
    answers = {metric: costs.ask(replace(plain, metric=metric)) for metric in ("effective", "contracted", "list")}
    amounts: dict[tuple[Any, ...], dict[str, Decimal]] = defaultdict(dict)
    for metric, answer in answers.items():
        for row in answer:
            amounts[tuple(row[name] for name in dims)][metric] = row["cost"] or NOTHING
    uses: dict[tuple[str, str | None], Use] = defaultdict(Use)
    for (service, sku, charge, category, status), known in amounts.items():
        paid = known.get("effective", NOTHING)
        full = known.get("contracted") or known.get("list") or NOTHING
        how = pricing_of(category, status, charge)
        for key in {(str(service), sku), (str(service), None)}:
            use = uses[key]
            if how == ON_DEMAND:
                use.on_demand = plus(use.on_demand, paid)
            elif how == COMMITTED and full > 0:
                use.covered, use.paid = plus(use.covered, full), plus(use.paid, paid)
    receipts = tuple(answer.receipt.id for answer in answers.values() if answer.receipt)
    return Commitments(dict(uses), prices, receipts)


def covered_more(use: Decimal, now: Decimal, wanted: Decimal, discount: Decimal) -> Decimal:
    """What use on demand costs less when coverage goes from `now` to `wanted` of all use; 0 where it is there already."""
    if wanted <= now or now >= 1:
        return NOTHING
    return minus(use * (wanted - now) / (1 - now) * discount, NOTHING)
