"""How widgets write figures: amounts with their currency, shares, changes and what they are compared to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from finopsmetrics.focus.columns import SHORT_NAMES, dimension, is_dimension

if TYPE_CHECKING:
    from finopsmetrics.core.windows import Window
    from finopsmetrics.dashboard.asking import Asking

CENT = Decimal("0.01")
NO_VALUE, NO_TAG = "(none)", "(untagged)"
_LABELS = {
    "ServiceName": "Service",
    "ServiceCategory": "Category",
    "SubAccountId": "Account",
    "SubAccountName": "Account",
    "RegionId": "Region",
    "RegionName": "Region",
    "ServiceProviderName": "Provider",
    "ResourceId": "Resource",
    "ResourceName": "Resource",
    "InvoiceIssuerName": "Issuer",
    "x_fm_source": "Source",
}


def money(amount: Decimal, currency: str) -> str:
    """`1,234.50 USD`: at cents, or at two digits that count where it is less than one cent."""
    if amount and abs(amount) < CENT:
        small = amount.quantize(Decimal(1).scaleb(amount.adjusted() - 1))
        return f"{small:f}".rstrip("0") + f" {currency}"
    return f"{amount:,.2f} {currency}"


def price(amount: Decimal) -> str:
    """`0.02641`: what one unit came to, at four digits that count and no less than cents; at most ten decimals."""
    digits = min(10, max(2, 3 - amount.adjusted())) if amount else 2
    return f"{amount.quantize(Decimal(1).scaleb(-digits)):,f}"


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """A part as a share of a whole, at 6 places; None where the whole is not above zero."""
    if whole <= 0:
        return None
    with localcontext(prec=120):
        return (part / whole).quantize(Decimal("0.000001"))


def percent(share: Decimal | None) -> str:
    """`12.3 %` of a share such as 0.123."""
    return "no share" if share is None else f"{share * 100:,.1f} %"


def moved(now: Decimal, before: Decimal, when: str) -> str:
    """`up 12.3 % on 2026-04-01 … 2026-04-30`: a change, and what it is compared to."""
    if now == before:
        return f"unchanged from {when}"
    share = ratio(now - before, before)
    if share is None:
        return f"there was nothing to compare with in {when}" if before == 0 else f"it was {before:,.2f} in {when}"
    return f"{'up' if now > before else 'down'} {percent(abs(share))} on {when}"


def late(asking: Asking, before: Window) -> str | None:
    """Why a window before is nothing to compare with: the charges that are held begin only within it; None when it is."""
    begins = asking.begins()
    if begins is None or before.start is None or before.start >= begins:
        return None
    return f"not compared with {before.label()}: charges are held from {day(begins)} on"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 budget`, `3 budgets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def besides(others: Sequence[str]) -> str:
    """What a sentence adds where there are charges in other currencies: they are never summed with these."""
    return f"; charges in {', '.join(others)} are not in these figures" if others else ""


def day(moment: datetime) -> str:
    """A time as an ISO date, or with its time where it is not midnight; UTC."""
    return f"{moment:%Y-%m-%d}" if moment.time() == time.min else moment.replace(tzinfo=None).isoformat() + "Z"


def label(name: str) -> str:
    """What people call a dimension."""
    if name.lower().startswith("tags.") or not is_dimension(name):
        return name[5:].strip('"') if name.lower().startswith("tags.") else name
    column = dimension(SHORT_NAMES.get(name, name)).column
    return _LABELS.get(column, column)


def value(name: str, found: Any) -> str:
    """A group's value as text; what it is called where it has none."""
    if found is None:
        return NO_TAG if name.lower().startswith("tags.") else NO_VALUE
    return day(found) if isinstance(found, datetime) else f"{found:f}" if isinstance(found, Decimal) else str(found)
