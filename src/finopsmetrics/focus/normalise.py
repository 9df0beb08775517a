"""How a delivered table becomes exact FOCUS 1.4: a plan of SQL texts in three steps. Pure.

Step one reads each delivered column as text without the words for nothing (`"t:Name"`), or as it is where it is typed;
step two reads each text as a value (`"Name"`); step three checks the rows. Each step names the one before, so that the
engine computes a thing once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finopsmetrics.focus import sqltext
from finopsmetrics.focus.columns import SQL_TYPES, Column, datasets, migration
from finopsmetrics.focus.detect import Shape
from finopsmetrics.focus.sqltext import literal, quote, without_null_words

MAPPING_VERSION = "focus-1.4/1"
NO_CURRENCY = "XXX"  # ISO 4217: no currency is involved or known
# A charge without one of these cannot be counted, placed in time, or told apart; it goes to quarantine.
NEEDED = (
    "BilledCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
)
# Open-ended lists: a value that is not on the list is kept and counted, for the amount is not in doubt.
OPEN_LISTS = ("ServiceCategory", "ServiceSubcategory")


@dataclass(frozen=True)
class Check:
    """A reason to reject a row: the column at fault, the reason in words, and the SQL predicate that tells."""

    column: str
    reason: str
    predicate: str


@dataclass(frozen=True)
class Count:
    """Something to count over the delivery: the column, what is counted, and the SQL aggregate."""

    column: str
    what: str
    aggregate: str


@dataclass(frozen=True)
class Plan:
    """All SQL texts that read one delivered table as FOCUS 1.4."""

    shape: Shape
    texts: dict[str, str]  # name in step one -> SQL over the delivered table r
    columns: dict[str, str]  # lake column -> SQL over step one
    checks: tuple[Check, ...]
    refusals: tuple[Check, ...]  # a row like this refuses the whole delivery
    repairs: tuple[Count, ...]
    warnings: tuple[Count, ...]
    notes: tuple[str, ...]

    def values(self, relation: str) -> str:
        """A subquery over `relation` (a FROM item): every row's texts and values."""
        texts = ", ".join(f"{sql} AS {quote(name)}" for name, sql in self.texts.items())
        values = ", ".join(f"{sql} AS {quote(name)}" for name, sql in self.columns.items())
        return f"(SELECT *, {values} FROM (SELECT {texts} FROM {relation} r) t)"

    def names(self) -> str:
        """The select list of the lake columns."""
        return ", ".join(quote(name) for name in self.columns)

    def reason(self) -> str:
        """An expression over `values`: NULL for an accepted row, else `column: reason`."""
        cases = " ".join(f"WHEN {check.predicate} THEN {literal(f'{check.column}: {check.reason}')}" for check in self.checks)
        return f"CASE {cases} END" if cases else "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True)
class Reading:
    """What is known of a delivery beyond its header.

    `slash_format` is the strptime format of dates written with slashes, where the file itself proves which it is;
    `currency` stands in for an absent BillingCurrency column; `plain` names the columns that were looked at and hold only
    values as FOCUS writes them, so that they are read, or copied, without more ado.
    """

    slash_format: str | None = None
    currency: str | None = None
    plain: frozenset[str] = frozenset()


class _Builder:
    def __init__(self, shape: Shape, types: Mapping[str, str], reading: Reading) -> None:
        self.shape, self.types, self.reading = shape, types, reading
        self.texts: dict[str, str] = {}
        self.columns: dict[str, str] = {}
        self.checks: list[Check] = []
        self.refusals: list[Check] = []
        self.repairs: list[Count] = []
        self.warnings: list[Count] = []
        self.notes: list[str] = []

    def build(self) -> Plan:
        for column in datasets()[self.shape.dataset].columns.values():
            self.columns[column.name] = self._column(column)
        for name, delivered in self.shape.extras.items():
            self.columns[name] = self._step_one(name, delivered)
        if self.shape.dataset == "CostAndUsage":
            self._entities()
            self._charge_rules()
        return Plan(
            shape=self.shape,
            texts=self.texts,
            columns=self.columns,
            checks=tuple(self.checks),
            refusals=tuple(self.refusals),
            repairs=tuple(self.repairs),
            warnings=tuple(self.warnings),
            notes=tuple(self.notes),
        )

    def _column(self, column: Column) -> str:
        delivered = self.shape.names.get(column.name)
        if delivered is None:
            return self._absent(column)
        kind = self.types[delivered].upper()
        readers = {"decimal": self._decimal, "time": self._time, "json": self._json, "text": self._text}
        plain = kind == "VARCHAR" and column.name in self.reading.plain
        read = self._plain(column, delivered) if plain else readers[column.kind](column, delivered, kind)
        if column.name in NEEDED and not column.nullable:
            # After the reader's own check: a text that cannot be read is not missing.
            self.checks.append(Check(column.name, "missing", f"{quote(column.name)} IS NULL"))
        return read

    def _plain(self, column: Column, delivered: str) -> str:
        text = self._typed(column.name, delivered, "{raw}")
        if column.kind == "decimal":
            return f"CAST({text} AS DECIMAL(38,18))"
        return f"timezone('UTC', CAST({text} AS TIMESTAMPTZ))" if column.kind == "time" else text

    def _absent(self, column: Column) -> str:
        if column.name == "BillingCurrency" and self.shape.dataset == "CostAndUsage":
            if self.reading.currency is None:
                self.notes.append(
                    f"BillingCurrency is absent: amounts are kept under {NO_CURRENCY} (ISO 4217: no currency), "
                    "never summed with others. Give the currency with --currency."
                )
            return literal(self.reading.currency or NO_CURRENCY)
        if column.level == "Mandatory":
            self.notes.append(f"{column.name} is absent.")
        return f"CAST(NULL AS {SQL_TYPES[column.kind]})"

    def _step_one(self, name: str, delivered: str, *, trim: bool = False) -> str:
        """Read the delivered column as text in step one; give the name under which step two finds it."""
        raw, kind = f"r.{quote(delivered)}", self.types[delivered].upper()
        nested = kind.startswith(("MAP", "STRUCT")) or kind.endswith("[]") or kind == "JSON"
        if kind == "VARCHAR":
            text = f"trim({raw})" if trim else raw
            self.texts[f"r:{name}"] = raw
            counted = f"count({quote(f'r:{name}')}) - count({quote(f't:{name}')})"
            self.repairs.append(Count(name, "a word for nothing read as NULL", counted))
        else:
            text = f"CAST(to_json({raw}) AS VARCHAR)" if nested else f"CAST({raw} AS VARCHAR)"
        self.texts[f"t:{name}"] = text if name in self.reading.plain else without_null_words(text)
        return quote(f"t:{name}")

    def _typed(self, name: str, delivered: str, cast: str) -> str:
        self.texts[f"t:{name}"] = cast.format(raw=f"r.{quote(delivered)}")
        return quote(f"t:{name}")

    def _decimal(self, column: Column, delivered: str, kind: str) -> str:
        name = column.name
        if _fits(kind):
            return self._typed(name, delivered, "CAST({raw} AS DECIMAL(38,18))")
        text, value = self._step_one(name, delivered, trim=True), quote(name)
        if kind == "VARCHAR":
            self.texts[f"t:{name}"] = f"({sqltext.amount_text(self.texts[f't:{name}'])})"
            mended = f"count(*) FILTER (WHERE {text} <> trim({quote(f'r:{name}')}))"
            self.repairs.append(Count(name, "currency sign, grouping commas or brackets taken off", mended))
        lost = f"({text} IS NOT NULL AND {value} IS NULL)"
        self.refusals.append(Check(name, "too large for an amount", f"{lost} AND {sqltext.too_large(text)}"))
        self.checks.append(Check(name, "not a number", lost))
        counted = f"count(*) FILTER (WHERE {sqltext.decimal_is_rounded(text)})"
        self.repairs.append(Count(name, "rounded half-even to 18 fractional digits", counted))
        return sqltext.decimal(text)

    def _time(self, column: Column, delivered: str, kind: str) -> str:
        name = column.name
        if kind == "TIMESTAMP WITH TIME ZONE":
            return self._typed(name, delivered, "timezone('UTC', {raw})")
        if kind.startswith(("TIMESTAMP", "DATE")):
            return self._typed(name, delivered, "CAST({raw} AS TIMESTAMP)")
        text, value = self._step_one(name, delivered, trim=True), quote(name)
        self.checks.append(Check(name, "not a date or time", f"({text} IS NOT NULL AND {value} IS NULL)"))
        odd = f"count(*) FILTER (WHERE {value} IS NOT NULL AND NOT ({sqltext.is_canonical_time(text)}))"
        self.repairs.append(Count(name, "time written as FOCUS writes it (UTC)", odd))
        return sqltext.time(text, self.reading.slash_format)

    def _json(self, column: Column, delivered: str, kind: str) -> str:
        name = column.name
        text, value = self._step_one(name, delivered), quote(name)
        if kind.startswith(("MAP", "STRUCT")) and not kind.endswith("[]"):
            return text
        self.checks.append(Check(name, "not a JSON object", f"({text} IS NOT NULL AND {value} IS NULL)"))
        pairs = sqltext.is_pairs(text)
        self.repairs.append(Count(name, "braces added", f"count(*) FILTER (WHERE {text} <> {value} AND NOT {pairs})"))
        self.repairs.append(
            Count(name, "a list of keys and values written as an object", f"count({value}) FILTER (WHERE {pairs})")
        )
        return sqltext.json_object(text)

    def _text(self, column: Column, delivered: str, _kind: str) -> str:
        name = column.name
        text, value = self._step_one(name, delivered), quote(name)
        if not column.allowed:
            return text
        clean = sqltext.allowed_value(text, column.allowed)
        mended = f"count(*) FILTER (WHERE {value} <> {text})"
        self.repairs.append(Count(name, "written as FOCUS writes the value", mended))
        if name in OPEN_LISTS:
            listed = ", ".join(literal(value) for value in column.allowed)
            unlisted = f"count(*) FILTER (WHERE {value} NOT IN ({listed}))"
            self.warnings.append(Count(name, "not on the FOCUS list", unlisted))
            return f"coalesce({clean}, {text})"
        reason = f"not one of {', '.join(column.allowed)}"
        self.checks.append(Check(name, reason, f"({text} IS NOT NULL AND {value} IS NULL)"))
        return clean

    def _entities(self) -> None:
        """Read ProviderName and PublisherName (FOCUS 1.0 to 1.3) as the entities of 1.4, and keep the originals."""
        provider, publisher = (self.shape.names.get(name) for name in ("ProviderName", "PublisherName"))
        vendor = self._step_one("PublisherName", publisher) if publisher else "CAST(NULL AS VARCHAR)"
        entities = {"ServiceProviderName": vendor}
        if provider is not None:
            host = self._step_one("ProviderName", provider)
            service = f"CASE WHEN {vendor} IS NULL OR {_same_company(host, vendor)} THEN {host} ELSE {vendor} END"
            entities = {"ServiceProviderName": service, "HostProviderName": host}
            self.columns["x_ProviderName"] = host
        elif publisher is None:
            return
        for name, old in entities.items():
            there = name in self.shape.names
            self.columns[name] = f"coalesce({self.columns[name]}, {old})" if there else old
        self.columns["x_PublisherName"] = vendor
        self.notes = [note for note in self.notes if not note.startswith(tuple(entities))]

    def _charge_rules(self) -> None:
        for start, end in (("ChargePeriodStart", "ChargePeriodEnd"), ("BillingPeriodStart", "BillingPeriodEnd")):
            self.checks.append(Check(end, "ends before it starts", f"{quote(end)} < {quote(start)}"))
            outside = f"{quote(start)} NOT BETWEEN TIMESTAMP '1990-01-01' AND TIMESTAMP '2200-01-01'"
            self.checks.append(Check(start, "outside the years 1990 to 2200", outside))


def plan(shape: Shape, types: Mapping[str, str], reading: Reading | None = None) -> Plan:
    """Plan how to read a delivered table; `types` gives the DuckDB type of each delivered column."""
    return _Builder(shape, types, reading or Reading()).build()


def odd_values(shape: Shape, types: Mapping[str, str]) -> dict[str, str]:
    """For each column of text, a SQL aggregate over the delivered table: not zero when a value is not as FOCUS writes it."""
    columns = datasets()[shape.dataset].columns
    delivered = {**shape.names, **shape.extras}
    return {
        name: _odd(columns.get(name), f"r.{quote(source)}")
        for name, source in delivered.items()
        if types[source].upper() == "VARCHAR"
    }


def _odd(column: Column | None, raw: str) -> str:
    """`list_position` is the quickest test against a list in DuckDB 2.0: a third of the time of IN, on coded columns."""
    if column is not None and column.kind == "decimal":
        return f"count(*) FILTER (WHERE length({raw}) > 19 OR NOT regexp_full_match({raw}, '-?[0-9]+([.][0-9]+)?'))"
    if column is not None and column.kind == "time":
        read = f"TRY_CAST({raw} AS TIMESTAMPTZ) IS NOT NULL"
        return f"count(*) FILTER (WHERE {raw} IS NOT NULL AND NOT ({sqltext.is_canonical_time(raw)} AND {read}))"
    if column is not None and column.kind == "json":
        return f"count(*) FILTER (WHERE NOT (json_valid({raw}) AND {raw}[1] = '{{'))"
    if column is not None and column.allowed:
        return f"count({raw}) - count({_position(column.allowed, raw)})"
    return f"coalesce(max({_position(('', *sqltext.NULL_WORDS), raw)}), 0)"


def _position(values: Sequence[str], raw: str) -> str:
    return f"list_position([{', '.join(literal(value) for value in values)}], {raw})"


def _fits(kind: str) -> bool:
    if kind.startswith("DECIMAL("):
        precision, scale = (int(part) for part in kind[8:-1].split(","))
        return scale <= 18 and precision - scale <= 20
    return kind in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}


def _same_company(provider: str, publisher: str) -> str:
    tests = [f"lower({provider}) = lower({publisher})"]
    companies: dict[str, list[str]] = migration()["companies"]  # type: ignore[assignment]
    for name, prefixes in companies.items():
        starts = " OR ".join(f"starts_with(lower({publisher}), {literal(prefix)})" for prefix in prefixes)
        tests.append(f"({provider} = {literal(name)} AND ({starts}))")
    return "(" + " OR ".join(tests) + ")"
