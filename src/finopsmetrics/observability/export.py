"""The charges as FOCUS files of any version: exact, complete, and readable by whoever reads FOCUS."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError, StoreError
from finopsmetrics.core.windows import Window
from finopsmetrics.focus.columns import COST_COLUMNS, Column, charges, migration
from finopsmetrics.focus.normalise import NO_CURRENCY
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.observability.export_plugins import exporters, hand_over
from finopsmetrics.observability.plan import conditions_of
from finopsmetrics.observability.query import Filters, build
from finopsmetrics.store.duck import ROW_GROUP_ROWS, writer
from finopsmetrics.store.durable import flush, make_folder
from finopsmetrics.store.engines.duck import table_select
from finopsmetrics.store.entry_book import EntryBook
from finopsmetrics.store.lake import CHARGES, Snapshot
from finopsmetrics.store.landing import LINE_LIMIT
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.records import FileRecord

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
_FORMATS = {
    "parquet": f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}",
    "csv": "FORMAT csv, HEADER, FORCE_QUOTE *",
    "csv.gz": "FORMAT csv, HEADER, FORCE_QUOTE *, COMPRESSION gzip",
}
Totals = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ExportedFile:
    """One file written: its path, the billing period it holds (None: all of them), its rows and bytes."""

    path: str
    period: str | None
    rows: int
    bytes: int


@dataclass(frozen=True)
class ExportReport:
    """What was written. `totals` are the costs by currency as exact decimal text, read back from the files."""

    version: str
    format: str
    files: tuple[ExportedFile, ...]
    rows: int
    totals: Totals
    columns: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def export_focus(
    opened: OpenedHome,
    target: str | Path,
    *,
    version: str = "1.4",
    window: Window | None = None,
    filters: Filters = None,
    format: str = "parquet",  # noqa: A002
    custom: bool = True,
    scope: Condition | None = None,
) -> ExportReport:
    """Write the charges as FOCUS `version` (1.0 to 1.4): a file for each billing period into the folder `target`, or all into
    one file where `target` ends in .parquet, .csv or .csv.gz.

    Whole charges are written that touch `window` by their charge period and match `filters` (and `scope`). Columns are those
    of the version, in its order, and with `custom` the `x_` columns that came with the deliveries; ours (`x_fm_…`) stay here.
    Times are UTC; amounts keep every digit: DECIMAL(38,18) in Parquet, plain decimal text in CSV. Nothing is changed to suit
    a spreadsheet. A file appears whole or not at all, and only after what was written was read back and ties to the lake.
    Any other `format` is that of an export plugin, which is handed every row; what it wrote cannot be read back.

    Raises QueryError for a version, format or filter that does not exist, StoreError when a file cannot be written.
    """
    target = Path(target)
    kind = _kind(opened, target, format)
    if version not in VERSIONS:
        raise QueryError(f"There is no FOCUS {version!r} here.", cure=f"Use one of {', '.join(VERSIONS)}.")
    EntryBook(opened).flush()
    snapshot = opened.lake.snapshot()
    asked = build(window=window, filters=filters).narrowed(scope)
    columns = _columns(version, snapshot.extras(), custom=custom)
    job = _Job(opened, version, kind, columns, conditions_of(asked, snapshot.extras()))
    chosen = snapshot.within(CHARGES, asked.start, asked.end)
    with opened.home.workroom() as room, writer(room) as duck:
        duck.execute("SET preserve_insertion_order = true")
        return job.write(duck, snapshot, chosen, target)


@dataclass
class _Job:
    """One export: how the rows are read and written."""

    opened: OpenedHome
    version: str
    kind: str
    columns: dict[str, tuple[str, str]]  # name -> (SQL of the value, kind)
    where: list[str]

    def write(self, duck: DuckDBPyConnection, snapshot: Snapshot, files: Sequence[FileRecord], target: Path) -> ExportReport:
        one = target.name.endswith(f".{self.kind}")
        periods: list[str | None] = [None] if one else list(dict.fromkeys(sorted(file.period for file in files)))
        make_folder((target.parent if one else target).resolve())
        made: list[ExportedFile] = []
        sums: dict[str, dict[str, int]] = {}
        for period in periods:
            path = target if period is None else target / f"focus-{self.version}-{period}.{self.kind}"
            mine = [file for file in files if period is None or file.period == period]
            rows, totals = self._write_one(duck, snapshot, mine, path, keep_empty=period is None)
            for currency, amounts in totals.items():
                line = sums.setdefault(currency, dict.fromkeys(amounts, 0))
                sums[currency] = {name: line[name] + amount for name, amount in amounts.items()}
            if rows or period is None:
                made.append(ExportedFile(str(path), period, rows, path.stat().st_size))
        shown = {currency: {name: _text(units) for name, units in line.items()} for currency, line in sorted(sums.items())}
        count = sum(file.rows for file in made)
        return ExportReport(self.version, self.kind, tuple(made), count, shown, tuple(self.columns))

    def _write_one(
        self, duck: DuckDBPyConnection, snapshot: Snapshot, files: Sequence[FileRecord], path: Path, *, keep_empty: bool
    ) -> tuple[int, dict[str, dict[str, int]]]:
        """Write one file beside its place, read it back, and put it in its place; its rows and sums."""
        rows = self._rows(snapshot, files)
        shown = ", ".join(f"{_written(sql, kind, self.kind)} AS {quote(name)}" for name, (sql, kind) in self.columns.items())
        with _beside(path) as draft:
            wanted = found = _sums(duck, f"({rows})")
            whole = sum(line["rows"] for line in wanted.values())
            if self.kind in _FORMATS:
                duck.execute(f"COPY (SELECT {shown} FROM ({rows})) TO {literal(str(draft))} ({_FORMATS[self.kind]})")
                found = _sums(duck, _reader(draft, self.kind, list(self.columns)))
            elif whole or keep_empty:  # what a plugin wrote cannot be read back: the rows that it took are counted
                whole = hand_over(self.opened, self.kind, duck, f"SELECT {shown} FROM ({rows})", draft)
            if wanted != found or whole != sum(line["rows"] for line in found.values()):
                raise StoreError(f"{path.name} does not hold what the lake holds.", cure="Try again; see `finopsmetrics doctor`.")
            count = sum(line["rows"] for line in found.values())
            if count or keep_empty:
                flush(draft)
                os.replace(draft, path)
                flush(path.resolve().parent)
        return count, {currency: {k: v for k, v in line.items() if k != "rows"} for currency, line in found.items()}

    def _rows(self, snapshot: Snapshot, files: Sequence[FileRecord]) -> str:
        whole = snapshot.source(CHARGES)
        source = snapshot.source(CHARGES, files)
        lacking = [name for name in whole.columns if name not in source.columns]
        nulls = "".join(f", CAST(NULL AS VARCHAR) AS {quote(name)}" for name in lacking)
        tests = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        return f"SELECT * FROM (SELECT *{nulls} FROM ({table_select(source)})){tests}"


def _kind(opened: OpenedHome, target: Path, form: str) -> str:
    kinds = [kind for kind in ("csv.gz", "csv", "parquet") if target.name.endswith(f".{kind}")]
    if form in _FORMATS:
        return kinds[0] if kinds else form
    known = [*_FORMATS, *exporters(opened)]
    if form not in known:
        raise QueryError(f"There is no format {form!r}.", cure=f"Use one of {', '.join(known)}.")
    return form


def _columns(version: str, extras: Sequence[str], *, custom: bool) -> dict[str, tuple[str, str]]:
    """The columns of a version with the SQL that gives them from FOCUS 1.4, and the custom ones behind."""
    live = charges().columns
    shown: dict[str, tuple[str, str]] = {}
    for column in charges().version_columns(version):
        value = quote(column.name) if column.name in live else _restored(column, extras)
        shown[column.name] = (value, column.kind)
    kept = {str(entry["kept_as"]) for name, entry in _removed().items() if name in shown}
    for name in extras if custom else ():
        if name not in kept:
            shown[name] = (quote(name), "text")
    return shown


def _restored(column: Column, extras: Sequence[str]) -> str:
    """A column that 1.4 no longer has, from what the migration table names: as delivered, else from its successors."""
    names = [name for name in _removed()[column.name]["write_from"] if name in charges().columns or name in extras]
    return f"coalesce({', '.join(quote(name) for name in names)})"


def _removed() -> dict[str, dict[str, Any]]:
    return migration()["removed"]  # type: ignore[return-value]


def _written(sql: str, kind: str, form: str) -> str:
    """A value as the format holds it: typed in Parquet and for plugins, as FOCUS writes it in CSV."""
    if not form.startswith("csv"):
        return f"timezone('UTC', {sql})" if kind == "time" else sql
    if kind == "time":
        whole = f"strftime({sql}, '%Y-%m-%dT%H:%M:%S')"
        return f"CASE WHEN microsecond({sql}) % 1000000 = 0 THEN {whole} || 'Z' ELSE strftime({sql}, '%Y-%m-%dT%H:%M:%S.%fZ') END"
    return f"rtrim(rtrim(CAST({sql} AS VARCHAR), '0'), '.')" if kind == "decimal" else sql


def _reader(path: Path, form: str, names: Sequence[str]) -> str:
    if form == "parquet":
        return f"read_parquet({literal(str(path))})"
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    packed = "gzip" if form == "csv.gz" else "none"
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', compression = '{packed}', max_line_size = {LINE_LIMIT}, columns = {{{columns}}})"
    )


def _sums(duck: DuckDBPyConnection, relation: str) -> dict[str, dict[str, int]]:
    """Rows and costs by currency, costs as whole units of the 18th digit: Python's decimals would round long sums."""
    sums = ", ".join(f"CAST(sum(CAST({name} AS DECIMAL(38,18))) AS VARCHAR)" for name in COST_COLUMNS)
    currency = f"coalesce(BillingCurrency, '{NO_CURRENCY}')"
    found = duck.execute(f"SELECT {currency}, count(*), {sums} FROM {relation} GROUP BY 1").fetchall()
    return {
        row[0]: {"rows": row[1], **{name: _units(text) for name, text in zip(COST_COLUMNS, row[2:], strict=True)}}
        for row in found
    }


def _units(text: str | None) -> int:
    return int(text.replace(".", "")) if text else 0


def _text(units: int) -> str:
    digits = f"{abs(units):019d}"
    return f"{'-' if units < 0 else ''}{digits[:-18]}.{digits[-18:]}"


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name for a draft in the folder of `path`; what is left of it in the end is removed."""
    draft = path.parent / f".{path.name}.{uuid.uuid4().hex}.part"
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
