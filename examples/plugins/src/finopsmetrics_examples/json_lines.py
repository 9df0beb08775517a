"""An export plugin: a JSON object a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.plugins import ExportPlugin

if TYPE_CHECKING:
    import pyarrow


class JsonLines(ExportPlugin):
    """Amounts are text, so that no reader rounds them; times are UTC; what is not there is null."""

    name = "json-lines"
    version = "1.0.0"
    format = "jsonl"

    def write(self, table: pyarrow.RecordBatchReader, target: Path) -> None:
        """Write each row as an object, one batch after the other."""
        with target.open("w", encoding="utf-8", newline="\n") as out:
            for batch in table:
                out.writelines(json.dumps(row, default=_plain, ensure_ascii=False) + "\n" for row in batch.to_pylist())


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
