"""The words in which a mapping speaks: a delivered table as it sees it, and the SQL texts that it gives back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finopsmetrics.focus import sqltext
from finopsmetrics.focus.sqltext import literal, quote

AMOUNT = "DECIMAL(38,18)"
NULL_TEXT = "CAST(NULL AS VARCHAR)"
NULL_AMOUNT = f"CAST(NULL AS {AMOUNT})"
NULL_TIME = "CAST(NULL AS TIMESTAMP)"
# A comma after which no three digits stand, or before which more than three do, or a zero, groups nothing: it is a decimal comma.
_COMMA_PROOF = r"-?([0-9.]*,([0-9]{1,2}|[0-9]{4,})|(0|[0-9]{4,}),[0-9]+)"
# A number that a cast reads exactly, into the 20 and 18 digits of DECIMAL(38,18).
_PLAIN = "regexp_full_match({raw}, '-?[0-9]{{1,19}}([.][0-9]{{1,18}})?')"
# A double that is the nearest to a number of 15 digits, ten of them fractional, was written as that number; no text is needed.
_TEN = "abs({x}) < 90000 AND round({x} * 1e10) / 1e10 = {x}"
_TENTHS = (
    "CAST(CAST(CAST(round({x} * 1e10) AS BIGINT) AS DECIMAL(18,0)) * CAST('0.0000000001' AS DECIMAL(11,10)) AS DECIMAL(38,18))"
)
# How Python writes nothing; in a column of amounts it can be nothing else.
NONE = "None"
ZERO = f"CAST(0 AS {AMOUNT})"


@dataclass(frozen=True)
class Rows:
    """One SELECT over the delivered table: columns (FOCUS or `x_` name to SQL), which rows, and by what they are summed.

    Rows that cannot be read go to quarantine by the first SELECT, whatever its `where` says.
    """

    columns: dict[str, str]
    where: str = ""
    group: str = ""
    having: str = ""


@dataclass(frozen=True)
class Told:
    """Something to tell in the report when the SQL aggregate over the delivered rows is not zero; `{n}` is its value."""

    text: str
    aggregate: str


@dataclass(frozen=True)
class Mapped:
    """A mapping's answer: the SELECTs whose union are the charges, what to tell, and the columns that went into FOCUS whole."""

    rows: tuple[Rows, ...]
    told: tuple[Told, ...] = ()
    notes: tuple[str, ...] = ()
    carried: frozenset[str] = frozenset()


@dataclass
class Native:
    """A delivered table: `names` leads from canonical to delivered names, `types` from these to DuckDB types.

    `facts` holds what was counted beforehand; `files` leads from the path in `"x:path"` to a file's name. Reading an amount or
    a time adds a step, in which it is computed once, and a fault, by which a row whose value cannot be read goes to
    quarantine instead of counting as nothing. `texts` are computed before the steps, which refer to them.
    """

    names: Mapping[str, str]
    types: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def has(self, *columns: str) -> bool:
        """Whether all of the columns were delivered."""
        return all(column in self.names for column in columns)

    def kind(self, column: str) -> str:
        """The DuckDB type of a delivered column, in capitals; empty when it is absent."""
        return self.types[self.names[column]].upper() if column in self.names else ""

    def raw(self, column: str) -> str:
        """The delivered column as it is."""
        return f"r.{quote(self.names[column])}"

    def text(self, *columns: str) -> str:
        """The first text that is there among the columns; NULL where none is."""
        found = [self._plain_text(column) for column in columns if self.has(column)]
        if not found:
            return NULL_TEXT
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

    def _plain_text(self, column: str) -> str:
        raw, kind = self.raw(column), self.kind(column)
        if kind == "VARCHAR":
            return f"nullif({raw}, '')"
        nested = kind.startswith(("MAP", "STRUCT")) or kind.endswith("[]") or kind == "JSON"
        return f"CAST(to_json({raw}) AS VARCHAR)" if nested else f"CAST({raw} AS VARCHAR)"

    def key(self, column: str, name: str) -> str:
        """The value of one key of a column of maps, structs or JSON text; NULL where it is not there."""
        if not self.has(column):
            return NULL_TEXT
        if self.kind(column).startswith("MAP"):
            return f"nullif(CAST({self.raw(column)}[{literal(name)}] AS VARCHAR), '')"
        raw = self.raw(column) if self.kind(column) == "VARCHAR" else f"to_json({self.raw(column)})"
        return f"nullif(CASE WHEN json_valid({raw}) THEN json_extract_string({raw}, {literal('$.' + quote(name))}) END, '')"

    def amount(self, *columns: str) -> str:
        """The first amount that is there among the columns, exact (DECIMAL(38,18)); NULL where none is."""
        found = [self._amount(column) for column in columns if self.has(column)]
        if not found:
            return NULL_AMOUNT
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

    def _amount(self, column: str) -> str:
        step = f"m:{column}"
        if step not in self.steps:
            raw, kind = self.raw(column), self.kind(column)
            plain = self.facts.get(f"odd:{column}") == 0
            commas = kind == "VARCHAR" and not plain and self._has_decimal_commas(column)
            text = f"CAST({raw} AS VARCHAR)"
            if kind == "VARCHAR" and not plain:
                # Computed once: in place it would stand in the step, and be bound, a hundred times.
                self.texts[f"a:{column}"] = _comma_text(raw) if commas else _amount_text(raw)
                text = f"r.{quote(f'a:{column}')}"
            self.steps[step] = _exact(raw, kind, text, plain=plain, commas=commas)
            if kind in {"VARCHAR", "FLOAT", "DOUBLE"} and not plain:
                given = text if kind == "VARCHAR" else raw
                self.faults[f"{self.names[column]}: not a number"] = f"r.{quote(step)} IS NULL AND {given} IS NOT NULL"
        return f"r.{quote(step)}"

    def _has_decimal_commas(self, column: str) -> bool:
        """Its own values prove it; or another column's do, and none of its own has a point."""
        elsewhere = any(number for fact, number in self.facts.items() if fact.startswith("comma:"))
        return bool(self.facts.get(f"comma:{column}")) or (elsewhere and not self.facts.get(f"point:{column}"))

    def time(self, column: str, *formats: str) -> str:
        """A time in UTC; text is read as ISO 8601 or, where given, in the first of the strptime formats that fits."""
        if not self.has(column):
            return NULL_TIME
        step, raw, kind = f"t:{column}", self.raw(column), self.kind(column)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"timezone('UTC', {raw})"
        if kind != "VARCHAR":
            return f"CAST({raw} AS TIMESTAMP)"
        if step not in self.steps:
            text = _without_words(raw)
            read = [sqltext.time(text), *(f"try_strptime({text}, {literal(form)})" for form in formats)]
            self.steps[step] = f"coalesce({', '.join(read)})" if len(read) > 1 else read[0]
            self.faults[f"{self.names[column]}: not a date or time"] = f"r.{quote(step)} IS NULL AND {text} IS NOT NULL"
        return f"r.{quote(step)}"


def odd_amounts(native: Native, columns: tuple[str, ...]) -> dict[str, str]:
    """SQL aggregates on each delivered column of amounts, by what they tell.

    `odd:` how many are no plain numbers, `comma:` how many prove a decimal comma, `point:` how many have a point,
    `long:` how many numbers have more than 18 fractional digits.
    """
    facts: dict[str, str] = {}
    for column in columns:
        raw, kind = (native.raw(column), native.kind(column)) if native.has(column) else ("", "")
        if kind == "VARCHAR":
            # A plain number proves no comma and is never rounded: only the others are looked at with care.
            odd = f"{raw} <> '' AND NOT ({_PLAIN.format(raw=raw)})"
            facts[f"odd:{column}"] = f"count(*) FILTER (WHERE {odd})"
            proof = f"CASE WHEN {odd} THEN regexp_full_match({raw}, {literal(_COMMA_PROOF)}) END"
            facts[f"comma:{column}"] = f"count(*) FILTER (WHERE {proof})"
            facts[f"point:{column}"] = f"count(*) FILTER (WHERE contains({raw}, '.'))"
            facts[f"long:{column}"] = f"count(*) FILTER (WHERE CASE WHEN {odd} THEN {sqltext.decimal_is_rounded(raw)} END)"
        elif kind in {"FLOAT", "DOUBLE"}:
            facts[f"odd:{column}"] = f"count(*) FILTER (WHERE NOT (abs({raw}) < 1e20))"
            long = sqltext.decimal_is_rounded(f"CAST({raw} AS VARCHAR)")
            # Within CASE the text is made for small amounts alone.
            facts[f"long:{column}"] = f"count(CASE WHEN abs({raw}) < 0.01 AND {raw} <> 0 THEN CASE WHEN {long} THEN 1 END END)"
    return facts


def amounts_note(facts: Mapping[str, Any]) -> list[str]:
    """What to tell of how amounts were read."""
    rounded = sum(number for fact, number in facts.items() if fact.startswith("long:"))
    commas = sum(number for fact, number in facts.items() if fact.startswith("comma:"))
    notes = [f"{rounded:,} amounts were rounded half-even to 18 fractional digits."] if rounded else []
    return notes + ([f"{commas:,} amounts prove that the file writes a decimal comma."] if commas else [])


def object_text(columns: Mapping[str, str]) -> str:
    """A JSON object of the columns of text, given by key, that hold something; NULL where none does. Quicker than a map."""
    pairs = [f"CASE WHEN {sql} <> '' THEN {literal(json.dumps(key) + ':')} || to_json({sql}) END" for key, sql in columns.items()]
    return braced(pairs) if pairs else NULL_TEXT


def braced(members: Sequence[str]) -> str:
    """A JSON object of members given as SQL texts, each one or more of them or NULL; NULL where all are."""
    return f"'{{' || nullif(concat_ws(',', {', '.join(members)}), '') || '}}'"


def _amount_text(raw: str) -> str:
    return f"({sqltext.amount_text(_without_words(raw, NONE))})"


def _without_words(raw: str, *more: str) -> str:
    """A text; NULL for a word that stands for nothing. A chain of `nullif` would double the expression with every word."""
    words = ", ".join(literal(word) for word in ("", *sqltext.NULL_WORDS, *more))
    return f"(CASE WHEN trim({raw}) IN ({words}) THEN NULL ELSE trim({raw}) END)"


def _comma_text(raw: str) -> str:
    """A number with a decimal comma as one with a point; one that has both signs is left as it is, and rejected."""
    text = _without_words(raw, NONE)
    european = f"regexp_full_match({text}, '-?([0-9]+|[0-9]{{1,3}}([.][0-9]{{3}})+)(,[0-9]+)?([eE][+-]?[0-9]+)?')"
    return f"(CASE WHEN {european} THEN replace(replace({text}, '.', ''), ',', '.') ELSE {text} || '?' END)"


def _exact(raw: str, kind: str, text: str, *, plain: bool, commas: bool) -> str:
    if kind == "VARCHAR":
        cast = f"CAST(nullif({raw}, '') AS {AMOUNT})"
        if plain or commas:
            return cast if plain else sqltext.decimal(text)
        # Within CASE only the odd values are looked at with care.
        return f"CASE WHEN {raw} = '' OR ({_PLAIN.format(raw=raw)}) THEN {cast} ELSE {sqltext.decimal(text)} END"
    if kind in {"FLOAT", "DOUBLE"}:
        # The shortest text of a double is the number that was written; 17 digits of 0.01 or more end at the 18th place.
        sure = f"CASE WHEN abs({raw}) >= 0.01 OR {raw} = 0 THEN TRY_CAST({text} AS {AMOUNT}) ELSE {sqltext.decimal(text)} END"
        return f"CASE WHEN {_TEN.format(x=raw)} THEN {_TENTHS.format(x=raw)} ELSE {sure} END" if kind == "DOUBLE" else sure
    return f"CAST({raw} AS {AMOUNT})"
