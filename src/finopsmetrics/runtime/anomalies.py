"""Watching costs for the unusual: by night for everybody, as findings; at any time within what one principal may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, NotFoundError
from finopsmetrics.core.findings import ENDED
from finopsmetrics.kinds.anomaly_detector import AnomalyDetector
from finopsmetrics.observability.anomalies.findings import SOURCE, known_of
from finopsmetrics.observability.anomalies.look import LOOK_BACK, Looked, look
from finopsmetrics.observability.anomalies.watch import EVERYTHING, Watch, declared
from finopsmetrics.store.findings import SYSTEM, FindingBook, KeptFinding
from finopsmetrics.store.specs import SpecBook

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

PAGE = 500
GONE = "The charges as they are known now, or the detector as it is now, no longer show it."


@dataclass(frozen=True)
class Night:
    """What a nightly look came to: which findings are new, how many were seen again, and which are no longer there."""

    looked: Looked
    new: tuple[KeptFinding, ...]
    again: int
    gone: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        new = [{"id": one.finding.id, "title": one.finding.title, "severity": one.finding.severity} for one in self.new]
        return {**self.looked.as_dict(), "new": new, "again": self.again, "gone": list(self.gone)}


class Anomalies:
    """`costs:read` to look; `findings:write`, over all charges, to keep what is found."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        opened = acting.workspace.opened
        self._specs = SpecBook(opened.database, opened.now)
        self._book = FindingBook(opened.database, opened.now)

    def look(self, *, since: date | None = None, detector: str | None = None, **changes: Any) -> Looked:
        """What is unusual in the charges that the principal may see, on days from `since` on; keeps nothing.

        `detector` names the one watch that looks; `changes` are fields of `Watch` that are set for this look. Raises
        NotFoundError for a detector that is not there.
        """
        costs = self._acting.costs
        watches, faults = self._watches()
        if detector is not None:
            if detector in faults:
                raise faults[detector]
            watches = [one for one in watches if one.name == detector]
            if not watches:
                cure = "See `finopsmetrics specs list anomaly_detector`; the one that every home has is `everything`."
                raise NotFoundError(f"There is no detector {detector!r} that watches.", cure=cure)
        elif changes:
            watches = [next((one for one in watches if one.name == EVERYTHING), Watch())]
        if changes:
            watches = [replace(one, **changes) for one in watches]
        known = known_of(list(self._kept())) if self._acting.principal.scope is None else []
        found = look(costs, watches, self._acting.workspace.now(), since or self._since(), known=known)
        told = {name: str(error) for name, error in faults.items()} if detector is None and not changes else {}
        return replace(found, unwatched={**told, **found.unwatched})

    def night(self, *, beat: Callable[[], None] = lambda: None) -> Night:
        """Look with every watch and keep what is found; end what is no longer there."""
        self._acting.require("findings:write")
        self._acting.principal.require_all_charges("watching for anomalies")
        watches, faults = self._watches()
        kept, since = list(self._kept()), self._since()
        workspace = self._acting.workspace
        looked = look(workspace.costs, watches, workspace.now(), since, known=known_of(kept), kept=kept, beat=beat)
        looked = replace(looked, unwatched={**{name: str(error) for name, error in faults.items()}, **looked.unwatched})
        new = self._book.keep(looked.findings)
        gone = self._end_gone(looked, kept)
        return Night(looked, tuple(new), len(looked.findings) - len(new), tuple(gone))

    def _end_gone(self, looked: Looked, kept: Sequence[KeptFinding]) -> list[str]:
        """End findings whose days were all looked at and that are not found any more."""
        found = {one.id for one in looked.findings}
        names = {one.watch.name for one in looked.watched}
        gone = []
        for one in kept:
            finding = one.finding
            judged = finding.body.get("watch") in names and finding.start is not None and finding.start.date() >= looked.since
            if judged and finding.id not in found and one.state not in ENDED:
                self._book.change(finding.id, actor=SYSTEM, state="done", reason=GONE)
                gone.append(finding.id)
        return gone

    def _watches(self) -> tuple[list[Watch], dict[str, FinOpsError]]:
        """The detectors that are enabled, then the watch of everything unless one of that name is declared; and those that
        cannot watch, with the reason."""
        found, faults, names = [], dict[str, FinOpsError](), set[str]()
        for kept in self._specs_of("anomaly_detector"):
            names.add(kept.name)
            try:
                spec = AnomalyDetector.read(kept.body)
                found += [declared(spec)] if spec.enabled else []
            except FinOpsError as error:
                faults[kept.name] = error
        return [*found, *([] if EVERYTHING in names else [Watch()])], faults

    def _specs_of(self, kind: str) -> Iterator[Any]:
        after: str | None = None
        while True:
            page, after = self._specs.page(kind, after=after)
            yield from page
            if after is None:
                return

    def _kept(self) -> Iterator[KeptFinding]:
        """Every finding of this source that is kept."""
        place = 0
        while True:
            page = self._book.page(sort="anomaly", limit=PAGE, offset=place)
            yield from (one for one in page if one.finding.source == SOURCE)
            place += PAGE
            if len(page) < PAGE:
                return

    def _since(self) -> date:
        return self._acting.workspace.now().date() - timedelta(days=LOOK_BACK)
