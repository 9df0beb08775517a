"""Read a delivery in a provider's own shape as an ingest does, up to the point where it would be written."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from finopsmetrics.store.draft import read
from finopsmetrics.store.duck import writer
from finopsmetrics.store.ingest import silent
from finopsmetrics.store.intake import take
from finopsmetrics.store.profile import Rejected

NATIVE = Path(__file__).parents[1] / "fixtures" / "native"


@dataclass(frozen=True)
class Read:
    """What was read: the charges, the rejected rows, which mapping read it, and what it told."""

    rows: list[dict[str, Any]]
    rejected: list[Rejected]
    mapping: str
    notes: list[str]

    def total(self, column: str = "BilledCost", **where: Any) -> Decimal:
        """The exact sum of a column over the charges that have all of the given values."""
        chosen = [row for row in self.rows if all(row[name] == value for name, value in where.items())]
        return sum((row[column] or Decimal(0) for row in chosen), Decimal(0))

    def only(self, **where: Any) -> dict[str, Any]:
        """The one charge that has all of the given values."""
        [row] = [row for row in self.rows if all(row[name] == value for name, value in where.items())]
        return row


def read_native(*paths: Path, currency: str | None = None) -> Read:
    """Read files as one delivery. Raises DeliveryError where an ingest would."""
    with tempfile.TemporaryDirectory() as folder, writer(Path(folder)) as duck:
        taken = [take(path, path.name, Path(folder), silent) for path in paths]
        opened = read(duck, taken, Path(folder), currency)
        found = opened.found
        where = f"WHERE {found.plan.reason()} IS NULL"
        query = f"SELECT {found.plan.names()} FROM {found.plan.values(opened.landed.relation)} {where}"
        rows = duck.sql(query).to_arrow_table().to_pylist()
        notes = [*opened.reader.notes, *found.plan.notes]
        return Read(rows, list(opened.rejected), opened.reader.mapping, notes)


def write_native(path: Path, rows: Sequence[Mapping[str, object]], header: Sequence[str] | None = None) -> Path:
    """Write rows as CSV: the header is given, or all columns in the order in which they come up."""
    columns = list(header or dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, columns, restval="")
        out.writeheader()
        out.writerows(rows)
    return path
