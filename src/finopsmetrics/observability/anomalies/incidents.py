"""Incidents: the anomalies of several series that are one happening, gathered so that it is told once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.exact import total
from finopsmetrics.observability.anomalies.watch import Watch, column_of

if TYPE_CHECKING:
    from finopsmetrics.ml.anomaly import Anomaly

NEAR = timedelta(days=1)
"""Anomalies of one account, or of one service, that begin at most this far apart are one incident."""
CURRENCY = "currency"


@dataclass(frozen=True)
class Incident:
    """One happening: the anomalies that belong to it, of one watch, one currency and one direction, the greatest first.

    Days are UTC, `end` exclusive; amounts are sums over its anomalies, each over its own days.
    """

    watch: Watch
    parts: tuple[Anomaly, ...]

    @property
    def lead(self) -> Anomaly:
        """The anomaly that changed most."""
        return self.parts[0]

    @property
    def currency(self) -> str:
        """The currency of its amounts."""
        return str(self.lead.group[CURRENCY])

    @property
    def start(self) -> date:
        """Its first day."""
        return min(part.start for part in self.parts)

    @property
    def end(self) -> date:
        """The day after its last one."""
        return max(part.end for part in self.parts)

    @property
    def actual(self) -> Decimal:
        """What its days cost, exactly."""
        return total(part.actual for part in self.parts)

    @property
    def expected(self) -> Decimal:
        """What its days were expected to cost: an estimate."""
        return total(part.expected for part in self.parts)

    @property
    def impact(self) -> Decimal:
        """What it added (negative: what fell away)."""
        return total(part.impact for part in self.parts)

    @property
    def score(self) -> float:
        """The greatest score of a day."""
        return max(part.score for part in self.parts)

    @property
    def confidence(self) -> float:
        """How often an incident of this score was a true one where the truth is known."""
        return max(part.confidence for part in self.parts)

    @property
    def where(self) -> str:
        """The condition on its charges: first what all its series have in common, then which of them."""
        groups = [_columns(part.group) for part in self.parts]
        common = {name: value for name, value in groups[0].items() if all(group[name] == value for group in groups)}
        found = Condition.from_dict(common)
        rest = [{name: value for name, value in group.items() if name not in common} for group in groups]
        if any(rest):
            one_of = Condition.from_dict(rest[0])
            for other in rest[1:]:
                one_of = one_of | Condition.from_dict(other)
            found = found & one_of
        return str(found)

    @property
    def key(self) -> str:
        """Its name: that of its watch, its greatest series and its first day."""
        return f"{self.watch.name}/{series_key(self.lead.group)}/{self.start}"


def series_key(group: dict[str, Any]) -> str:
    """A series by its group, as a short text that stays."""
    told = "\n".join(f"{column_of(name)}={value!r}" for name, value in sorted(group.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def gather(watch: Watch, found: Sequence[Anomaly]) -> list[Incident]:
    """The incidents of a watch's anomalies, the newest first.

    Of one currency and direction, anomalies that begin within a day of each other belong together when they share an account,
    else any value of what the watch groups by.
    """
    head = list(range(len(found)))

    def of(place: int) -> int:
        while head[place] != place:
            head[place] = head[head[place]]
            place = head[place]
        return place

    near: dict[tuple[Any, ...], list[int]] = {}
    for place, one in enumerate(found):
        for name, value in one.group.items():
            if name != CURRENCY and value is not None:
                near.setdefault((one.group[CURRENCY], one.impact < 0, name, value), []).append(place)
    for together in near.values():
        ordered = sorted(together, key=lambda place: found[place].start)
        for earlier, later in pairwise(ordered):
            if found[later].start - found[earlier].start <= NEAR:
                head[of(later)] = of(earlier)
    groups: dict[int, list[Anomaly]] = {}
    for place, one in enumerate(found):
        groups.setdefault(of(place), []).append(one)
    made = [Incident(watch, tuple(sorted(parts, key=lambda one: -abs(one.impact)))) for parts in groups.values()]
    return sorted(made, key=lambda one: (one.start, abs(one.impact)), reverse=True)


def without_doubles(found: Iterable[Incident]) -> list[Incident]:
    """Incidents of several watches without those that an earlier watch's incident tells already.

    Two tell the same when they overlap in time and direction, and every value that both watches group by is in both.
    """
    kept: list[Incident] = []
    for one in found:
        if not any(_same(one, other) for other in kept if other.watch.name != one.watch.name):
            kept.append(one)
    return kept


def _same(one: Incident, other: Incident) -> bool:
    if one.currency != other.currency or (one.impact < 0) != (other.impact < 0):
        return False
    if one.start > other.end + NEAR or other.start > one.end + NEAR:
        return False
    mine, theirs = (_columns(incident.lead.group) for incident in (one, other))
    shared = (mine.keys() & theirs.keys()) - {"BillingCurrency"}
    return bool(shared) and all(mine[name] == theirs[name] for name in shared)


def _columns(group: dict[str, Any]) -> dict[str, Any]:
    return {"BillingCurrency" if name == CURRENCY else column_of(name): value for name, value in group.items()}
