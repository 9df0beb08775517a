"""Schedules as rows of the state, and which of the built-in ones a home has been given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from finopsmetrics.store.tables import schedules, settings

GIVEN = "built-in-schedules"


@dataclass(frozen=True)
class Schedule:
    """When a step is run, and with which inputs. Ticks before `since` (UTC without zone) are not made up for."""

    name: str
    step: str
    cron: str
    zone: str
    inputs: Mapping[str, Any]
    active: bool
    since: datetime
    changed_by: str


def every(connection: Connection) -> list[Schedule]:
    """Every schedule, by name."""
    return [Schedule(**row) for row in connection.execute(select(schedules).order_by(schedules.c.name)).mappings()]


def find(connection: Connection, name: str) -> Schedule | None:
    """One schedule; None when there is none."""
    row = connection.execute(select(schedules).where(schedules.c.name == name)).mappings().first()
    return Schedule(**row) if row else None


def put(connection: Connection, schedule: Schedule) -> None:
    """Add a schedule, or change the one of its name. The caller is alone among writers."""
    values = vars(schedule)
    changed = connection.execute(schedules.update().where(schedules.c.name == schedule.name).values(**values))
    if not changed.rowcount:
        connection.execute(schedules.insert().values(**values))


def remove(connection: Connection, name: str) -> bool:
    """Remove a schedule; False when there is none. Its runs stay."""
    return bool(connection.execute(schedules.delete().where(schedules.c.name == name)).rowcount)


def given(connection: Connection) -> list[str]:
    """The names of the built-in schedules that this home was given, whatever became of them since."""
    kept = connection.execute(select(settings.c.value).where(settings.c.name == GIVEN)).scalar_one_or_none()
    return list(kept["names"]) if kept else []


def give(connection: Connection, names: list[str]) -> None:
    """Note the names of all built-in schedules that this home was given. The caller is alone among writers."""
    value = {"names": sorted(names)}
    if not connection.execute(settings.update().where(settings.c.name == GIVEN).values(value=value)).rowcount:
        connection.execute(settings.insert().values(name=GIVEN, value=value))
