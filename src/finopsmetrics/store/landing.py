"""Bring taken files into one relation that the engine reads in parallel, with each row's place kept for reports.

Text files are parsed once, strictly, into Parquet of text; lines with the wrong number of columns go to quarantine with
their line number. Parquet is read as it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.registry import recognise
from finopsmetrics.store.duck import ROW_GROUP_ROWS, first_line
from finopsmetrics.store.intake import TakenFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DELIMITERS = ",;\t|"
LINE_LIMIT = 8 << 20
_NO_TIME = "'no time is written like this %Y'"  # so that no text is taken for a time


@dataclass(frozen=True)
class BadLine:
    """A line of a text file that is no row: its place, and why. `record` counts records with the header as 1."""

    file: str
    record: int
    line: int
    column: str
    reason: str
    text: str


@dataclass(frozen=True)
class LandedFile:
    """One file of the relation: its name in the delivery, its path, whether it is text, and its lines that were no rows."""

    name: str
    path: str
    is_text: bool
    bad_lines: tuple[BadLine, ...]


@dataclass(frozen=True)
class Landed:
    """The relation to read, its columns with DuckDB types in order, its rows, and the files it is made of."""

    relation: str
    types: dict[str, str]
    rows: int
    files: tuple[LandedFile, ...]
    origin: Landed | None = None  # the relation as delivered, where this one is mapped from it
    stored: tuple[str, ...] = ()  # where a mapped relation lies

    def placed(self) -> str:
        """The relation with each row's file (`x:path`) and row number in it from 0 (`file_row_number`)."""
        if self.origin is not None:  # a mapped relation carries the places of the rows that it was made of
            return self.relation
        return self.relation.removesuffix(")") + ", filename = 'x:path', file_row_number = true)"

    def file_at(self, path: str) -> LandedFile:
        """The delivered file behind a path of the relation."""
        return next(file for file in self.files if file.path == path)


def land(connection: DuckDBPyConnection, files: Sequence[TakenFile], room: Path) -> Landed:
    """Make one relation of the files of a delivery. Raises DeliveryError for files that differ in their columns."""
    landed: list[LandedFile] = []
    headers: dict[str, tuple[str, ...]] = {}
    for number, file in enumerate(files):
        if file.kind == "parquet":
            landed.append(LandedFile(file.name, str(file.table), is_text=False, bad_lines=()))
        elif file.kind in {"jsonl", "jsonl.gz"}:
            target = room / f"landed-{number}.parquet"
            _land_records(connection, file, target)
            landed.append(LandedFile(file.name, str(target), is_text=False, bad_lines=()))
        else:
            target = room / f"landed-{number}.parquet"
            bad = _land_text(connection, file, number, target)
            landed.append(LandedFile(file.name, str(target), is_text=True, bad_lines=tuple(bad)))
        headers[file.name] = _columns(connection, landed[-1].path, file.name)
    _refuse_mixed(headers)
    listed = ", ".join(literal(file.path) for file in landed)
    relation = f"read_parquet([{listed}], union_by_name = {str(len(landed) > 1).lower()})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    counted = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return Landed(relation, types, int(counted[0]) if counted else 0, tuple(landed))


def _columns(connection: DuckDBPyConnection, path: str, name: str) -> tuple[str, ...]:
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(path)})").fetchall()
    except duckdb.Error as error:
        raise DeliveryError(f"{name} cannot be read: {first_line(error)}.", cure="Deliver it again.") from error
    return tuple(str(row[0]) for row in described)


def _refuse_mixed(headers: dict[str, tuple[str, ...]]) -> None:
    """Raise DeliveryError for files of different columns, unless each by itself is the same native format.

    Vendors that write a column for each tag write other columns with each file.
    """
    first_name, first = next(iter(headers.items()))
    if len(headers) > 1 and len({_format(header) for header in headers.values()}) == 1 and _format(first):
        return
    for name, columns in headers.items():
        if {column.lower() for column in columns} != {column.lower() for column in first}:
            odd = sorted({*columns} ^ {*first})[:5]
            raise DeliveryError(
                f"{name} and {first_name} have different columns ({', '.join(odd)}).",
                cure="Files of one delivery share their columns; deliver these apart.",
            )


def _format(header: tuple[str, ...]) -> str:
    """The native format that a header is; empty where it is none."""
    try:
        found = recognise(header)
    except DeliveryError:
        return ""
    return found.id if found else ""


def _land_text(connection: DuckDBPyConnection, file: TakenFile, number: int, target: Path) -> list[BadLine]:
    import duckdb

    delimiter, header = _header(file)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    scan, errors = f"reject_scans_{number}", f"reject_errors_{number}"
    options = (
        f"header = true, auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, strict_mode = true, max_line_size = {LINE_LIMIT}, store_rejects = true, "
        f"rejects_scan = {literal(scan)}, rejects_table = {literal(errors)}, rejects_limit = 0"
    )
    source = f"read_csv({literal(str(file.table))}, {options})"
    connection.execute("SET preserve_insertion_order = true")
    try:
        connection.execute(
            f"COPY (SELECT * FROM {source}) TO {literal(str(target))} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        )
        rejected = connection.execute(
            f"SELECT line, column_name, error_type, csv_line, error_message FROM {quote(errors)} ORDER BY line"
        ).fetchall()
    except duckdb.Error as error:
        raise DeliveryError(f"{file.name} cannot be read: {first_line(error)}.", cure="Deliver it again.") from error
    finally:
        connection.execute("SET preserve_insertion_order = false")
    return _placed(connection, target, _judge(file, rejected))


def _land_records(connection: DuckDBPyConnection, file: TakenFile, target: Path) -> None:
    """Lines of JSON, each one record; nested records stay nested. Times stay text, to be read as all others are."""
    import duckdb

    options = (
        f"format = 'newline_delimited', records = true, sample_size = -1, maximum_depth = -1, map_inference_threshold = -1, "
        f"dateformat = {_NO_TIME}, timestampformat = {_NO_TIME}, maximum_object_size = {LINE_LIMIT}"
    )
    connection.execute("SET preserve_insertion_order = true")
    try:
        source = f"read_json({literal(str(file.table))}, {options})"
        into = f"{literal(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        connection.execute(f"COPY (SELECT * FROM {source}) TO {into}")
    except duckdb.Error as error:
        raise DeliveryError(f"{file.name} cannot be read: {first_line(error)}.", cure="Deliver it again.") from error
    finally:
        connection.execute("SET preserve_insertion_order = false")


def line_breaks_inside(connection: DuckDBPyConnection, path: str) -> list[tuple[int, int]]:
    """The rows of landed text (from 0) whose values hold line ends, each with how many."""
    source = f"read_parquet({literal(path)}, file_row_number = true)"
    joined = f"(SELECT file_row_number AS n, concat_ws('', *COLUMNS(* EXCLUDE (file_row_number))) AS t FROM {source})"
    breaks = "length(t) - length(replace(t, chr(10), ''))"
    found = connection.execute(f"SELECT n, {breaks} FROM {joined} WHERE contains(t, chr(10)) ORDER BY n").fetchall()
    return [(int(row), int(number)) for row, number in found]


def _placed(connection: DuckDBPyConnection, target: Path, bad: list[BadLine]) -> list[BadLine]:
    """Turn record numbers into lines of the file: values that hold line ends stand on several."""
    if not bad:
        return bad
    inside = line_breaks_inside(connection, str(target))
    placed: list[BadLine] = []
    for before, one in enumerate(sorted(bad, key=lambda entry: entry.record)):
        rows = one.record - 2 - before
        extra = sum(number for row, number in inside if row < rows) + sum(b.text.count("\n") for b in placed)
        placed.append(replace(one, line=one.record + extra))
    return placed


def _judge(file: TakenFile, rejected: Sequence[tuple[int, str, str, str, str]]) -> list[BadLine]:
    bad: dict[int, BadLine] = {}
    for line, column, kind, text, message in rejected:
        if kind == "INVALID ENCODING":
            cure = "Save it as UTF-8 and deliver it again."
            raise DeliveryError(f"{file.name} is not UTF-8 text: see line {line}.", cure=cure)
        if kind == "UNQUOTED VALUE" or (kind == "MISSING COLUMNS" and _is_last_line(file.table, text)):
            cause = f"{file.name} is cut short, or a quote is never closed: see line {line}."
            raise DeliveryError(cause, cure="Deliver it again.")
        reason = message.split("\n")[0].strip().rstrip(".")
        bad.setdefault(line, BadLine(file.name, int(line), int(line), column or "", reason, text[:20_000]))
    return list(bad.values())


def _is_last_line(path: Path, text: str) -> bool:
    """Whether the file ends with this line, without a line's end: then it was cut there."""
    tail = text.encode()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(tail) - 1))
        return file.read().endswith(tail) if tail else False


def _header(file: TakenFile) -> tuple[str, list[str]]:
    """The delimiter and the column names of a text file, from its first line."""
    import csv

    with file.table.open(encoding="utf-8-sig", newline="") as text:
        first = text.readline(LINE_LIMIT)
        delimiter = max(DELIMITERS, key=first.count)
        text.seek(0)
        names = next(csv.reader(text, delimiter=delimiter), [])
    if len(names) < 2:
        raise DeliveryError(f"{file.name} has no header of columns in its first line.", cure="Deliver FOCUS as CSV.")
    if any(not name.strip() for name in names):
        raise DeliveryError(f"{file.name} has a column without a name in its header.", cure="Name it and deliver again.")
    return delimiter, [name.strip() for name in names]
