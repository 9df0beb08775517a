"""Watch: which costs are watched for the unusual, as an `anomaly_detector` declares it or by default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import UsageError
from finopsmetrics.focus.columns import SHORT_NAMES
from finopsmetrics.observability.query import Metric, read_filters

if TYPE_CHECKING:
    from finopsmetrics.kinds.anomaly_detector import AnomalyDetector as Declared

EVERYTHING = "everything"
"""The name of the watch that every home has; a detector of this name takes its place."""
GROUPS = ("SubAccountId", "ServiceName")
NO_USAGE = 'ChargeCategory NOT IN ["Adjustment", "Credit", "Purchase", "Tax"]'
"""What is watched unless a detector says what it leaves out: these come when a bill is made, not when something is used."""


@dataclass(frozen=True)
class Planned:
    """A change that was announced: `end` is exclusive, None for one that stays."""

    announced: date
    start: date
    end: date | None
    note: str


@dataclass(frozen=True)
class Watch:
    """What is watched and how. `where` is the condition on its charges, `excluded` on those of them that are left out.

    `min_impact` is in `currency` (any, when None), `min_change` a share of what was expected.
    """

    name: str = EVERYTHING
    group_by: tuple[str, ...] = GROUPS
    metric: Metric = "effective"
    where: str | None = NO_USAGE
    excluded: str | None = None
    model: str = "robust"
    sensitivity: Any = Decimal("0.95")
    window: str = "7d"
    drops: bool = False
    min_impact: Decimal | None = None
    currency: str | None = None
    min_change: Decimal | None = None
    holidays: frozenset[date] = frozenset()
    planned: tuple[Planned, ...] = field(default=())

    def plans(self) -> list[tuple[date, date, date | None, str]]:
        """The planned changes as the detector takes them."""
        return [(one.announced, one.start, one.end, one.note) for one in self.planned]


def declared(spec: Declared, team: Condition | None = None) -> Watch:
    """The watch that a detector declares. Raises UsageError for a setting that nothing knows."""
    settings = dict(spec.model.settings)
    drops = settings.pop("drops", False)
    if settings or not isinstance(drops, bool):
        odd = ", ".join(sorted(settings)) or "drops"
        raise UsageError(
            f"The detector {spec.name} has the setting {odd}, which is none.", cure="The only setting is drops: true."
        )
    where = [read_filters(dict(spec.filters) or None), spec.condition, str(team) if team else None]
    where += [NO_USAGE] if spec.exclude is None else []
    return Watch(
        name=spec.name,
        group_by=tuple(spec.group_by) or GROUPS,
        metric=spec.metric,
        where=both(where),
        excluded=spec.exclude,
        model=spec.model.type,
        sensitivity=spec.model.sensitivity,
        window=spec.model.window,
        drops=drops,
        min_impact=spec.min_impact,
        currency=spec.currency,
        min_change=spec.min_change,
        holidays=holidays(spec.holidays),
        planned=tuple(Planned(one.announced or one.start, one.start, one.end, one.note) for one in spec.planned),
    )


def both(conditions: Iterable[str | None]) -> str | None:
    """Conditions that must all hold, as one."""
    given = [Condition.parse(one) for one in conditions if one]
    if not given:
        return None
    found = given[0]
    for one in given[1:]:
        found = found & one
    return str(found)


def holidays(told: Sequence[str], now: datetime | None = None) -> frozenset[date]:
    """Holidays by their dates, or of countries and regions (DE, US-CA) in the years around `now`. Raises UsageError."""
    found: set[date] = set()
    middle = (now or datetime.now()).year
    for one in told:
        try:
            found.add(date.fromisoformat(one))
        except ValueError:
            found |= _of_country(one, range(middle - 2, middle + 2))
    return frozenset(found)


def _of_country(text: str, years: range) -> set[date]:
    from finopsmetrics.ml.packages import needs

    country, _, region = text.partition("-")
    with needs("holidays", f"The holidays of {text}", "give their dates"):
        import holidays as calendars
    regions = calendars.list_supported_countries().get(country)
    if regions is None or (region and region not in regions):
        cure = "Write a country such as DE, a region such as US-CA, or dates such as 2026-12-24."
        raise UsageError(f"No calendar is known of {text!r}.", cure=cure)
    return set(calendars.country_holidays(country, subdiv=region or None, years=years))


def column_of(name: str) -> str:
    """The column that a short name stands for; any other name as it is."""
    return SHORT_NAMES.get(name.lower(), name)


DAY = timedelta(days=1)
