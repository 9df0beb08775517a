"""Reads a text as a time, for conditions that compare it with one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


@lru_cache(maxsize=4096)
def read_time(text: str) -> datetime | None:
    """`2026-05-01` (midnight), `2026-05-01T10:00`, `2026-05-01 10:00:00.5+02:00` as an aware UTC datetime.

    A time without a zone is UTC. None for any other text.
    """
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
