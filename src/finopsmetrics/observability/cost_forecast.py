"""A cost forecast as it is told: exact amounts by period and group, their bounds, and how good such forecasts were before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import pyarrow

CENT = Decimal("0.01")


@dataclass(frozen=True)
class ForecastRow:
    """One period of one group (empty for the total). Bounds are None where no error of the past is known."""

    start: datetime
    end: datetime
    group: tuple[Any, ...]
    expected: Decimal
    lower: Decimal | None
    upper: Decimal | None


@dataclass(frozen=True)
class ForecastQuality:
    """How good it is, measured on the past of the total.

    `wape`: absolute errors of days as a share of the cost, from `origins` past days; `coverage`: the share of those whose sum lay
    within the bounds that the others make. `basis`: "backtest", or "in sample" where the history is too short for one, and
    `wape` and `coverage` are None. `looked_ahead`: the days that were tested; bounds beyond them are carried on. `models`: those
    chosen, by group. `guarded`: groups in which a model was left out because it ran away.
    """

    basis: str
    wape: float | None
    coverage: float | None
    origins: int
    looked_ahead: int
    history_days: int
    models: dict[tuple[Any, ...], tuple[str, ...]]
    guarded: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Step:
    """What one assumption changes of a forecast or a replay: `amount` is added to what was there before it."""

    name: str
    amount: Decimal
    why: str
    rows: int | None = None


@dataclass(frozen=True)
class Handled:
    """What charges of one kind came to in the history, and how the forecast treats them."""

    kind: str
    amount: Decimal
    how: str


@dataclass(frozen=True)
class CostForecast:
    """What costs will come to from `start` to `end` (UTC, exclusive), in one currency.

    `rows` (by period and group) and `totals` (by period) add up to `expected` cent for cent; `steps` too: the forecast of what
    goes on as it is, and what each assumption changes. Bounds are of the sum itself and not sums of bounds.
    """

    start: datetime
    end: datetime
    currency: str | None
    metric: str
    confidence: float | None
    group_by: tuple[str, ...]
    expected: Decimal
    lower_bound: Decimal | None
    upper_bound: Decimal | None
    rows: list[ForecastRow]
    totals: list[ForecastRow]
    steps: list[Step]
    handled: list[Handled]
    quality: ForecastQuality
    receipts: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """As plain data but for amounts (Decimal) and times."""
        models = [
            {"group": dict(zip(self.group_by, group, strict=False)), "models": list(chosen)}
            for group, chosen in self.quality.models.items()
        ]
        return {
            "start": self.start,
            "end": self.end,
            "currency": self.currency,
            "metric": self.metric,
            "confidence": self.confidence,
            "expected": self.expected,
            "lower_bound": self.lower_bound,
            "upper_bound": self.upper_bound,
            "rows": self.flat_rows(),
            "totals": [_row(row) for row in self.totals],
            "steps": [vars(step) for step in self.steps],
            "handled": [vars(one) for one in self.handled],
            "quality": {
                **{name: getattr(self.quality, name) for name in _TOLD},
                "models": models,
                "guarded": [list(group) for group in self.quality.guarded],
            },
            "receipts": list(self.receipts),
            "notes": list(self.notes),
        }

    def flat_rows(self) -> list[dict[str, Any]]:
        """The rows with a column for each key that was grouped by."""
        return [{**_row(row), **dict(zip(self.group_by, row.group, strict=True))} for row in self.rows]

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table; amounts are decimal128(38, 2)."""
        import pyarrow as pa

        money = pa.decimal128(38, 2)
        fields = [("start", pa.timestamp("us")), ("end", pa.timestamp("us")), *((name, pa.string()) for name in self.group_by)]
        fields += [("currency", pa.string()), *((name, money) for name in ("expected", "lower", "upper"))]
        flat = [{**row, "currency": self.currency, **{n: _text(row[n]) for n in self.group_by}} for row in self.flat_rows()]
        return pa.Table.from_pylist(flat, schema=pa.schema(fields))

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a pandas data frame; amounts are Decimal objects. Raises StoreError without pandas."""
        from finopsmetrics.observability.answers import Answer

        return Answer(self.to_arrow()).to_pandas()


_TOLD = ("basis", "wape", "coverage", "origins", "looked_ahead", "history_days")


def _row(row: ForecastRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("start", "end", "expected", "lower", "upper")}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
