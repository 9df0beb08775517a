"""Any CSV as FOCUS charges, by a mapping that a `connection` declares: columns, date format, currency. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from finopsmetrics.core.errors import DeliveryError, UsageError
from finopsmetrics.focus.columns import charges
from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.manifest import canonical
from finopsmetrics.integrations.native import Mapped, Native, Rows

VERSION = 1
ID = f"declared/{VERSION}"
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_NEEDED = ("BilledCost", "ChargePeriodStart")


class DeclaredMapping(BaseModel):
    """How a table that no integration knows becomes charges; it stands in a connection's `settings`.

    `columns` leads from a FOCUS or `x_` column to the delivered column, `values` from one to a constant. `BilledCost` and
    `ChargePeriodStart` must be mapped. What is not given: EffectiveCost is the billed cost, the charge lasts a day, is Usage,
    and is billed in its calendar month.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[Text, Text] = Field(min_length=2)
    values: dict[Text, Text] = {}
    date_format: Text | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None


def declared(settings: Mapping[str, Any]) -> DeclaredMapping:
    """Read a mapping. Raises UsageError that names what is wrong."""
    cure = "See docs/integrations/csv.md."
    try:
        read = DeclaredMapping.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The declared mapping is wrong at {where}: {first['msg']}.", cure=cure) from error
    known = charges().columns
    given = [*read.columns, *read.values]
    unknown = [name for name in given if name not in known and not re.fullmatch(r"x_(?!fm_)[A-Za-z0-9_]{1,60}", name)]
    if unknown:
        raise UsageError(f"{unknown[0]} is no FOCUS column and does not begin with x_.", cure=cure)
    twice = sorted(set(read.columns) & set(read.values))
    if twice:
        raise UsageError(f"{twice[0]} has both a column and a constant.", cure="Give one of them.")
    missing = [name for name in _NEEDED if name not in read.columns]
    if missing:
        raise UsageError(f"The declared mapping has no column for {' and '.join(missing)}.", cure=cure)
    if "BillingCurrency" not in given and read.currency is None:
        raise UsageError("The declared mapping names no currency.", cure="Give `currency`, or a column for BillingCurrency.")
    return read


def amounts(mapping: DeclaredMapping) -> tuple[str, ...]:
    """The canonical names of the delivered columns that hold amounts."""
    known = charges().columns
    return tuple(canonical(source) for name, source in mapping.columns.items() if name in known and known[name].kind == "decimal")


def mapped(mapping: DeclaredMapping, native: Native) -> Mapped:
    """The charges. Raises DeliveryError for a delivered column that is not there."""
    gone = [source for source in mapping.columns.values() if not native.has(canonical(source))]
    if gone:
        there = ", ".join(list(native.names.values())[:8])
        cure = f"The delivery has {there}. Change the connection, or deliver the right file."
        raise DeliveryError(f"The declared mapping reads the column {gone[0]!r}, which is not there.", cure=cure)
    columns = {name: _read(mapping, native, name, canonical(source)) for name, source in mapping.columns.items()}
    columns |= {name: _constant(name, value) for name, value in mapping.values.items()}
    return Mapped(
        (Rows(_defaults(mapping, columns)),), carried=frozenset(canonical(source) for source in mapping.columns.values())
    )


def _read(mapping: DeclaredMapping, native: Native, name: str, source: str) -> str:
    column = charges().columns.get(name)
    kind = column.kind if column else "text"
    if kind == "decimal":
        return native.amount(source)
    formats = (mapping.date_format,) if mapping.date_format else ()
    return native.time(source, *formats) if kind == "time" else native.text(source)


def _constant(name: str, value: str) -> str:
    column = charges().columns.get(name)
    kind = column.kind if column else "text"
    if kind == "decimal":
        if not re.fullmatch(r"-?[0-9]{1,20}([.][0-9]{1,18})?", value):
            raise UsageError(f"The constant {value!r} for {name} is no amount.", cure="Write it as 12.50.")
        return f"CAST({literal(value)} AS DECIMAL(38,18))"
    return f"timezone('UTC', TRY_CAST({literal(value)} AS TIMESTAMPTZ))" if kind == "time" else literal(value)


def _defaults(mapping: DeclaredMapping, given: dict[str, str]) -> dict[str, str]:
    start = given["ChargePeriodStart"]
    month = f"date_trunc('month', {start})"
    usual = {
        "EffectiveCost": given["BilledCost"],
        "ChargePeriodEnd": f"{start} + INTERVAL 1 DAY",
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"{given.get('BillingPeriodStart', month)} + INTERVAL 1 MONTH",
        "ChargeCategory": "'Usage'",
    }
    if mapping.currency is not None:
        usual["BillingCurrency"] = literal(mapping.currency)
    return {**usual, **given}
