"""Look a home over: every check says what it found and, when something is wrong, what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from finopsmetrics.core.errors import FinOpsError, UsageError
from finopsmetrics.store import audit, catalog, collected, outbox, records, run_rows
from finopsmetrics.store.database import HEAD
from finopsmetrics.store.duck import first_line
from finopsmetrics.store.intake import KEEP_FREE_BYTES
from finopsmetrics.store.maintain import leftover_rooms
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.quarantine import QUARANTINE_TABLE
from finopsmetrics.store.recount import damaged_raw, wrong_sums
from finopsmetrics.store.tables import lake_files

STALE_DAYS = 3
OVERDUE = timedelta(minutes=15)
LOW_DISK_BYTES = 8 * KEEP_FREE_BYTES
_RESTORE = "Restore the home from a backup, or take the delivery in again."


@dataclass(frozen=True)
class Check:
    """One check: its name, `ok`, `warn` or `fail`, what was found, and what to do about it."""

    check: str
    status: str
    detail: str
    cure: str = ""


def examine(opened: OpenedHome, *, deep: bool = False, stale_after: timedelta | None = None) -> list[dict[str, Any]]:
    """Every check as `{"check", "status", "detail", "cure"}`. A check that cannot be made is a failed one; nothing is changed.

    `deep` reads every row and every delivered file again. A source is stale when its newest delivery is older than
    `stale_after` (FINOPSMETRICS_STALE_DAYS, else 3 days). Raises UsageError when that setting is not a number.
    """
    stale_after = stale_after or _stale_after()
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("state", lambda: _state(opened)),
        ("data files", lambda: _reading(opened, lambda connection: _data_files(connection, opened))),
        ("iceberg", lambda: _reading(opened, lambda connection: _iceberg(connection, opened))),
        ("audit trail", lambda: _reading(opened, _audit_trail)),
        ("sources", lambda: _reading(opened, lambda connection: _sources(connection, opened, stale_after))),
        ("connections", lambda: _reading(opened, lambda connection: _connections(connection, opened, stale_after))),
        ("quarantine", lambda: _reading(opened, _quarantine)),
        ("disk", lambda: _disk(opened)),
        ("staging", lambda: _staging(opened)),
        ("runs", lambda: _reading(opened, lambda connection: _runs(connection, opened))),
        ("outbox", lambda: _reading(opened, lambda connection: _outbox(connection, opened))),
    ]
    if deep:
        checks.append(("sums", lambda: _sums(opened)))
        checks.append(("raw files", lambda: _raw(opened)))
    return [asdict(_made(name, check)) for name, check in checks]


def _made(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except FinOpsError as error:
        return Check(name, "fail", error.cause, error.cure)
    except Exception as error:
        # A damaged file makes libraries raise anything; the other checks still count.
        return Check(name, "fail", f"The check could not be made: {first_line(error)}.", _RESTORE)


def _reading(opened: OpenedHome, check: Callable[[Connection], Check]) -> Check:
    with opened.database.read() as connection:
        return check(connection)


def _stale_after() -> timedelta:
    text = os.environ.get("FINOPSMETRICS_STALE_DAYS", str(STALE_DAYS))
    try:
        return timedelta(days=float(text))
    except ValueError as error:
        raise UsageError(f"FINOPSMETRICS_STALE_DAYS is not a number: {text!r}.", cure="Write a number of days.") from error


def _state(opened: OpenedHome) -> Check:
    found = opened.database.revision()
    kind = "SQLite" if opened.database.embedded else "PostgreSQL"
    if found != HEAD:
        return Check("state", "fail", f"{kind} has schema {found}, not {HEAD}.", "Use the version that wrote this home.")
    return Check("state", "ok", f"{kind} answers; its schema is {HEAD}.")


def _data_files(connection: Connection, opened: OpenedHome) -> Check:
    live = connection.execute(select(lake_files.c.path, lake_files.c.bytes).where(lake_files.c.live)).all()
    wrong = []
    for path, size in live:
        place = opened.home.root / path
        if not place.is_file():
            wrong.append(f"{path} is missing")
        elif place.stat().st_size != size:
            wrong.append(f"{path} has {place.stat().st_size} bytes, not {size}")
    if wrong:
        return Check("data files", "fail", _first(wrong), _RESTORE)
    total = sum(int(row[1]) for row in live)
    return Check("data files", "ok", f"{len(live)} files of {total:,} bytes are in place.")


def _iceberg(connection: Connection, opened: OpenedHome) -> Check:
    """Iceberg's current snapshots name what was published, and what is live has been published."""
    home = opened.home
    if catalog.is_elsewhere(connection, home):
        detail = "The home was moved or copied: its Iceberg tables name files of another place."
        return Check("iceberg", "warn", detail, "The next delivery or `finopsmetrics maintain` makes them again.")
    made = catalog.table_names(connection)
    columns = (lake_files.c.table, lake_files.c.path, lake_files.c.rows, lake_files.c.bytes)
    published = connection.execute(select(*columns).where(lake_files.c.published)).all()
    wrong = []
    for table in sorted({*made, *(row[0] for row in published)}):
        expected = {str(home.root / row[1]): (row[2], row[3]) for row in published if row[0] == table}
        found = catalog.current_files(catalog.load(connection, home, table)) if table in made else {}
        odd = {path for path in {*expected, *found} if expected.get(path) != found.get(path)}
        wrong += [f"{table}: {len(odd)} files differ, as {min(odd)}"] if odd else []
    if wrong:
        return Check(
            "iceberg", "fail", _first(wrong), "Run `finopsmetrics maintain`; it makes the catalog of a moved home again."
        )
    waiting = connection.execute(
        select(func.count()).select_from(lake_files).where(lake_files.c.live != lake_files.c.published)
    ).scalar_one()
    if waiting:
        detail = f"{waiting} files are in effect here and not published to Iceberg yet."
        return Check("iceberg", "warn", detail, "The next delivery or `finopsmetrics maintain` publishes them.")
    return Check("iceberg", "ok", f"{len(made)} tables name the {len(published)} live files.")


def _audit_trail(connection: Connection) -> Check:
    broken = audit.verify(connection).broken
    if broken is not None:
        cure = "Somebody changed the trail. Compare it with a backup."
        return Check("audit trail", "fail", f"Line {broken} does not follow from the line before it.", cure)
    return Check("audit trail", "ok", "Every line follows from the one before it.")


def _sources(connection: Connection, opened: OpenedHome, stale_after: timedelta) -> Check:
    newest = {
        record.source: record.delivered_at
        for record in sorted(records.all_deliveries(connection), key=lambda one: one.delivered_at)
        if record.dataset == "CostAndUsage" and record.mode == "replace"
    }
    stale = sorted((moment, source) for source, moment in newest.items() if opened.now() - moment > stale_after)
    if stale:
        told = [f"{source} (last on {moment:%Y-%m-%d %H:%M} UTC)" for moment, source in stale]
        detail = f"No delivery for more than {stale_after.total_seconds() / 86400:g} days: {_first(told)}"
        return Check("sources", "warn", detail, "See whether the export still runs.")
    return Check("sources", "ok", f"{len(newest)} sources have delivered lately." if newest else "Nothing was delivered yet.")


def _connections(connection: Connection, opened: OpenedHome, stale_after: timedelta) -> Check:
    """Every connection that bills are collected from was synced lately, and well."""
    syncs = collected.every_sync(connection).values()
    failed = [f"{one.connection}: {one.error}" for one in syncs if one.error]
    if failed:
        cure = "Mend it, then run `finopsmetrics sync`; `finopsmetrics connect --check NAME` says what is missing."
        return Check("connections", "warn", f"The last sync failed of {_first(failed)}", cure)
    late = [one for one in syncs if opened.now() - (one.succeeded_at or one.began_at) > stale_after]
    if late:
        told = [f"{one.connection} (last on {one.succeeded_at or one.began_at:%Y-%m-%d %H:%M} UTC)" for one in late]
        cure = "Let `finopsmetrics serve` or `finopsmetrics work` run, or run `finopsmetrics sync`."
        return Check(
            "connections", "warn", f"Not synced for more than {stale_after.total_seconds() / 86400:g} days: {_first(told)}", cure
        )
    return Check("connections", "ok", f"{len(syncs)} connections were synced lately." if syncs else "Nothing is collected yet.")


def _quarantine(connection: Connection) -> Check:
    inside = lake_files.c.live & (lake_files.c.table == QUARANTINE_TABLE)
    query = select(lake_files.c.source, func.sum(lake_files.c.rows)).where(inside).group_by(lake_files.c.source)
    found = connection.execute(query.order_by(lake_files.c.source)).all()
    if found:
        told = [f"{source}: {rows} rows" for source, rows in found]
        cure = "See SELECT * FROM quarantine for the reasons, and have the bill corrected."
        return Check("quarantine", "warn", f"Rows that could not be accepted: {_first(told)}", cure)
    return Check("quarantine", "ok", "Every delivered row was accepted.")


def _disk(opened: OpenedHome) -> Check:
    free = shutil.disk_usage(opened.home.root).free
    detail = f"{free >> 20:,} MiB are free."
    if free < KEEP_FREE_BYTES:
        return Check("disk", "fail", detail, "Free some space; deliveries are refused.")
    if free < LOW_DISK_BYTES:
        return Check("disk", "warn", detail, "Free some space; `finopsmetrics maintain` removes what is not needed.")
    return Check("disk", "ok", detail)


def _staging(opened: OpenedHome) -> Check:
    rooms = leftover_rooms(opened.home)
    if rooms:
        detail = f"{len(rooms)} folders of work that was broken off lie in staging."
        return Check("staging", "warn", detail, "Run `finopsmetrics maintain`.")
    return Check("staging", "ok", "Nothing was left behind.")


def _runs(connection: Connection, opened: OpenedHome) -> Check:
    """Nothing waits for long, and the newest run of every step went well."""
    late = run_rows.overdue(connection, opened.now(), OVERDUE)
    if late:
        detail = f"{len(late)} runs are overdue: {_first([f'{run.step} since {run.due_at:%Y-%m-%d %H:%M} UTC' for run in late])}"
        return Check("runs", "warn", detail, "Let `finopsmetrics serve` or `finopsmetrics work` run.")
    failed = [f"{run.step} ({run.id})" for run in run_rows.last_failures(connection) if run.step != "doctor"]
    if failed:
        return Check("runs", "warn", f"The newest run failed of {_first(failed)}", "See `finopsmetrics runs show ID`.")
    return Check("runs", "ok", "No run is overdue, and the newest run of every step went well.")


def _outbox(connection: Connection, opened: OpenedHome) -> Check:
    """Every message went out or is on its way."""
    counts = outbox.counts(connection)
    dead = counts.get("dead", 0)
    if dead:
        cure = "See `finopsmetrics notify outbox --state dead`; then retry or drop them."
        return Check("outbox", "warn", f"{dead} messages are dead: they could not be delivered.", cure)
    late = outbox.overdue(connection, opened.now() - OVERDUE)
    if late:
        cure = "Let `finopsmetrics serve` or `finopsmetrics work` run, or run `finopsmetrics notify deliver`."
        return Check("outbox", "warn", f"{late} messages should have gone out before now.", cure)
    told = f"{counts.get('sent', 0)} messages were sent." if counts else "No message was put yet."
    return Check("outbox", "ok", told)


def _sums(opened: OpenedHome) -> Check:
    wrong, periods = wrong_sums(opened)
    if wrong:
        return Check("sums", "fail", _first(wrong), _RESTORE)
    return Check("sums", "ok", f"{periods} billing periods add up to what was delivered, charges and rollups.")


def _raw(opened: OpenedHome) -> Check:
    wrong, files = damaged_raw(opened)
    if wrong:
        return Check("raw files", "fail", _first(wrong), "Restore them from a backup; receipts of the past rest on them.")
    return Check("raw files", "ok", f"{files} files are what was delivered.")


def _first(told: list[str], most: int = 3) -> str:
    more = f" and {len(told) - most} more" if len(told) > most else ""
    return "; ".join(told[:most]) + more + "."
