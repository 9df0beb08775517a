"""Count a landed delivery before anything is written: repairs, warnings, rejected rows, sums, periods, issuers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.columns import datasets
from finopsmetrics.focus.detect import Shape, detect
from finopsmetrics.focus.normalise import Check, Plan, Reading, odd_values, plan
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.landing import Landed, LandedFile, line_breaks_inside

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SLASH_FORMATS = ("%m/%d/%Y", "%m/%d/%y", "%d/%m/%Y", "%d/%m/%y", "%Y/%m/%d")
NO_PERIOD = "all"
SHOWN_REJECTS = 20
# A FOCUS billing period is a month as a rule: YYYY-MM; others are named by the day on which they start. A month may begin
# at some hour of its first day, or late on the day before, for an issuer that counts them in its own time zone (up to UTC+14).
PERIOD = """CASE WHEN {start} IS NULL THEN NULL
 WHEN day({start}) = 1 THEN strftime({start}, '%Y-%m')
 WHEN day({start} + INTERVAL 14 HOUR) = 1 THEN strftime({start} + INTERVAL 14 HOUR, '%Y-%m')
 ELSE strftime({start}, '%Y-%m-%d') END"""


@dataclass(frozen=True)
class Rejected:
    """A rejected row: where it stands in the delivery, the column at fault, the reason, and the row as delivered."""

    file: str
    line: int
    column: str
    reason: str
    row: str
    period: str | None
    currency: str | None
    billed: str | None
    effective: str | None


@dataclass(frozen=True)
class PeriodSum:
    """Accepted rows of one billing period, currency, issuer and billing account, with their sums as exact text."""

    period: str
    currency: str | None
    issuer: str | None
    account: str | None
    rows: int
    billed: str | None
    effective: str | None


@dataclass(frozen=True)
class Profile:
    """What a delivery holds, and the plan that reads it."""

    plan: Plan
    rows: int
    repairs: tuple[tuple[str, str, int], ...]
    warnings: tuple[tuple[str, str, int], ...]
    rejected: tuple[Rejected, ...]
    sums: tuple[PeriodSum, ...]

    @property
    def periods(self) -> list[str]:
        """The billing periods of the accepted rows, in order."""
        return sorted({entry.period for entry in self.sums})


def period_expression(dataset: str) -> str:
    """SQL that names the billing period of a row of `values`."""
    column = datasets()[dataset].period_column
    return PERIOD.format(start=quote(column)) if column else literal(NO_PERIOD)


def profile(connection: DuckDBPyConnection, landed: Landed, currency: str | None, faults: Sequence[str] = ()) -> Profile:
    """Look at every column once; read with care only what is odd; find the rejected rows where there are any.

    `faults` are the reasons that a mapping may have written into `x:fault`, as `column: reason`.
    """
    shape = detect(list(landed.types))
    slash_format = _slash_format(connection, landed, shape)
    reading = Reading(slash_format, currency, _plain_columns(connection, landed, shape))
    chosen = _with_faults(plan(shape, landed.types, reading), faults)
    repairs, warnings, reasons = _count(connection, landed, chosen)
    rejected = _rejected(connection, landed, chosen) if reasons else ()
    # Where no row was rejected the checks are done with.
    chosen = chosen if reasons else replace(chosen, checks=())
    told, warned = (tuple(entry for entry in entries if entry[2]) for entries in (repairs, warnings))
    return Profile(chosen, landed.rows, told, warned, rejected, _sums(connection, landed, chosen))


def _with_faults(read: Plan, faults: Sequence[str]) -> Plan:
    """Reject what the mapping could not read; first of all, for the value it left out is not missing."""
    told = [(fault, *fault.rsplit(": ", 1)) for fault in faults]
    checks = [Check(column, reason, f'"x:fault" IS NOT DISTINCT FROM {literal(fault)}') for fault, column, reason in told]
    texts = {**read.texts, "x:fault": 'r."x:fault"'} if faults else read.texts
    return replace(read, texts=texts, checks=(*checks, *read.checks))


def _plain_columns(connection: DuckDBPyConnection, landed: Landed, shape: Shape) -> frozenset[str]:
    odd = odd_values(shape, landed.types)
    if not odd:
        return frozenset()
    row = connection.execute(f"SELECT {', '.join(odd.values())} FROM {landed.relation} r").fetchone() or ()
    return frozenset(name for name, number in zip(odd, row, strict=True) if not number)


def _count(
    connection: DuckDBPyConnection, landed: Landed, first: Plan
) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]], int]:
    counts = [*first.repairs, *first.warnings]
    refusing = [f"count(*) FILTER (WHERE {check.predicate})" for check in first.refusals]
    wanted = [*(count.aggregate for count in counts), *refusing, f"count({first.reason()})"]
    row = connection.execute(f"SELECT {', '.join(wanted)} FROM {first.values(landed.relation)}").fetchone()
    numbers = [int(number) for number in row] if row else []
    for check, number in zip(first.refusals, numbers[len(counts) : -1], strict=True):
        if number:
            raise _refused(connection, landed, first, check.column, check.predicate, check.reason)
    told = [(count.column, count.what, number) for count, number in zip(counts, numbers, strict=False)]
    return told[: len(first.repairs)], told[len(first.repairs) :], numbers[-1]


def _refused(
    connection: DuckDBPyConnection, landed: Landed, first: Plan, column: str, predicate: str, reason: str
) -> DeliveryError:
    query = f"SELECT {_PLACE}, {quote(f't:{column}')} FROM {_with_places(landed, first)} WHERE {predicate} LIMIT 1"
    found = connection.execute(query).fetchone()
    where = value = ""
    if found:
        lines = lines_of(connection, landed, [(str(found[0]), int(found[1]))])
        file, line = next(iter(lines.values()))
        where, value = f"{file}, line {line}: ", f" ({found[2]})"
    cure = "No bill has such an amount; ask for the delivery to be made again. Nothing was changed."
    return DeliveryError(f"{where}{column}{value} is {reason}.", cure=cure)


_PLACE = '"t:path", "t:row"'


def _with_places(landed: Landed, first: Plan) -> str:
    """The plan's values with each row's file and place beside them."""
    placed = replace(first, texts={**first.texts, "t:path": 'r."x:path"', "t:row": "r.file_row_number"})
    return placed.values(landed.placed())


def _slash_format(connection: DuckDBPyConnection, landed: Landed, shape: Shape) -> str | None:
    """The one format of dates with slashes under which every billing period is a whole month; None when none is sure."""
    start, end = (shape.names.get(name) for name in ("BillingPeriodStart", "BillingPeriodEnd"))
    if not start or not end or landed.types[start] != "VARCHAR" or landed.types[end] != "VARCHAR":
        return None
    pairs = f"SELECT DISTINCT {quote(start)} AS a, {quote(end)} AS b FROM {landed.relation} WHERE contains(a, '/')"
    if connection.execute(f"{pairs} LIMIT 1").fetchone() is None:
        return None
    sure = [
        text for text in SLASH_FORMATS if (row := connection.execute(_whole_months(pairs, text)).fetchone()) and row[0] and row[1]
    ]
    readings = {connection.execute(_months_read(pairs, text)).fetchone() for text in sure}
    return sure[0] if len(readings) == 1 else None


def _whole_months(pairs: str, text: str) -> str:
    first, last = (f"try_strptime({side}, {literal(text)})" for side in ("a", "b"))
    whole = f"day({first}) = 1 AND {last} = {first} + INTERVAL 1 MONTH AND year({first}) BETWEEN 1990 AND 2200"
    return f"SELECT count(*) > 0, bool_and(coalesce({whole}, false)) FROM ({pairs})"


def _months_read(pairs: str, text: str) -> str:
    return f"SELECT CAST(list_sort(list(try_strptime(a, {literal(text)}))) AS VARCHAR) FROM ({pairs})"


def _rejected(connection: DuckDBPyConnection, landed: Landed, first: Plan) -> tuple[Rejected, ...]:
    columns = ("BillingCurrency", "BilledCost", "EffectiveCost")
    amounts = (f"CAST({quote(name)} AS VARCHAR)" if name in first.columns else "NULL" for name in columns)
    names = [name.removeprefix("t:") for name in first.texts if name.startswith("t:")]
    raw = ", ".join(f"{literal(name)}: CAST({quote(f't:{name}')} AS VARCHAR)" for name in names)
    query = (
        f"SELECT {_PLACE}, reason, to_json({{{raw}}}), {period_expression(first.shape.dataset)}, {', '.join(amounts)} "
        f"FROM (SELECT *, {first.reason()} AS reason FROM {_with_places(landed, first)}) "
        f"WHERE reason IS NOT NULL ORDER BY 1, 2"
    )
    found = connection.execute(query).fetchall()
    places = [(str(row[0]), int(row[1])) for row in found]
    lines = lines_of(connection, landed, places)
    given = _as_delivered(connection, landed.origin, places) if landed.origin else {}
    return tuple(
        _reject(lines[place], [*row[:3], given.get(place, row[3]), *row[4:]]) for place, row in zip(places, found, strict=True)
    )


def _as_delivered(
    connection: DuckDBPyConnection, origin: Landed, places: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """The rows at some places as they were delivered, as JSON; a mapping shows in its rows only what it made of them."""
    columns = ", ".join(f"{literal(name)}: CAST(r.{quote(name)} AS VARCHAR)" for name in origin.types)
    wanted = ", ".join(f"({literal(path)}, {row})" for path, row in places)
    place = 'r."x:path", r.file_row_number'
    query = f"SELECT {place}, to_json({{{columns}}}) FROM {origin.placed()} r WHERE ({place}) IN (VALUES {wanted})"
    return {(str(row[0]), int(row[1])): str(row[2]) for row in connection.execute(query).fetchall()}


def _reject(place: tuple[str, int], row: Sequence[Any]) -> Rejected:
    column, _, reason = str(row[2]).partition(": ")
    kept = {name: value for name, value in json.loads(row[3]).items() if value is not None}
    text = json.dumps(kept, ensure_ascii=False)
    period, currency, billed, effective = row[4:8]
    return Rejected(*place, column, reason, text, period, currency, billed, effective)


def lines_of(
    connection: DuckDBPyConnection, landed: Landed, places: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], tuple[str, int]]:
    """Each place (path, row number from 0) as (file name, line): the line of a text file, the row of a Parquet file."""
    lines: dict[tuple[str, int], tuple[str, int]] = {}
    for path in {path for path, _ in places}:
        file = landed.file_at(path)
        rows = sorted(row for other, row in places if other == path)
        numbers = _text_lines(connection, file, rows) if file.is_text else [row + 1 for row in rows]
        lines.update({(path, row): (file.name, line) for row, line in zip(rows, numbers, strict=True)})
    return lines


def _text_lines(connection: DuckDBPyConnection, file: LandedFile, rows: Sequence[int]) -> list[int]:
    """Lines of rows: the header, every record before, and the line ends inside the values of all of these."""
    inside = line_breaks_inside(connection, file.path)
    numbers = []
    for row in rows:
        record = row + 2
        extra = sum(number for place, number in inside if place < row)
        for skipped in sorted(file.bad_lines, key=lambda line: line.record):
            if skipped.record <= record:
                record, extra = record + 1, extra + skipped.text.count("\n")
        numbers.append(record + extra)
    return numbers


def _sums(connection: DuckDBPyConnection, landed: Landed, chosen: Plan) -> tuple[PeriodSum, ...]:
    dataset = chosen.shape.dataset

    def column(name: str) -> str:
        return quote(name) if name in chosen.columns else "CAST(NULL AS VARCHAR)"

    billed = "sum(BilledCost)" if "BilledCost" in chosen.columns else "NULL"
    effective = "sum(EffectiveCost)" if "EffectiveCost" in chosen.columns else "NULL"
    accepted = f"WHERE {chosen.reason()} IS NULL" if chosen.checks else ""
    query = (
        f"SELECT {period_expression(dataset)} AS p, {column('BillingCurrency')} AS c, {column('InvoiceIssuerName')} AS i, "
        f"{column('BillingAccountId')} AS a, count(*), CAST({billed} AS VARCHAR), CAST({effective} AS VARCHAR) "
        f"FROM {chosen.values(landed.relation)} {accepted} GROUP BY 1, 2, 3, 4 ORDER BY ALL"
    )
    found = connection.execute(query).fetchall()
    return tuple(PeriodSum(str(row[0]), row[1], row[2], row[3], int(row[4]), row[5], row[6]) for row in found)
