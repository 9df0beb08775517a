"""Syncing: bills fetched from where connections say they lie, and taken in. What was fetched before is not fetched again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import FinOpsError, NotFoundError, UsageError
from finopsmetrics.core.ticks import newest_tick
from finopsmetrics.integrations.collecting import Checked, Outside, Source
from finopsmetrics.integrations.opening import collectors, open_source
from finopsmetrics.integrations.secret_refs import redacted, resolve
from finopsmetrics.kinds.connection import Connection
from finopsmetrics.runtime.batches import Batches, Synced, Took
from finopsmetrics.store import collected
from finopsmetrics.store.specs import SpecBook

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

DAILY = "0 6 * * *"
"""When a connection is synced that says nothing else, in UTC."""


class Syncing:
    """Sync and check connections (`deliveries:write`, over all charges). `sleep` waits for seconds between requests."""

    def __init__(self, acting: Acting, *, sleep: Callable[[float], None] = time.sleep) -> None:
        acting.require("deliveries:write")
        acting.principal.require_all_charges("collecting bills")
        self._acting, self._opened = acting, acting.workspace.opened
        self._outside = Outside(self._opened.now, sleep)

    def connections(self) -> dict[str, Connection]:
        """The connections that bills are collected from, by name."""
        book, after, found = SpecBook(self._opened.database, self._opened.now), None, dict[str, Connection]()
        known = collectors()
        while True:
            page, after = book.page("connection", after=after)
            specs = [Connection.model_validate(kept.body) for kept in page]
            found |= {spec.name: spec for spec in specs if spec.enabled and spec.integration in known and _charges(spec)}
            if after is None:
                return found

    def connection(self, name: str) -> Connection:
        """One of them. Raises NotFoundError."""
        found = self.connections()
        if name not in found:
            cure = f"There are: {', '.join(found)}." if found else "Make one: finopsmetrics connect."
            raise NotFoundError(f"There is no connection {name[:80]!r} that bills are collected from.", cure=cure)
        return found[name]

    def due(self) -> list[str]:
        """The connections whose schedule ticked since their last sync began."""
        with self._opened.database.read() as connection:
            last = collected.every_sync(connection)
        return [name for name, spec in self.connections().items() if _is_due(spec, last.get(name), self._opened.now())]

    def check(self, spec: Connection) -> list[Checked]:
        """Try each permission that a sync of a connection needs, without changing anything. Raises FinOpsError."""
        secrets = self._secrets(spec)
        with _told_without(secrets):
            return [_plain(one, secrets) for one in self._source(spec, secrets).check()]

    def sync(
        self, name: str, *, beat: Callable[[], None] = lambda: None, told: Callable[[Took], None] = lambda _: None
    ) -> Synced:
        """Fetch what is new of a connection and take it in. What cannot be taken is told and holds up nothing else.

        Raises FinOpsError when nothing could be fetched at all; the error is kept with the connection.
        """
        spec = self.connection(name)
        with self._opened.database.write() as connection:
            collected.began(connection, name, self._opened.now())
        try:
            secrets = self._secrets(spec)

            def plain(text: str) -> str:
                return redacted(text, secrets.values())

            with _told_without(secrets):
                source = self._source(spec, secrets)
                done = Batches(self._acting, spec.name, _source_name(spec), beat, told, plain).take(source)
        except FinOpsError as error:
            if error.code != "stopped":
                with suppress(FinOpsError):  # a state that does not answer must not hide the error that is on its way
                    self._ended(name, str(error))
            raise
        self._ended(name, done.error)
        return done

    def states(self) -> list[dict[str, Any]]:
        """Each connection that bills are collected from: its integration, when it was synced, its error, and what is there."""
        with self._opened.database.read() as connection:
            last = collected.every_sync(connection)
            pieces = {name: collected.of_connection(connection, name) for name in self.connections()}
        return [_state(spec, last.get(name), pieces[name]) for name, spec in self.connections().items()]

    def _source(self, spec: Connection, secrets: Mapping[str, str]) -> Source:
        settings = {name: value for name, value in spec.settings.items() if name != "source"}
        return open_source(spec.integration, settings, secrets, self._outside)

    def _secrets(self, spec: Connection) -> dict[str, str]:
        return resolve(spec.secrets, self._acting.workspace.home)

    def _ended(self, name: str, error: str | None) -> None:
        with self._opened.database.write() as connection:
            collected.ended(connection, name, self._opened.now(), error)


class _told_without:  # noqa: N801
    """Errors leave without the secrets that may stand in them; one that nobody foresaw leaves as one of ours."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = tuple(secrets.values())

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FinOpsError):
            error.cause, error.cure = redacted(error.cause, self._secrets), redacted(error.cure, self._secrets)
            error.args = (error.cause,)
            error.__cause__ = error.__context__ = None  # what it came of may repeat them


def _plain(one: Checked, secrets: Mapping[str, str]) -> Checked:
    return Checked(one.what, one.ok, redacted(one.detail, secrets.values()), one.cure)


def _charges(spec: Connection) -> bool:
    return not spec.capabilities or "charges" in spec.capabilities


def _source_name(spec: Connection) -> str:
    given = spec.settings.get("source", spec.name)
    if not isinstance(given, str) or not given.strip():
        raise UsageError(f"The setting `source` of {spec.name} is no name.", cure="Write a name such as aws.")
    return given


def _is_due(spec: Connection, last: collected.Sync | None, now: datetime) -> bool:
    tick = newest_tick(spec.schedule or DAILY, spec.zone or "UTC", now)
    return last is None or (tick is not None and last.began_at < tick)


def _state(spec: Connection, last: collected.Sync | None, pieces: Mapping[str, collected.Collected]) -> dict[str, Any]:
    times = {name: getattr(last, name, None) for name in ("began_at", "ended_at", "succeeded_at")}
    newest = max((one.fetched_at for one in pieces.values()), default=None)
    plain = {"connection": spec.name, "integration": spec.integration, "source": _source_name(spec)}
    return {**plain, **times, "error": last.error if last else None, "batches": len(pieces), "fetched_at": newest}
