"""Write a profiled delivery as data files of the lake: one folder a billing period, and its daily rollup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import DeliveryError, StoreError
from finopsmetrics.core.exact import plus
from finopsmetrics.focus.columns import COST_COLUMNS, datasets
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store.duck import ROW_GROUP_ROWS, first_line
from finopsmetrics.store.landing import Landed
from finopsmetrics.store.profile import Profile, period_expression
from finopsmetrics.store.rollup import ROLLUP_TABLE, rollup_query, tag_keys

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Rows of one file: about 512 MB of charges; a larger period becomes several files.
FILE_BYTES = "512MB"
UNITS = ("hour", "day", "month")
MOST_WAITING_ROWS = 524_288
FORMAT = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"


@dataclass(frozen=True)
class WrittenFile:
    """A data file in the staging folder: its table, billing period, rows, what else a reader must know of it."""

    table: str
    path: Path
    period: str
    rows: int
    extras: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    within: str = ""


@dataclass(frozen=True)
class Written:
    """All files of a delivery, and the sums read back from them: period -> currency -> metric -> exact amount."""

    files: tuple[WrittenFile, ...]
    totals: dict[str, dict[str, dict[str, str]]]


def write(
    connection: DuckDBPyConnection,
    landed: Landed,
    found: Profile,
    stamp: tuple[str, str],
    room: Path,
    note: Callable[[str], None] = lambda _: None,
) -> Written:
    """Write the accepted rows by billing period, read the sums back from the files, and make the rollup.

    `stamp` is (source, delivery id), kept on every row. Raises DeliveryError when the engine cannot read a value that the
    profile found good, and StoreError when the files do not hold the sums that were counted.
    """
    import duckdb

    dataset = datasets()[found.plan.shape.dataset]
    target = room / "written" / dataset.table
    target.mkdir(parents=True)
    try:
        note("writing")
        _copy(connection, landed, found, stamp, target)
        files = _describe(connection, dataset.table, target, found)
        totals = _read_back(connection, files, found) if dataset.name == "CostAndUsage" else {}
        if dataset.name == "CostAndUsage":
            note("rolling up")
            files += _roll_up(connection, files, stamp, room / "written" / ROLLUP_TABLE)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise DeliveryError(f"The delivery cannot be read: {first_line(error)}.", cure="Deliver it again.") from error
    return Written(tuple(files), totals)


def _copy(connection: DuckDBPyConnection, landed: Landed, found: Profile, stamp: tuple[str, str], target: Path) -> None:
    dataset = found.plan.shape.dataset
    source, delivery = (literal(text) for text in stamp)
    period = literal(found.periods[0]) if len(found.periods) == 1 else period_expression(dataset)
    where = f"WHERE {found.plan.reason()} IS NULL" if found.plan.checks else ""
    rows = (
        f"SELECT {source} AS x_fm_source, {period} AS x_fm_period, {delivery} AS x_fm_delivery, {found.plan.names()} "
        f"FROM {found.plan.values(landed.relation)} {where}"
    )
    if len(found.periods) == 1:
        folder = target / f"x_fm_period={found.periods[0]}"
        connection.execute(f"COPY ({rows}) TO {literal(str(folder))} ({FORMAT}, FILE_SIZE_BYTES '{FILE_BYTES}')")
    else:
        # By default half a million rows wait for each thread, spilled when memory is short: twice the work for the same files.
        waiting = min(ROW_GROUP_ROWS * len(found.periods), MOST_WAITING_ROWS)
        connection.execute(f"SET partitioned_write_flush_threshold = {waiting}")
        options = "PARTITION_BY (x_fm_period), WRITE_PARTITION_COLUMNS true"
        connection.execute(f"COPY ({rows}) TO {literal(str(target))} ({FORMAT}, {options})")


def _describe(connection: DuckDBPyConnection, table: str, target: Path, found: Profile) -> list[WrittenFile]:
    known = set(datasets()[found.plan.shape.dataset].columns)
    extras = tuple(name for name in found.plan.columns if name not in known)
    charges = found.plan.shape.dataset == "CostAndUsage"
    whole = [f"bool_and(ChargePeriodEnd <= date_trunc('{unit}', ChargePeriodStart) + INTERVAL 1 {unit})" for unit in UNITS]
    span = ", ".join(["min(ChargePeriodStart)", "max(ChargePeriodEnd)", *whole]) if charges else "NULL, NULL"
    files = []
    for path in sorted(target.rglob("*.parquet")):
        row = connection.execute(f"SELECT count(*), {span} FROM {_reading(path)}").fetchone()
        period = path.parent.name.partition("=")[2]
        if row and row[0]:
            within = next((unit for unit, holds in zip(UNITS, row[3:], strict=False) if holds), "")
            files.append(WrittenFile(table, path, period, int(row[0]), extras, row[1], row[2], within))
    return files


def _read_back(connection: DuckDBPyConnection, files: list[WrittenFile], found: Profile) -> dict[str, dict[str, dict[str, str]]]:
    """Sum the written files, and insist that rows and sums are those that were counted before the write."""
    listed = ", ".join(literal(str(file.path)) for file in files)
    sums = ", ".join(f"CAST(sum({quote(name)}) AS VARCHAR)" for name in COST_COLUMNS)
    query = f"SELECT x_fm_period, BillingCurrency, {sums}, count(*) FROM read_parquet([{listed}]) GROUP BY 1, 2"
    rows = connection.execute(f"{query} ORDER BY 1, 2").fetchall() if files else []
    counted: dict[tuple[str, str | None], list[Decimal]] = {}
    for entry in found.sums:
        known = counted.setdefault((entry.period, entry.currency), [Decimal(0), Decimal(0), Decimal(0)])
        known[0] += entry.rows
        known[1] = plus(known[1], Decimal(entry.billed or 0))
        known[2] = plus(known[2], Decimal(entry.effective or 0))
    written = {(row[0], row[1]): [Decimal(row[6]), Decimal(row[2] or 0), Decimal(row[3] or 0)] for row in rows}
    if written != counted:
        cure = "Nothing was changed. This is a defect: please report it with the kind of file."
        raise StoreError("The written files do not hold the sums that were delivered.", cure=cure)
    totals: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        named = zip(("billed", "effective", "list", "contracted"), row[2:6], strict=True)
        totals.setdefault(row[0], {})[row[1]] = {name: value for name, value in named if value is not None}
    return totals


def _roll_up(connection: DuckDBPyConnection, files: list[WrittenFile], stamp: tuple[str, str], target: Path) -> list[WrittenFile]:
    made = []
    for period in sorted({file.period for file in files}):
        own = [file for file in files if file.period == period]
        charges = f"read_parquet([{', '.join(literal(str(file.path)) for file in own)}])"
        daily = all(file.within in {"hour", "day"} for file in own)
        keys = tag_keys(connection, charges)
        folder = target / f"x_fm_period={period}"
        folder.mkdir(parents=True)
        path = folder / "rollup.parquet"
        connection.execute(f"COPY ({rollup_query(charges, stamp, period, keys, daily=daily)}) TO {literal(str(path))} ({FORMAT})")
        row = connection.execute(f"SELECT count(*), min(ChargeDay), max(ChargeDay) FROM {_reading(path)}").fetchone()
        if row:
            made.append(WrittenFile(ROLLUP_TABLE, path, period, int(row[0]), keys, row[1], row[2]))
    return made


def _reading(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
