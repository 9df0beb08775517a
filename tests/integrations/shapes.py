"""The same rows in every kind of file that a delivery may be, and what must not depend on the kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.integrations.reading import Read


def write_lines(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of JSON lines, numbers exact."""
    return [json.loads(line, parse_float=Decimal) for line in path.read_text(encoding="utf-8").splitlines()]


def as_kind(source: Path, kind: str, folder: Path) -> Path:
    """A file of CSV or JSON lines as another kind: packed, or as Parquet with the types that DuckDB finds."""
    if kind.endswith(".gz"):
        target = folder / f"{source.name}.gz"
        target.write_bytes(gzip.compress(source.read_bytes()))
        return target
    if kind == "parquet":
        target = folder / f"{source.stem}.parquet"
        lines = f"read_json('{source}', format = 'newline_delimited', sample_size = -1)"
        duckdb.execute(f"COPY (SELECT * FROM {lines}) TO '{target}' (FORMAT parquet)")
        return target
    return source


def told(found: Read, *columns: str) -> list[tuple[Any, ...]]:
    """The charges by some columns, in an order of their own."""
    return sorted((tuple(row[name] for name in columns) for row in found.rows), key=repr)
