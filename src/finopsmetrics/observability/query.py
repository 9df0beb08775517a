"""The closed model of a cost question: metric, dimensions, window, filter, basis, grain, comparison, top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.conditions.tree import And, Test
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.windows import Window
from finopsmetrics.focus.columns import METRICS, is_dimension

Metric = Literal["billed", "effective", "list", "contracted"]
Basis = Literal["accrual", "cash"]
Grain = Literal["hour", "day", "week", "month", "quarter", "year"]
Filters = Condition | str | Mapping[str, Any] | None
OTHER = "(other)"
MOST_DIMENSIONS = 12
MOST_TOP = 10_000


@dataclass(frozen=True)
class CostQuery:
    """One cost question. Times are UTC without zone, ends exclusive, None for no bound.

    `accrual` counts a charge when it accrues (its charge period, split over it); `cash` counts it in its billing period.
    """

    metric: Metric = "billed"
    group_by: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    where: str | None = None
    basis: Basis = "accrual"
    grain: Grain | None = None
    previous_start: datetime | None = None
    previous_end: datetime | None = None
    top: int | None = None

    def __post_init__(self) -> None:
        for value, kind, what in ((self.metric, Metric, "metric"), (self.basis, Basis, "basis")):
            if value not in get_args(kind):
                raise QueryError(f"There is no {what} {value!r}.", cure=f"Use one of {', '.join(get_args(kind))}.")
        if self.grain is not None and self.grain not in get_args(Grain):
            raise QueryError(f"There is no grain {self.grain!r}.", cure=f"Use one of {', '.join(get_args(Grain))}.")
        if self.top is not None and not 1 <= self.top <= MOST_TOP:
            raise QueryError(f"top is {self.top}.", cure=f"Use a number from 1 to {MOST_TOP}.")
        if len(self.group_by) > MOST_DIMENSIONS:
            raise QueryError(f"{len(self.group_by)} dimensions are too many.", cure=f"Use at most {MOST_DIMENSIONS}.")
        if len({name.lower() for name in self.group_by}) < len(self.group_by):
            raise QueryError("A dimension is named twice.", cure="Name each once.")
        if self.compares and self.grain is not None:
            raise QueryError("A comparison has no grain.", cure="Ask for the two windows by grain one after the other.")

    @property
    def column(self) -> str:
        """The FOCUS cost column of the metric."""
        return METRICS[self.metric]

    @property
    def compares(self) -> bool:
        """Whether the window before is asked for as well."""
        return self.previous_start is not None

    @property
    def condition(self) -> Condition | None:
        """The filter as a condition."""
        return Condition.parse(self.where) if self.where else None

    def narrowed(self, scope: Condition | None) -> CostQuery:
        """The same question within a scope: only charges that match it are seen."""
        if scope is None:
            return self
        mine = self.condition
        return replace(self, where=str(scope if mine is None else mine & scope))

    def within(self, scope: Condition | None) -> bool:
        """Whether the question's own filter keeps it within a scope: every part of the scope is a part of the filter."""
        mine = self.condition
        return scope is None or (mine is not None and parts(scope) <= parts(mine))

    def as_dict(self) -> dict[str, Any]:
        """The question as plain data, for receipts."""
        times = ("start", "end", "previous_start", "previous_end")
        body = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: _text(value) if name in times else value for name, value in body.items()} | {
            "group_by": list(self.group_by)
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> CostQuery:
        """Read `as_dict` back."""
        times = ("start", "end", "previous_start", "previous_end")
        read: dict[str, Any] = {name: _moment(value) if name in times else value for name, value in body.items()}
        read["group_by"] = tuple(body["group_by"])
        return cls(**read)


def parts(condition: Condition) -> set[Test]:
    """The tests that must all hold for a condition to match."""
    tree = condition.tree
    return set(tree.operands) if isinstance(tree, And) else {tree}


def read_filters(filters: Filters) -> str | None:
    """Filters as the text of a condition. A key of a dict that is no FOCUS column is a tag: `{"team": "ml"}`."""
    if filters is None:
        return None
    if isinstance(filters, Condition):
        return str(filters)
    if isinstance(filters, str):
        return str(Condition.parse(filters)) if filters.strip() else None
    named = {
        key if is_dimension(key) or "." in key or key.startswith("x_") else f"tags.{key}": value for key, value in filters.items()
    }
    return str(Condition.from_dict(named)) if named else None


def build(
    *,
    metric: str = "billed",
    group_by: Sequence[str] | str | None = None,
    window: Window | None = None,
    filters: Filters = None,
    basis: str = "accrual",
    grain: str | None = None,
    compare: bool = False,
    top: int | None = None,
) -> CostQuery:
    """Make a question of what people pass. Raises QueryError, WindowError or ConditionError."""
    groups = (group_by,) if isinstance(group_by, str) else tuple(group_by or ())
    start, end = (window.start, window.end) if window else (None, None)
    before = window.previous() if window and compare else None
    if compare and before is None:
        raise QueryError("There is no window to compare with.", cure="Give a bounded window such as 30d or 2026-05.")
    return CostQuery(
        metric=metric,  # type: ignore[arg-type]
        group_by=tuple(name.strip() for name in groups),
        start=naive(start),
        end=naive(end),
        where=read_filters(filters),
        basis=basis,  # type: ignore[arg-type]
        grain=grain,  # type: ignore[arg-type]
        previous_start=naive(before.start) if before else None,
        previous_end=naive(before.end) if before else None,
        top=top,
    )


def naive(moment: datetime | None) -> datetime | None:
    """A time as UTC without zone, as the lake keeps times."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
