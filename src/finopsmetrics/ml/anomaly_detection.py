"""The anomaly detector: judges each day of daily costs as it was known on that day, and groups what is unusual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from finopsmetrics.core.checks import duration, number, share
from finopsmetrics.core.errors import UsageError
from finopsmetrics.ml.anomaly import Anomaly, anomalies_of
from finopsmetrics.ml.calendar import Plan
from finopsmetrics.ml.history import read
from finopsmetrics.ml.judgement import Judgement, Judgements, calendar_of, costs_of, days_of, planned_of
from finopsmetrics.ml.models import judge_with, known
from finopsmetrics.ml.warm import DAYS
from finopsmetrics.ml.work import Work

CHUNK = 512
"""Series judged at a time, so that what is worked on fits the processor's cache."""
LEAST_WINDOW, MOST_WINDOW = 3, 56
_UNIT = {"d": 1, "w": 7}


class AnomalyDetector:
    """Finds unusual rises in daily costs. Causal: a day is judged by that day and those before it, and by what was announced.

    `model`: robust, or isolation_forest, ecod, arima, prophet (the extra `ml`). `sensitivity`: 0 never, 1 at the least rise; a
    number or a percentage. `window`: the days whose level a day is compared with, 3d to 56d (8w). `drops`: whether falls are
    told as well, each on its third day, for before that they may be late bookings (robust only). Raises UsageError.
    """

    def __init__(self, model: str = "robust", sensitivity: Any = 0.95, window: str = "7d", *, drops: bool = False) -> None:
        self.model = known(model)
        self.sensitivity = _sensitivity(sensitivity)
        self.window = _window(window)
        self.drops = drops
        if drops and self.model != "robust":
            raise UsageError(f"The model {model!r} cannot tell drops.", cure="Leave drops out, or use model='robust'.")

    @property
    def ease(self) -> float:
        """What the limits are multiplied with: 1 at a sensitivity of 0.95, more below it, less above."""
        if self.sensitivity == 0:
            return float("inf")
        return max(float(np.cbrt((1 - self.sensitivity) / 0.05)) * 0.95 / self.sensitivity, 0.01)

    def judge(self, costs: Any, dates: Any, holidays: Any = None, planned: Iterable[Plan] | None = None) -> Judgement:
        """Judge one series, the oldest day first; the last one or two days may be partial.

        `costs`: a number a day, NaN where it is not known. `dates`: consecutive days. `holidays`: a flag a day. `planned`:
        (announced, start, end, note) with `end` exclusive or None; it counts from the day on which it was announced.
        Raises UsageError for what cannot be read.
        """
        try:
            row = [float("nan") if cost is None else cost for cost in costs]
        except TypeError as error:
            raise UsageError("The costs are no list of numbers.", cure="Give one number a day, the oldest first.") from error
        found = self.judge_many([row], dates, holidays, [planned])
        one: Judgement = found[0]
        return one

    def judge_many(
        self, costs: Any, dates: Any, holidays: Any = None, planned: Sequence[Iterable[Plan] | None] | None = None
    ) -> Judgements:
        """Judge many series over the same days: `costs` is series x days, `planned` has one list (or None) a series.

        Each series is judged as `judge` does it; no series knows of another. Raises UsageError for what cannot be read.
        """
        table = costs_of(costs)
        days = days_of(dates, table.shape[1])
        calendar = calendar_of(days, holidays)
        plans = [None] * len(table) if planned is None else planned
        if len(plans) != len(table):
            raise UsageError(
                f"There are {len(table)} series and {len(plans)} lists of plans.", cure="Give one a series, or None."
            )
        expected, score = np.full(table.shape, np.nan), np.zeros(table.shape)
        mask = np.stack([planned_of(calendar, one) for one in plans]) if len(table) else np.zeros(table.shape, dtype=bool)
        if np.isfinite(self.ease):
            for first in range(0, len(table), CHUNK):
                rows = slice(first, first + CHUNK)
                work = Work(table[rows], calendar, mask[rows], self.window, self.ease, self.drops)
                expected[rows], score[rows] = judge_with(self.model, work)
        judged = ~np.isnan(table) & ~mask & (np.arange(len(days)) >= DAYS)
        return Judgements(days, expected, score, judged)

    def detect(
        self,
        cost_history: Any,
        *,
        holidays: Iterable[Any] | None = None,
        planned: Iterable[Plan] | Mapping[str, Iterable[Plan]] | None = None,
        min_impact: Any = 0,
    ) -> list[Anomaly]:
        """Find the anomalies of a cost history, the oldest first; one incident is one anomaly.

        `cost_history`: a pandas or polars frame, an Arrow table, or rows as mappings, with `date` (or `day`, `period`), `cost`,
        and any other columns, which name the series: `service`, `currency`, … Rows of one series and day are summed; a day
        without a row cost nothing; a cost of None is not known. `holidays`: dates. `planned`: for all series, or by service.
        `min_impact`: anomalies that added less money are left out. Raises UsageError for what cannot be read.
        """
        least = _impact(min_impact)
        history = read(cost_history)
        if not history.groups:
            return []
        feasts = {np.datetime64(one, "D") for one in holidays or ()}
        flags = np.array([day in feasts for day in history.days])
        if isinstance(planned, Mapping):
            plans = [list(planned.get(service, ())) for service in history.services]
        else:
            plans = [list(planned or ())] * len(history.groups)
        made = self.judge_many(history.costs, history.days, flags, plans)
        found = [one for row, judgement in enumerate(made) for one in anomalies_of(history, row, judgement)]
        told = [one for one in found if abs(one.impact) >= least]
        return sorted(told, key=lambda one: (one.start, one.service, sorted(map(str, one.group.items()))))


def _sensitivity(value: Any) -> float:
    try:
        found = share(value)
    except ValueError as error:
        raise UsageError(f"The sensitivity cannot be read: {error}.", cure="Write 0.95 or 95%.") from error
    if not 0 <= found <= 1:
        raise UsageError(f"A sensitivity of {value} is not within 0 and 1.", cure="Write 0.95 or 95%.")
    return float(found)


def _window(value: str) -> int:
    cure = f"Write {LEAST_WINDOW}d to {MOST_WINDOW}d, or 1w to 8w."
    try:
        text = duration(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The window cannot be read: {error}.", cure=cure) from error
    days = int(text[:-1]) * _UNIT[text[-1]] if text[-1] in _UNIT else 0
    if not LEAST_WINDOW <= days <= MOST_WINDOW:
        raise UsageError(f"A window of {value} is not within {LEAST_WINDOW} and {MOST_WINDOW} days.", cure=cure)
    return days


def _impact(value: Any) -> Decimal:
    try:
        return number(value)
    except ValueError as error:
        raise UsageError(f"The least impact cannot be read: {error}.", cure="Write an amount, such as 100.") from error
