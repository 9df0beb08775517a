"""CostEntry: one charge that is added by hand, checked so that the lake will take what the state keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from finopsmetrics.core.errors import MoneyError, UsageError
from finopsmetrics.focus.columns import Column, charges
from finopsmetrics.focus.sqltext import NULL_WORDS

YEARS = (datetime(1990, 1, 1), datetime(2200, 1, 1))
LARGEST = Decimal("1e15")


@dataclass(frozen=True)
class CostEntry:
    """One charge, added by hand or by an agent: the roadmap's name for a FOCUS row.

    `cost` is exact (Decimal, int or decimal text; a float is refused); `timestamp` is when the charge began, UTC without a zone.
    `focus` sets any other FOCUS column by its name. Entries with the same `id` are one entry.
    """

    id: str
    timestamp: datetime
    cost: Decimal | int | str
    service: str
    currency: str = "USD"
    provider: str = "manual"
    account: str | None = None
    region: str | None = None
    resource_id: str | None = None
    category: str = "Usage"
    effective_cost: Decimal | int | str | None = None
    duration: timedelta = timedelta(hours=1)
    tags: dict[str, str] = field(default_factory=dict)
    focus: dict[str, str] = field(default_factory=dict)

    def as_charge(self) -> dict[str, str]:
        """The entry as FOCUS 1.4 columns, all text. Raises MoneyError or UsageError for what the lake would not take."""
        if not self.id.strip() or len(self.id) > 200:
            raise UsageError(
                "A cost entry needs an id of at most 200 letters.", cure="Give one that stays the same when sent again."
            )
        start = _utc(self.timestamp)
        if not YEARS[0] <= start < YEARS[1] or not timedelta(0) <= self.duration <= timedelta(days=3660):
            cure = "Use a time from 1990 to 2200 and a duration of at most ten years."
            raise UsageError(f"Cost entry {self.id} begins or lasts at no sensible time.", cure=cure)
        month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        cost = _exact(self.cost)
        known = {
            "BilledCost": cost,
            "EffectiveCost": cost if self.effective_cost is None else _exact(self.effective_cost),
            "ListCost": cost,
            "ContractedCost": cost,
            "BillingCurrency": self.currency,
            "BillingAccountId": self.account or "manual",
            "SubAccountId": self.account or "",
            "BillingPeriodStart": _iso(month),
            "BillingPeriodEnd": _iso((month + timedelta(days=32)).replace(day=1)),
            "ChargePeriodStart": _iso(start),
            "ChargePeriodEnd": _iso(start + self.duration),
            "ChargeCategory": self.category,
            "ServiceName": self.service,
            "ServiceProviderName": self.provider,
            "InvoiceIssuerName": self.provider,
            "RegionId": self.region or "",
            "ResourceId": self.resource_id or "",
            "Tags": json.dumps(self.tags, sort_keys=True) if self.tags else "",
        }
        row = {**known, **self.focus, "x_CostEntryId": self.id}
        _check(row)
        return row


def _check(row: dict[str, str]) -> None:
    names = {name.lower() for name in row}
    if len(names) < len(row):
        raise UsageError("A column is named twice.", cure="Upper and lower case are the same in columns.")
    known = charges().columns
    for name, value in row.items():
        if name not in known and not (name.startswith("x_") and name[2:].isidentifier() and not name.lower().startswith("x_fm_")):
            raise UsageError(f"{name} is no FOCUS 1.4 column.", cure="Own columns begin with x_.")
        if not isinstance(value, str) or not value.isprintable() or len(value) > 20_000:
            raise UsageError(f"{name} of a cost entry is no plain text.", cure="Leave line ends and control characters out.")
        if value.strip() in NULL_WORDS:
            raise UsageError(f"{name} is {value!r}, a word for nothing.", cure="Leave it out instead.")
        if name in known and value:
            _check_value(known[name], value)
    if not row["BillingCurrency"].strip():
        raise UsageError("A cost entry needs a currency.", cure="Such as USD.")


def _check_value(column: Column, value: str) -> None:
    if column.allowed and column.level == "Mandatory" and value not in column.allowed:
        raise UsageError(f"{column.name} is {value!r}.", cure=f"Use one of {', '.join(column.allowed)}.")
    if column.kind == "decimal":
        _exact(value)
    if column.kind == "time" and not value.endswith("Z"):
        raise UsageError(f"{column.name} is {value!r}.", cure="Write times as 2026-05-01T00:00:00Z.")
    if column.kind == "json":
        try:
            whole = isinstance(json.loads(value), dict)
        except ValueError:
            whole = False
        if not whole:
            raise UsageError(f"{column.name} is no JSON object.", cure='Write it as {"key": "value"}.')


def _exact(amount: Decimal | int | str) -> str:
    if isinstance(amount, float):
        raise MoneyError(f"{amount!r} is a float.", cure="Give the cost as Decimal or as text; a float is not exact.")
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise MoneyError(f"{amount!r} is not an amount.", cure="Write it as 12.34.") from error
    if not value.is_finite() or abs(value) >= LARGEST:
        raise MoneyError(f"{amount!r} is not an amount.", cure="Write it as 12.34.")
    return f"{value:f}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"
