"""The book of findings: kept once each, seen again night after night, with one life and everything that happened to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from finopsmetrics.core.errors import ConflictError, NotFoundError, UsageError
from finopsmetrics.core.findings import ENDED, Finding, Link, next_state, verdict_of
from finopsmetrics.store import telling
from finopsmetrics.store.tables import finding_events, findings

if TYPE_CHECKING:
    from finopsmetrics.store.database import Database

SYSTEM = "finopsmetrics"
LONGEST_TEXT = 4_000
MOST_LINKS = 50


@dataclass(frozen=True)
class KeptFinding:
    """A finding as it stands. `version` rises with every change; times are UTC without zone."""

    finding: Finding
    state: str
    owner: str | None
    version: int
    found_at: datetime
    seen_at: datetime
    changed_at: datetime
    links: tuple[Link, ...] = ()
    verdict: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data; the impact is Decimal, times UTC."""
        names = ("state", "owner", "version", "found_at", "seen_at", "changed_at", "verdict")
        told = asdict(self.finding)
        own = {name: getattr(self, name) for name in names} | {"links": [asdict(link) for link in self.links]}
        return {"id": self.finding.id, **told, "receipts": list(self.finding.receipts), **own}


@dataclass(frozen=True)
class Event:
    """Something that happened to a finding: who did what, when, and the detail of it. `place` is in the order of all events."""

    finding: str
    version: int
    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]
    place: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data; the time is UTC."""
        return dict(vars(self))


class FindingBook:
    """Findings by id. Each change is one transaction with its event. `now` gives the time in UTC without zone."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def keep(self, found: Sequence[Finding]) -> list[KeptFinding]:
        """Keep what was found; give those that are new, or came back.

        One that is there is brought up to date and its life goes on. One that was done and now begins after that comes back
        as open; one that was dismissed stays so.
        """
        new: list[KeptFinding] = []
        with self._database.write() as connection:
            for one in found:
                kept, fresh = self._keep(connection, one)
                new += [kept] if fresh else []
        return new

    def get(self, finding_id: str) -> KeptFinding:
        """One finding. Raises NotFoundError."""
        with self._database.read() as connection:
            return _known(connection, finding_id)

    def find(self, finding_id: str) -> KeptFinding | None:
        """One finding, or None."""
        with self._database.read() as connection:
            return known_findings(connection, {finding_id}).get(finding_id)

    def page(
        self,
        *,
        states: Sequence[str] = (),
        severities: Sequence[str] = (),
        sort: str | None = None,
        owner: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KeptFinding]:
        """Findings, those that changed last first."""
        wanted = select(findings)
        for column, allowed in ((findings.c.state, states), (findings.c.severity, severities)):
            wanted = wanted.where(column.in_(list(allowed))) if allowed else wanted
        for column, value in ((findings.c.sort, sort), (findings.c.owner, owner)):
            wanted = wanted.where(column == value) if value is not None else wanted
        ordered = wanted.order_by(findings.c.changed_at.desc(), findings.c.id).limit(limit).offset(offset)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(ordered).mappings()]

    def waiting(self) -> dict[tuple[str, str], int]:
        """How many findings have not ended, by sort and severity."""
        by = (findings.c.sort, findings.c.severity)
        wanted = select(*by, func.count()).where(findings.c.state.not_in(sorted(ENDED))).group_by(*by)
        with self._database.read() as connection:
            return {(sort, severity): number for sort, severity, number in connection.execute(wanted)}

    def history(self, finding_id: str) -> list[Event]:
        """Everything that happened to a finding, the oldest first. Raises NotFoundError."""
        with self._database.read() as connection:
            _known(connection, finding_id)
            query = select(finding_events).where(finding_events.c.finding_id == finding_id).order_by(finding_events.c.version)
            return [_event(row) for row in connection.execute(query).mappings()]

    def events(self, after: int, *, limit: int = 500) -> list[tuple[Event, KeptFinding]]:
        """What happened to any finding after a place in the order of all events, with the finding as it stands now."""
        with self._database.read() as connection:
            return events_after(connection, after, limit)

    def last_place(self) -> int:
        """The place of the newest event; 0 when nothing happened yet."""
        with self._database.read() as connection:
            return _last_place(connection)

    def change(
        self,
        finding_id: str,
        *,
        actor: str,
        state: str | None = None,
        reason: str = "",
        owner: str | None = None,
        comment: str | None = None,
        link: Link | None = None,
        verdict: str | None = None,
        seen: int | None = None,
    ) -> KeptFinding:
        """Change a finding's state or owner (an empty text: nobody), or add a comment, a link, a verdict; all of it or nothing.

        `seen` is the version that the actor has seen. Raises NotFoundError, UsageError for a state that cannot follow or a text
        that is none, and ConflictError when it was changed since.
        """
        with self._database.write() as connection:
            kept = _known(connection, finding_id)
            if seen is not None and seen != kept.version:
                raise ConflictError(f"The finding {finding_id} was changed since it was read.", cure="Read it again.")
            steps: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
            if state is not None:
                told = {"from": kept.state, "to": next_state(kept.state, state), **({"reason": _text(reason)} if reason else {})}
                steps.append(("state", {"state": state}, told))
            if owner is not None:
                whose = _text(owner)[:200] if owner else None
                steps.append(("owner", {"owner": whose}, {"from": kept.owner, "to": whose}))
            if comment is not None:
                steps.append(("comment", {}, {"text": _text(comment)}))
            if link is not None:
                links = [asdict(one) for one in kept.links if one.url != link.url]
                if len(links) >= MOST_LINKS:
                    raise UsageError(f"A finding has at most {MOST_LINKS} links.", cure="Put the others into a comment.")
                steps.append(("link", {"links": [*links, asdict(link)]}, asdict(link)))
            if verdict is not None:
                steps.append(("verdict", {"verdict": verdict_of(verdict)}, {"from": kept.verdict, "to": verdict}))
            now = self._now()
            for place, (action, values, told) in enumerate(steps, start=kept.version + 1):
                life = {"version": place, "changed_at": now}
                connection.execute(findings.update().where(findings.c.id == finding_id).values(**values, **life))
                _note(connection, finding_id, place, now, actor, action, told)
            return _known(connection, finding_id)

    def snooze(self, finding_id: str, *, actor: str, who: str, until: datetime) -> KeptFinding:
        """Let somebody (`who`, empty for everybody) not hear of a finding until a time, UTC without zone; a past one ends that.

        Raises NotFoundError.
        """
        with self._database.write() as connection:
            kept, now = _known(connection, finding_id), self._now()
            telling.snooze(connection, finding_id, who, until, actor, now)
            life = {"version": kept.version + 1, "changed_at": now}
            connection.execute(findings.update().where(findings.c.id == finding_id).values(**life))
            told = {"until": until.isoformat(), "everybody": not who}
            _note(connection, finding_id, kept.version + 1, now, actor, "snooze", told)
            return _known(connection, finding_id)

    def _keep(self, connection: Connection, one: Finding) -> tuple[KeptFinding, bool]:
        row = connection.execute(select(findings).where(findings.c.id == one.id)).mappings().first()
        now = self._now()
        values = _values(one)
        if row is None:
            kept = KeptFinding(one, "open", None, 1, now, now, now)
            life = {"state": "open", "owner": None, "version": 1, "found_at": now, "seen_at": now, "changed_at": now}
            connection.execute(findings.insert().values(id=one.id, **values, **life))
            _note(connection, one.id, 1, now, SYSTEM, "found", {"title": one.title})
            return kept, True
        before = _read(row)
        if before.state == "dismissed":
            connection.execute(findings.update().where(findings.c.id == one.id).values(seen_at=now))
            return before, False
        back = before.state in ENDED and one.start is not None and one.start > before.changed_at
        # A receipt of the same figures from a newer lake is no news.
        changed = _values(replace(before.finding, receipts=one.receipts)) != values
        life = {"seen_at": now, **({"state": "open"} if back else {})}
        if before.state in ENDED and not back:
            changed, values = False, {}
        if changed or back:
            life |= {"version": before.version + 1, "changed_at": now}
            detail = {"impact": [_plain(before.finding.impact), _plain(one.impact)]}
            _note(connection, one.id, before.version + 1, now, SYSTEM, "returned" if back else "changed", detail)
        connection.execute(findings.update().where(findings.c.id == one.id).values(**values, **life))
        return _known(connection, one.id), back


def events_after(connection: Connection, place: int, limit: int) -> list[tuple[Event, KeptFinding]]:
    """What happened to any finding after a place in the order of all events, with the finding as it stands now."""
    wanted = select(finding_events).where(finding_events.c.place > place).order_by(finding_events.c.place).limit(limit)
    found = [_event(row) for row in connection.execute(wanted).mappings()]
    known = known_findings(connection, {event.finding for event in found})
    return [(event, known[event.finding]) for event in found]


def known_findings(connection: Connection, ids: Collection[str]) -> dict[str, KeptFinding]:
    """Findings by their ids, those that are there."""
    about = select(findings).where(findings.c.id.in_(ids))
    return {row["id"]: _read(row) for row in connection.execute(about).mappings()}


def _known(connection: Connection, finding_id: str) -> KeptFinding:
    row = connection.execute(select(findings).where(findings.c.id == finding_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"There is no finding {finding_id[:60]}.", cure="See `finopsmetrics findings`.")
    return _read(row)


def _note(connection: Connection, finding_id: str, version: int, at: datetime, actor: str, action: str, detail: Any) -> None:
    told = {"finding_id": finding_id, "version": version, "at": at, "actor": actor, "action": action, "detail": detail}
    # Nobody else writes within this transaction, so that the next place is the next one, and is seen in its order.
    connection.execute(finding_events.insert().values(place=_last_place(connection) + 1, **told))


def _last_place(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(finding_events.c.place), 0))).scalar_one())


def _event(row: Mapping[Any, Any]) -> Event:
    told = [row[name] for name in ("finding_id", "version", "at", "actor", "action", "detail", "place")]
    return Event(*told)


def _values(one: Finding) -> dict[str, Any]:
    plain = ("sort", "key", "title", "severity", "where", "start", "end", "currency", "source")
    told = {name: getattr(one, name) for name in plain}
    return {**told, "impact": _plain(one.impact), "body": dict(one.body), "receipts": list(one.receipts)}


def _read(row: Mapping[Any, Any]) -> KeptFinding:
    told = {
        name: row[name] for name in ("sort", "key", "title", "severity", "where", "start", "end", "currency", "source", "body")
    }
    impact = Decimal(row["impact"]) if row["impact"] is not None else None
    finding = Finding(**told, impact=impact, receipts=tuple(row["receipts"]))
    names = ("state", "owner", "version", "found_at", "seen_at", "changed_at", "verdict")
    links = tuple(Link(**link) for link in row["links"] or ())
    return KeptFinding(finding, **{name: row[name] for name in names}, links=links)


def _plain(amount: Decimal | None) -> str | None:
    return f"{amount:f}" if amount is not None else None


def _text(text: str) -> str:
    told = text.strip()
    if not told or len(told) > LONGEST_TEXT:
        raise UsageError(f"A text has 1 to {LONGEST_TEXT:,} characters.", cure="Shorten it, or leave it out.")
    return told
