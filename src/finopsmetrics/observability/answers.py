"""An answer: rows that sum, the Arrow table behind them, and the receipt that explains them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, overload

from finopsmetrics.core.errors import StoreError
from finopsmetrics.core.money import Money, sum_money
from finopsmetrics.focus.normalise import NO_CURRENCY

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from finopsmetrics.observability.receipts import Receipt

SPREADSHEET_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Answer(Sequence[dict[str, Any]]):
    """Rows of an answer: dimensions, `currency`, `cost` (Decimal), and what was asked for beside (`period`, `previous`).

    It behaves as a list of dicts. Amounts of two currencies are never summed: `total` is per currency.
    """

    def __init__(self, table: pyarrow.Table, receipt: Receipt | None = None) -> None:
        self.table = table
        self.receipt = receipt
        self._rows: list[dict[str, Any]] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts with Decimal amounts."""
        if self._rows is None:
            self._rows = self.table.to_pylist()
        return self._rows

    @property
    def total(self) -> dict[str, Money]:
        """The sum of the costs by currency, exactly."""
        amounts = [Money(row["cost"], row["currency"] or NO_CURRENCY) for row in self.rows if row["cost"] is not None]
        return sum_money(amounts)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.rows[index]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        told = ", ".join(f"{money:,.2f}" for money in self.total.values())
        return f"<Answer of {len(self)} rows: {told or 'nothing'}>"

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table; costs are decimal128(38, 18), times are UTC without zone."""
        return self.table

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame; costs are Decimal objects. Raises StoreError without pandas."""
        try:
            import pandas as _  # noqa: F401
        except ModuleNotFoundError as error:
            raise StoreError("pandas is not installed.", cure="pip install finopsmetrics[pandas], or use to_arrow().") from error
        frame: pandas.DataFrame = self.table.to_pandas()
        return frame

    def to_json_rows(self) -> list[dict[str, Any]]:
        """The rows as plain data: amounts as decimal text in full scale, times as ISO text in UTC."""
        return [plain_row(row) for row in self.rows]

    def to_csv(self) -> str:
        """The rows as CSV with a header; text that a spreadsheet would run as a formula is made plain."""
        return csv_text(self.table.column_names, (list(row.values()) for row in self.rows))


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as plain data, for JSON."""
    return {name: plain_value(value) for name, value in row.items()}


def plain_value(value: Any) -> Any:
    """A value as plain data: decimals as text in full scale, times as ISO text in UTC."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat() + "Z"
    if isinstance(value, tuple):
        return [plain_value(entry) for entry in value]
    return value if value is None or isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def plain_tree(value: Any) -> Any:
    """Mappings and lists with all that they hold, as plain data."""
    if isinstance(value, Mapping):
        return {str(name): plain_tree(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_tree(entry) for entry in value]
    return plain_value(value)


def csv_text(names: Sequence[str], rows: Iterator[list[Any]] | Any) -> str:
    """Rows as CSV, safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(name) for name in names])
    for row in rows:
        writer.writerow([_safe(plain_value(value)) for value in row])
    return out.getvalue()


def _safe(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula; numbers stay numbers."""
    if not isinstance(value, str) or not value.startswith(SPREADSHEET_FORMULA):
        return value
    try:
        Decimal(value)
    except ArithmeticError:
        return "'" + value
    return value


def digest(table: pyarrow.Table) -> str:
    """A hash of an answer's rows that does not depend on their order."""
    rows = sorted(json.dumps(plain_row(row), sort_keys=True, ensure_ascii=False) for row in table.to_pylist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
