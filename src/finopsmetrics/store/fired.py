"""Which thresholds of a budget were told in its period, so that each is told once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from finopsmetrics.store.tables import settings

if TYPE_CHECKING:
    from finopsmetrics.store.database import Database


def claim(database: Database, budget: str, period: str, thresholds: Sequence[str], *, rearm: bool = False) -> list[str]:
    """Those of `thresholds` (decimal text) that nobody told yet in this period; from now on they count as told.

    Two who claim at the same time get each threshold once. Only the newest period of a budget is kept. With `rearm` a
    threshold that is not among them any more can be told again.
    """
    name = f"budget-thresholds/{hashlib.sha256(budget.encode()).hexdigest()[:40]}"
    with database.write() as connection:
        kept = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar_one_or_none()
        told: list[str] = kept["told"] if kept and kept["period"] == period else []
        held = [one for one in told if one in thresholds] if rearm else told
        new = [one for one in thresholds if one not in held]
        if new or held != told:
            value = {"budget": budget, "period": period, "told": [*held, *new]}
            if kept is None:
                connection.execute(settings.insert().values(name=name, value=value))
            else:
                connection.execute(settings.update().where(settings.c.name == name).values(value=value))
    return new
