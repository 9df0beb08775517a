"""A look at the lake: what some watches find, each incident once, explained, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.core.findings import Finding
from finopsmetrics.ml.measured import ROBUST, Measured
from finopsmetrics.observability.anomalies.causes import MOST_TAGS, explain
from finopsmetrics.observability.anomalies.findings import finding_of, goes_on
from finopsmetrics.observability.anomalies.incidents import Incident, without_doubles
from finopsmetrics.observability.anomalies.search import Found, Known, search
from finopsmetrics.observability.anomalies.watch import Watch

if TYPE_CHECKING:
    from finopsmetrics.observability.cost_observatory import CostObservatory
    from finopsmetrics.store.findings import KeptFinding

LOOK_BACK = 35
"""Days within which a nightly look tells incidents: a month may be delivered anew until it closes."""


@dataclass(frozen=True)
class Looked:
    """What a look came to: findings, the newest first, what each watch judged, and the watches that could not, and why."""

    since: date
    findings: tuple[Finding, ...]
    watched: tuple[Found, ...]
    unwatched: dict[str, str]

    @property
    def measured(self) -> Measured | None:
        """The measured quality of the detector, where all that was found is of the one that was measured."""
        usual = all(one.watch.model == "robust" and float(one.watch.sensitivity) == USUAL for one in self.watched)
        return ROBUST if usual and self.watched else None

    def as_dict(self) -> dict[str, Any]:
        """What was judged, without the findings, as plain data."""
        names = ("series", "left", "small", "hushed")
        watched = [{"watch": one.watch.name, **{name: getattr(one, name) for name in names}} for one in self.watched]
        measured = vars(self.measured) if self.measured else None
        return {"since": self.since, "watched": watched, "unwatched": self.unwatched, "measured": measured}


USUAL = 0.95


def look(
    costs: CostObservatory,
    watches: Sequence[Watch],
    now: datetime,
    since: date,
    *,
    known: Sequence[Known] = (),
    kept: Iterable[KeptFinding] = (),
    beat: Callable[[], None] = lambda: None,
) -> Looked:
    """Look with every watch, the earlier ones first: what one tells, a later one does not tell again.

    `known` is what was said of earlier findings, `kept` are those that an incident may go on with. A watch that cannot be
    judged is named with the reason, and holds up no other.
    """
    watched: list[Found] = []
    unwatched: dict[str, str] = {}
    for watch in watches:
        beat()
        try:
            watched.append(search(costs, watch, now, since=since, known=known))
        except FinOpsError as error:
            unwatched[watch.name] = str(error)
    spend = {one.watch.name: one.spend for one in watched}
    told = without_doubles(incident for one in watched for incident in one.incidents)
    told.sort(key=lambda one: (one.start, abs(one.impact)), reverse=True)
    tags = costs.tag_keys()[:MOST_TAGS] if told else []
    earlier = list(kept)
    found = []
    for incident in told:
        beat()
        found.append(_finding(costs, incident, tags, spend[incident.watch.name], earlier))
    return Looked(since, tuple(found), tuple(watched), unwatched)


def _finding(
    costs: CostObservatory, incident: Incident, tags: Sequence[str], spend: dict[str, float], earlier: list[KeptFinding]
) -> Finding:
    explained = explain(costs, incident, tags)
    key = goes_on(incident, earlier)
    return finding_of(incident, explained, spend.get(incident.currency, 0.0), key=key)
