"""ObservabilityHub: samples of use, recorded and asked for, within what one may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.samples import Sample
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.memory import memory_of
from finopsmetrics.observability.query import Filters
from finopsmetrics.observability.samples import UsageAnswer, UsageQuery, ask_usage, measures, news, usage_query
from finopsmetrics.store.opened import OpenedHome, open_home
from finopsmetrics.store.sample_book import Recorded, SampleBook

if TYPE_CHECKING:
    import pyarrow


class ObservabilityHub:
    """Samples of one home. `ObservabilityHub()` opens the default home.

    Values are Decimal, one unit in an answer; times are UTC; window ends are exclusive. `scope`, a condition on charges, limits
    what this instance can see to the samples that match it.
    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        opened: OpenedHome | None = None,
        scope: Condition | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._opened = opened or open_home(home)
        self._scope = scope
        self._now = now or (lambda: datetime.now(UTC))
        self._book = SampleBook(self._opened)

    def record(self, samples: Sequence[Sample]) -> Recorded:
        """Keep samples, all in one durable step. The same sample again is no change; another value takes its place."""
        return self._book.add(samples)

    def samples(
        self,
        measure: str,
        *,
        time_range: str | Window = "30d",
        grain: str | None = None,
        group_by: list[str] | tuple[str, ...] | str | None = None,
        statistic: str = "sum",
        filters: Filters = None,
    ) -> UsageAnswer:
        """A measure over a window.

        `grain`: hour, day or month adds `period`; `group_by`: up to two of resource, provider, account, service, region, source
        and tags.KEY; `statistic`: sum, mean, max, min, count or p95; `filters`: a condition over the same names, and `unit`.
        Raises QueryError, also where the samples are in several units; WindowError or ConditionError.
        """
        window = time_range if isinstance(time_range, Window) else Window.parse(time_range, now=self._now())
        return self.ask(usage_query(measure, window, grain=grain, group_by=group_by, statistic=statistic, filters=filters))

    def ask(self, query: UsageQuery) -> UsageAnswer:
        """Answer a question that is made already; the same one is asked once until samples change."""
        key = ("usage", self.place(), self._seen(), query)
        return memory_of(self._opened).result(key, lambda: ask_usage(self._opened, query, self._scope))

    def measures(self) -> pyarrow.Table:
        """What there is, by measure and unit: `measure`, `unit`, `first`, `last`, `samples`."""
        key = ("measures", self.place(), self._seen())
        return memory_of(self._opened).result(key, lambda: measures(self._opened, self._scope))

    def news(self, *, only: tuple[str, ...] | None = None, after: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """How each measure stands that changed with batches after a place, and the place reached; each one without a place.

        Each is `measure`, `unit`, `at` (the newest time), `value` (the sum of what was measured then) and `new`, the number of
        samples that came or changed.
        """
        return news(self._opened, self._scope, only=only, after=after)

    def place(self) -> int:
        """The number of the newest batch that changed something; 0 before the first."""
        return self._book.place()

    def compact(self) -> int:
        """Bring what waits in the state into the lake; give how many samples that were. Answers stay the same."""
        return self._book.compact()

    def _seen(self) -> str | None:
        return None if self._scope is None else str(self._scope)
