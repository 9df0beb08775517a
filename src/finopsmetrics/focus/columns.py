"""The columns of the FOCUS datasets, versions 1.0 to 1.4, read from data (`focus/data/columns.json`)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from finopsmetrics.core.errors import QueryError

Kind = Literal["text", "decimal", "time", "json"]

KINDS: dict[str, Kind] = {"String": "text", "Decimal": "decimal", "Date/Time": "time", "JSON": "json"}
SQL_TYPES: dict[Kind, str] = {"text": "VARCHAR", "decimal": "DECIMAL(38,18)", "time": "TIMESTAMP", "json": "VARCHAR"}
METRICS = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "list": "ListCost",
    "contracted": "ContractedCost",
}
COST_COLUMNS = tuple(METRICS.values())
SHORT_NAMES = {
    "service": "ServiceName",
    "account": "SubAccountId",
    "region": "RegionId",
    "provider": "ServiceProviderName",
    "category": "ServiceCategory",
    "currency": "BillingCurrency",
    "resource": "ResourceId",
    "issuer": "InvoiceIssuerName",
    "source": "x_fm_source",
}


@dataclass(frozen=True)
class Column:
    """One FOCUS column: its name, kind of value, the version that introduced it, and what it may hold."""

    name: str
    dataset: str
    kind: Kind
    introduced: str
    removed: str | None = None
    allowed: tuple[str, ...] = ()
    nullable: bool = True
    level: str = "Conditional"

    @property
    def snake(self) -> str:
        """The snake_case twin of the name: `BilledCost` is `billed_cost`."""
        return snake(self.name)

    def in_version(self, version: str) -> bool:
        """Whether FOCUS `version` (such as "1.2") has this column."""
        there = _order(self.introduced) <= _order(version)
        return there and (self.removed is None or _order(version) < _order(self.removed))


@dataclass(frozen=True)
class Dataset:
    """One FOCUS dataset: its name in the specification, its table name here, and its columns in 1.4 by name."""

    name: str
    table: str
    columns: dict[str, Column]
    period_column: str | None
    removed: dict[str, Column] = field(default_factory=dict)

    def version_columns(self, version: str) -> list[Column]:
        """The columns that FOCUS `version` has, in alphabetical order as the specification lists them."""
        every = {**self.columns, **self.removed}
        return [every[name] for name in sorted(every) if every[name].in_version(version)]


_TABLES = {
    "CostAndUsage": ("cost_and_usage", "BillingPeriodStart"),
    "ContractCommitment": ("contract_commitment", None),
    "InvoiceDetail": ("invoice_detail", "BillingPeriodStart"),
    "BillingPeriod": ("billing_period", "BillingPeriodStart"),
}


@cache
def datasets() -> dict[str, Dataset]:
    """Every FOCUS dataset by its name in the specification."""
    raw = json.loads((files("finopsmetrics.focus") / "data" / "columns.json").read_text())
    found: dict[str, Dataset] = {}
    for name, (table, period) in _TABLES.items():
        columns = [_column(entry) for entry in raw if entry["dataset"] == name]
        live = {column.name: column for column in columns if column.removed is None}
        gone = {column.name: column for column in columns if column.removed is not None}
        found[name] = Dataset(name, table, live, period, gone)
    return found


def charges() -> Dataset:
    """The dataset of charges, CostAndUsage."""
    return datasets()["CostAndUsage"]


@cache
def migration() -> dict[str, dict[str, object]]:
    """The migration table between FOCUS versions, as data."""
    table: dict[str, dict[str, object]] = json.loads((files("finopsmetrics.focus") / "data" / "migration.json").read_text())
    return table


def snake(name: str) -> str:
    """The snake_case twin of a FOCUS column name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@cache
def _lookup() -> dict[str, str]:
    names: dict[str, str] = dict(SHORT_NAMES)
    for name in [*charges().columns, "x_fm_source", "x_fm_period", "x_fm_delivery"]:
        names[name.lower()] = name
        names[snake(name)] = name
    return names


@dataclass(frozen=True)
class Dimension:
    """Something to group or filter by: a column of the charges, or one key of their tags."""

    asked: str
    column: str
    tag: str | None = None


def dimension(name: str, extras: tuple[str, ...] = ()) -> Dimension:
    """Read a dimension: a FOCUS 1.4 column, its snake_case twin, a short name, `tags.KEY`, or an `x_` column.

    Raises QueryError, which names the nearest columns, when there is no such dimension.
    """
    text = name.strip()
    if text.lower().startswith("tags.") and len(text) > 5:
        return Dimension(name, "Tags", text[5:].strip('"'))
    column = _lookup().get(text.lower())
    if column is None:
        column = {extra.lower(): extra for extra in extras}.get(text.lower())
    if column is None:
        raise QueryError(f"There is no dimension {text!r}.", cure=_nearest(text, extras))
    return Dimension(name, column)


def is_dimension(name: str, extras: tuple[str, ...] = ()) -> bool:
    """Whether `dimension` would find the name."""
    lower = name.strip().lower()
    known = lower in _lookup() or lower in {extra.lower() for extra in extras}
    return known or (lower.startswith("tags.") and len(lower) > 5)


def _nearest(text: str, extras: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(text, [*charges().columns, *SHORT_NAMES, *extras], n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(close)}? " if close else ""
    return f"{hint}Use a FOCUS 1.4 column such as ServiceName, its twin service_name, or tags.KEY for a tag."


def _column(entry: dict[str, object]) -> Column:
    allowed = entry.get("allowed_values") or []
    return Column(
        name=str(entry["column"]),
        dataset=str(entry["dataset"]),
        kind=KINDS[str(entry["data_type"])],
        introduced=str(entry["introduced"]),
        removed=str(entry["removed"]) if entry.get("removed") else None,
        allowed=tuple(str(value) for value in allowed),  # type: ignore[attr-defined]
        nullable=bool(entry["allows_nulls"]),
        level=str(entry["feature_level"]),
    )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
