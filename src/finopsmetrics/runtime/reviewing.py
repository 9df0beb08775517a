"""Reviewing: findings as one principal may see and end them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from finopsmetrics.core.checks import minutes
from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.core.findings import ENDED, Link
from finopsmetrics.observability.query import parts
from finopsmetrics.store.findings import Event, FindingBook, KeptFinding

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

PAGE = 500
NOTHING = frozenset({"0", "0m", "0h", "0d"})


class Reviewing:
    """`findings:read` to see, `findings:write` to change; only findings about charges within the principal's scope."""

    def __init__(self, acting: Acting) -> None:
        self._acting, self._actor = acting, acting.principal.name
        opened = acting.workspace.opened
        self._book = FindingBook(opened.database, opened.now)

    def all(
        self,
        *,
        states: Sequence[str] = (),
        severities: Sequence[str] = (),
        sort: str | None = None,
        owner: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[KeptFinding]:
        """Findings that may be seen, those that changed last first."""
        self._acting.require("findings:read")
        found: list[KeptFinding] = []
        place, wanted = 0, offset + limit
        while len(found) < wanted:
            page = self._book.page(states=states, severities=severities, sort=sort, owner=owner, limit=PAGE, offset=place)
            found += [one for one in page if self._sees(one)]
            place += PAGE
            if len(page) < PAGE:
                break
        return found[offset:wanted]

    def one(self, finding_id: str) -> KeptFinding:
        """One finding. Raises NotFoundError, also for one about charges beyond the principal's scope."""
        self._acting.require("findings:read")
        return self._seen(finding_id)

    def history(self, finding_id: str) -> list[Event]:
        """Everything that happened to a finding, the oldest first."""
        self._acting.require("findings:read")
        self._seen(finding_id)
        return self._book.history(finding_id)

    def change(
        self,
        finding_id: str,
        *,
        state: str | None = None,
        reason: str = "",
        owner: str | None = None,
        comment: str | None = None,
        link: Link | None = None,
        verdict: str | None = None,
        seen: int | None = None,
    ) -> KeptFinding:
        """Change a finding's state or owner, or add a comment, a link, a verdict; see `FindingBook.change`.

        What is said to be expected or not useful is dismissed, unless another state is asked for or it has ended.
        """
        self._acting.require("findings:write")
        kept = self._seen(finding_id)
        if verdict in {"expected", "not_useful"} and state is None and kept.state not in ENDED:
            state, reason = "dismissed", reason or verdict.replace("_", " ")
        told = {"owner": owner, "comment": comment, "link": link, "verdict": verdict, "seen": seen}
        return self._book.change(finding_id, actor=self._actor, state=state, reason=reason, **told)  # type: ignore[arg-type]

    def snooze(self, finding_id: str, time: str, *, everybody: bool = False) -> KeptFinding:
        """Let oneself, or everybody, not hear of a finding for a time such as 4h or 3d; 0m ends that. Raises UsageError.

        For everybody it takes `findings:write`, for oneself seeing it is enough.
        """
        self._acting.require("findings:write" if everybody else "findings:read")
        self._seen(finding_id)
        if not everybody and self._acting.principal.user_id is None:
            cure = "Log in as a user, or snooze it for everybody."
            raise UsageError("Only a user can snooze a finding for themselves.", cure=cure)
        try:
            passed = timedelta(minutes=minutes(time) if time not in NOTHING else 0)
        except ValueError as error:
            raise UsageError(f"The time cannot be read: {error}.", cure="Write 30m, 4h, 3d or 1w.") from error
        until = self._acting.workspace.opened.now() + passed
        who = "" if everybody else f"user:{self._actor}"
        return self._book.snooze(finding_id, actor=self._actor, who=who, until=until)

    def events(self, after: int, *, limit: int = 500) -> tuple[list[tuple[Event, KeptFinding]], int]:
        """What happened after a place in the order of all events, to findings that may be seen; and the place reached."""
        self._acting.require("findings:read")
        found = self._book.events(after, limit=limit)
        return [one for one in found if self._sees(one[1])], found[-1][0].place if found else after

    def last_place(self) -> int:
        """The place of the newest event."""
        self._acting.require("findings:read")
        return self._book.last_place()

    def _seen(self, finding_id: str) -> KeptFinding:
        found = self._book.get(finding_id)
        if not self._sees(found):
            raise NotFoundError(f"There is no finding {finding_id[:60]}.", cure="See `finopsmetrics findings`.")
        return found

    def _sees(self, one: KeptFinding) -> bool:
        """Whether every part of the principal's scope is a part of the condition that the finding is about."""
        scope = self._acting.principal.scope
        if scope is None:
            return True
        return one.finding.where is not None and parts(scope) <= parts(Condition.parse(one.finding.where))
