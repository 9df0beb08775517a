"""Writes deliveries to a folder: one folder each, with the files and a manifest that tells their hashes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from finopsmetrics.demo.amounts import exact
from finopsmetrics.demo.charges import run
from finopsmetrics.demo.columns import select
from finopsmetrics.demo.estate import Estate, Source
from finopsmetrics.demo.papers import (
    Paper,
    billing_periods,
    contract_commitments,
    invoice_details,
    schema_of,
)
from finopsmetrics.demo.schedule import Delivery, schedule
from finopsmetrics.demo.truth import Ledger
from finopsmetrics.demo.window import next_month

# Which resource a loud case changes: the one with the largest use that no event and no commitment touches.
_LOUD = """
    SELECT c.resource, c.account FROM cut c JOIN resource r ON r.n = c.resource
    WHERE NOT r.prompt AND c.commitment IS NULL AND c.class IS NULL
    GROUP BY ALL ORDER BY sum(c.billed) DESC, c.resource LIMIT 1
"""


def write_deliveries(estate: Estate, con: duckdb.DuckDBPyConnection, folder: Path, ledger: Ledger) -> None:
    """Write every delivery of `estate` below `folder` and note in `ledger` what each of them says."""
    plan = schedule(estate)
    width = max(3, len(str(len(plan))))
    if folder.exists():
        shutil.rmtree(folder)
    for number, delivery in enumerate(plan, 1):
        name = f"{number:0{width}d}_{delivery.delivered_at:%Y%m%dT%H%M%SZ}_{delivery.source}"
        place = folder / name
        place.mkdir(parents=True)
        if delivery.dataset == "CostAndUsage":
            file, rows = _write_charges(estate, con, delivery, place, ledger)
        else:
            file, rows = _write_paper(estate, delivery, place, ledger)
        _write_manifest(estate, delivery, place, file, rows)
        ledger.delivered(name, delivery, rows)


def _write_charges(
    estate: Estate, con: duckdb.DuckDBPyConnection, delivery: Delivery, place: Path, ledger: Ledger
) -> tuple[Path, int]:
    source = estate.source(delivery.source)
    _cut(con, source, delivery)
    change = _change(con, delivery)
    ledger.read_cut(con, delivery, change)
    file = place / f"part-0.{source.file_format}"
    if source.file_format == "parquet":
        con.execute(f"COPY ({select(source)}) TO '{_quoted(file)}' (FORMAT parquet, COMPRESSION zstd)")
    else:
        plain = place / "part-0.csv"
        con.execute(f"COPY ({select(source)}) TO '{_quoted(plain)}' (FORMAT csv, HEADER true)")
        if file != plain:
            file.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
            plain.unlink()
    return file, ledger.rows(delivery)


def _cut(con: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery) -> None:
    """Fill the table `cut` with what this delivery shows; only an issued invoice has numbers and is rounded."""
    through = min(delivery.at, next_month(delivery.period))
    run(con, "cut", source=source.key, period=delivery.period, at=delivery.at)
    if source.key == "aws":
        run(con, "support", through=through)
    if source.tax_rate:
        run(con, "tax", through=through)
    if delivery.state != "snapshot":
        run(con, "invoice", through=through)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _change(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> dict[str, Any] | None:
    """Apply a loud case to the cut: use that grew by 5 %, or use that moved to another account."""
    if delivery.state not in ("restated", "moved"):
        return None
    resource, account = con.execute(_LOUD).fetchall()[0]
    if delivery.state == "restated":
        con.execute(
            """UPDATE cut SET quantity = (quantity * 1.05)::DECIMAL(18, 6) WHERE resource = $1 AND class IS NULL;
            UPDATE cut SET billed = money(quantity, price), effective = money(quantity, price),
                contracted = money(quantity, price), list_cost = money(quantity, list_price)
            WHERE resource = $1 AND class IS NULL""".replace("$1", str(resource))
        )
        return {"resource": resource, "account": account}
    other = "SELECT min(account) FROM cut WHERE account <> ?"
    target = con.execute(other, [account]).fetchall()[0][0]
    con.execute("UPDATE cut SET account = ? WHERE resource = ?", [target, resource])
    return {"resource": resource, "account": account, "moved_to": target}


def _write_paper(estate: Estate, delivery: Delivery, place: Path, ledger: Ledger) -> tuple[Path, int]:
    if delivery.dataset == "InvoiceDetail":
        papers = invoice_details(estate, delivery, ledger.details(delivery))
    elif delivery.dataset == "BillingPeriod":
        papers = billing_periods(estate, delivery)
    else:
        papers = contract_commitments(estate, delivery)
    if estate.source(delivery.source).is_cloud:
        file = place / "part-0.parquet"
        pq.write_table(pa.Table.from_pylist(papers, schema=schema_of(papers)), file)
    else:
        file = place / "part-0.csv"
        file.write_text(_as_csv(papers), encoding="utf-8", newline="")
    return file, len(papers)


def _as_csv(papers: Sequence[Paper]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(papers[0])
    writer.writerows([_cell(value) for value in paper.values()] for paper in papers)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return exact(value) if isinstance(value, Decimal) else str(value)


def _version(source: Source, dataset: str) -> str:
    return source.focus_version if dataset == "CostAndUsage" else "1.4"


def _write_manifest(estate: Estate, delivery: Delivery, place: Path, file: Path, rows: int) -> None:
    content = file.read_bytes()
    manifest = {
        "source": delivery.source,
        "delivered_at": f"{delivery.delivered_at:%Y-%m-%dT%H:%M:%SZ}",
        "synthetic": True,
        "dataset": delivery.dataset,
        "focus_version": _version(estate.source(delivery.source), delivery.dataset),
        "billing_periods": [delivery.period.isoformat()],
        "files": [
            {
                "path": file.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "rows": rows,
            }
        ],
    }
    (place / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
