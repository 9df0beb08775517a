"""Count again: the sums of data files against what was delivered, and delivered files against their hashes."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select

from finopsmetrics.core.errors import StoreError
from finopsmetrics.focus.columns import COST_COLUMNS
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.store import records
from finopsmetrics.store.duck import writer
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.records import FileRecord, PeriodRecord
from finopsmetrics.store.rollup import ROLLUP_TABLE
from finopsmetrics.store.tables import deliveries

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

METRICS = ("billed", "effective", "list", "contracted")
Sums = dict[str, dict[str, Decimal]]


def wrong_sums(opened: OpenedHome) -> tuple[list[str], int]:
    """Billing periods whose data files do not hold the delivered rows and sums, in words; and how many were counted."""
    wrong: list[str] = []
    counted = 0
    with opened.home.workroom() as room, writer(room) as duck:
        for record, files in _counted(opened):
            counted += 1
            for table, rows in (("cost_and_usage", "count(*)"), (ROLLUP_TABLE, "sum(Charges)")):
                own = [file for file in files if file.table == table]
                number, sums = _recount(duck, opened, own, rows)
                if number != record.rows or sums != _told(record):
                    wrong.append(f"{record.source} {record.period}, delivery {record.delivery_id}: {table} does not add up")
    return wrong, counted


def _counted(opened: OpenedHome) -> list[tuple[PeriodRecord, list[FileRecord]]]:
    """Periods of charges with their data files, as far as these lie in the lake."""
    with opened.database.read() as connection:
        known = records.periods(connection, dataset="CostAndUsage")
        ids = sorted({record.delivery_id for record in known})
        files = [file for table in ("cost_and_usage", ROLLUP_TABLE) for file in records.files_of(connection, table, ids)]
    found = []
    for record in known:
        own = [file for file in files if (file.delivery_id, file.period) == (record.delivery_id, record.period)]
        if own:
            found.append((record, own))
        elif record.current:
            raise StoreError(f"{record.source} {record.period} is in effect and has no data file.", cure="Take it in again.")
    return found


def _recount(duck: DuckDBPyConnection, opened: OpenedHome, files: list[FileRecord], rows: str) -> tuple[int, Sums]:
    if not files:
        return 0, {}
    listed = ", ".join(literal(str(opened.home.root / file.path)) for file in files)
    sums = ", ".join(f"CAST(sum({quote(name)}) AS VARCHAR)" for name in COST_COLUMNS)
    query = f"SELECT BillingCurrency, {rows}, {sums} FROM read_parquet([{listed}], hive_partitioning = false) GROUP BY 1"
    found = duck.execute(query).fetchall()
    amounts = {
        row[0] or "null": {name: Decimal(value) for name, value in zip(METRICS, row[2:], strict=True) if value is not None}
        for row in found
    }
    return sum(int(row[1]) for row in found), amounts


def _told(record: PeriodRecord) -> Sums:
    return {
        str(currency): {name: Decimal(value) for name, value in amounts.items()} for currency, amounts in record.totals.items()
    }


def damaged_raw(opened: OpenedHome) -> tuple[list[str], int]:
    """Delivered files that are gone or changed, in words; and how many were hashed."""
    with opened.database.read() as connection:
        kept = [file for files in connection.execute(select(deliveries.c.files)).scalars() for file in files]
    wrong = []
    for file in kept:
        path = opened.home.root / file["raw"]
        if not path.is_file():
            wrong.append(f"{file['raw']} is missing")
            continue
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file["sha256"]:
                wrong.append(f"{file['raw']} is not what was delivered")
    return wrong, len(kept)
