"""Read delivered text as an ingest does, up to the point where it would be written."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finopsmetrics.store.duck import writer
from finopsmetrics.store.ingest import read, silent
from finopsmetrics.store.intake import take
from finopsmetrics.store.profile import Profile, Rejected
from finopsmetrics.store.quarantine import totals_of
from finopsmetrics.store.report import Totals
from tests.store.bills import COLUMNS, Row, write_csv


@dataclass(frozen=True)
class Read:
    """What was read: the accepted rows as the lake would hold them, in the order of delivery, and what was told of the rest."""

    rows: list[dict[str, Any]]
    rejected: list[Rejected]
    found: Profile
    repairs: dict[tuple[str, str], int]
    warnings: dict[tuple[str, str], int]

    @property
    def places(self) -> list[tuple[int, str]]:
        """Line and column of each rejected row."""
        return [(row.line, row.column) for row in self.rejected]

    @property
    def quarantined(self) -> Totals:
        """What the rejected rows would have cost."""
        return totals_of(self.rejected)


def read_file(path: Path, currency: str | None = None) -> Read:
    """Read a delivered file. Raises DeliveryError where an ingest would."""
    with tempfile.TemporaryDirectory() as folder, writer(Path(folder)) as duck:
        taken = take(path, path.name, Path(folder), silent)
        opened = read(duck, [taken], Path(folder), currency)
        found = opened.found
        duck.execute("SET preserve_insertion_order = true")
        accepted = (
            f"SELECT {found.plan.names()} FROM {found.plan.values(opened.landed.relation)} WHERE {found.plan.reason()} IS NULL"
        )
        rows = duck.sql(accepted).to_arrow_table().to_pylist()
        repairs = {(column, what): number for column, what, number in found.repairs}
        warnings = {(column, what): number for column, what, number in found.warnings}
        return Read(rows, list(opened.rejected), found, repairs, warnings)


def read_rows(folder: Path, *rows: Row) -> Read:
    """Read charges, written as a FOCUS CSV."""
    return read_file(write_csv(folder / "bill.csv", list(rows)))


def csv_line(row: Row) -> str:
    """A charge as one line of CSV, every value in quotes."""
    return ",".join('"' + row[name].replace('"', '""') + '"' for name in COLUMNS) + "\n"


def write_lines(path: Path, *lines: str) -> Path:
    """A FOCUS CSV of raw lines below the usual header."""
    path.write_text(",".join(COLUMNS) + "\n" + "".join(lines), encoding="utf-8")
    return path
