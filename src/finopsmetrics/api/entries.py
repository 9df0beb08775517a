"""Cost entries as a request sends them, checked before they are kept.

What is kept is brought into the lake before the next answer, so an entry that the lake would refuse must not be kept.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from finopsmetrics.api.schemas import WHOLE
from finopsmetrics.core.errors import ConflictError, UsageError
from finopsmetrics.focus.columns import charges
from finopsmetrics.store.entries import CostEntry

AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,18})?$"
MOMENT = (
    r"^(199[0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?$"
)
YEARS = (datetime(1990, 1, 1), datetime(2200, 1, 1))
LONGEST = 366 * 24 * 3600
NULL_WORDS = frozenset({"null", "n/a", "\\n"})
OF_THEIR_OWN = {
    "BilledCost": "cost",
    "EffectiveCost": "effective_cost",
    "BillingCurrency": "currency",
    "BillingPeriodStart": "timestamp",
    "BillingPeriodEnd": "timestamp",
    "ChargePeriodStart": "timestamp",
    "ChargePeriodEnd": "duration_seconds",
    "ChargeCategory": "category",
    "ServiceName": "service",
    "ServiceProviderName": "provider",
    "SubAccountId": "account",
    "RegionId": "region",
    "ResourceId": "resource_id",
    "Tags": "tags",
}

CLOSED: dict[str, JsonValue] = {"additionalProperties": False}  # no key but those of the pattern
Text = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r'^[^\x00-\x1f\x7f"\\*]+$')]
FocusName = Annotated[str, StringConstraints(max_length=120, pattern=r"^([A-Z][A-Za-z]+|x_[A-Za-z0-9_]+)$")]
Amount = Annotated[str, StringConstraints(pattern=AMOUNT)]


class EntryIn(BaseModel):
    """One charge. `cost` is exact decimal text (a JSON number is a float, which is not exact)."""

    model_config = ConfigDict(extra="forbid")
    id: Name = Field(description="Stays the same when the entry is sent again.")
    timestamp: Annotated[str, StringConstraints(pattern=MOMENT)] = Field(
        description="When the charge began: ISO 8601, UTC when it names no zone.", examples=["2026-05-17T10:00:00Z"]
    )
    cost: Amount = Field(description="BilledCost as decimal text.", examples=["12.34"])
    service: Text
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(default="USD", description="ISO 4217.")
    provider: Text = "manual"
    account: Text | None = None
    region: Text | None = None
    resource_id: Text | None = None
    category: Literal["Usage", "Purchase", "Tax", "Credit", "Adjustment"] = "Usage"
    effective_cost: Amount | None = Field(default=None, description="EffectiveCost; the same as cost when absent.")
    duration_seconds: Annotated[int, Field(ge=1, le=LONGEST), WHOLE] = Field(
        default=3600, description="How long the charge period is."
    )
    tags: dict[TagKey, Text] = Field(default_factory=dict, max_length=50, json_schema_extra=CLOSED)
    focus: dict[FocusName, Text] = Field(
        default_factory=dict, max_length=100, json_schema_extra=CLOSED, description="Any other FOCUS 1.4 or x_ column."
    )

    def to_entry(self) -> CostEntry:
        """The entry as the workspace takes it. Raises UsageError."""
        self._refuse_null_words()
        for name, value in self.focus.items():
            _check_column(name, value)
        if len({name.lower() for name in self.focus}) < len(self.focus):
            raise UsageError(f"Entry {self.id} names a column twice.", cure="Upper and lower case are the same in columns.")
        return CostEntry(
            id=self.id,
            timestamp=_moment(self.timestamp),
            cost=Decimal(self.cost),
            service=self.service,
            currency=self.currency,
            provider=self.provider,
            account=self.account,
            region=self.region,
            resource_id=self.resource_id,
            category=self.category,
            effective_cost=None if self.effective_cost is None else Decimal(self.effective_cost),
            duration=timedelta(seconds=self.duration_seconds),
            tags=dict(self.tags),
            focus=dict(self.focus),
        )

    def _refuse_null_words(self) -> None:
        texts = {"service": self.service, "provider": self.provider, "account": self.account, "region": self.region}
        texts |= {"resource_id": self.resource_id, **self.focus}
        for name, value in texts.items():
            if value is not None and (value.strip().lower() in NULL_WORDS or not value.strip()):
                raise UsageError(f"{name} of entry {self.id} is {value!r}, which stands for nothing.", cure="Leave it out.")


def to_entries(sent: list[EntryIn]) -> list[CostEntry]:
    """Entries as the workspace takes them, each id once. Raises UsageError, or ConflictError for an id with two contents."""
    made: dict[str, CostEntry] = {}
    for one in sent:
        entry = one.to_entry()
        if made.setdefault(entry.id, entry) != entry:
            raise ConflictError(
                f"Cost entry {entry.id} was sent twice with different content.", cure="Give each an id of its own."
            )
    return list(made.values())


def _moment(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError(f"{text} is not a date and time.", cure="Write 2026-05-17T10:00:00Z.") from error
    moment = read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read
    if not YEARS[0] <= moment < YEARS[1]:
        raise UsageError(f"{text} lies outside the years 1990 to 2199.", cure="Send the time of the charge.")
    return moment


def _check_column(name: str, value: str) -> None:
    if name in OF_THEIR_OWN:
        raise UsageError(f"{name} is set by {OF_THEIR_OWN[name]}.", cure=f"Send it as {OF_THEIR_OWN[name]}.")
    if name.lower().startswith("x_fm_") or name.lower() == "x_costentryid":
        raise UsageError(f"{name} is written by finopsmetrics.", cure="Choose another name for your column.")
    column = charges().columns.get(name)
    if column is None:
        if not name.startswith("x_"):
            raise UsageError(f"{name} is no FOCUS 1.4 column.", cure="Own columns begin with x_.")
        return
    if column.kind == "decimal" and not re.fullmatch(AMOUNT, value):
        raise UsageError(f"{name} is {value!r}, which is no decimal number.", cure="Write it as 12.34.")
    if column.kind == "time" and not re.fullmatch(MOMENT, value):
        raise UsageError(f"{name} is {value!r}, which is no time.", cure="Write it as 2026-05-17T10:00:00Z.")
    if column.kind == "time":
        _moment(value)
    if column.kind == "json" and not _is_object(value):
        raise UsageError(f"{name} is no JSON object.", cure='Write it as {"key": "value"}.')
    if column.allowed and value not in column.allowed:
        raise UsageError(f"{name} is {value!r}.", cure=f"FOCUS allows {', '.join(column.allowed)}.")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
