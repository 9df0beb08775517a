"""Sources that are asked for a month at a time: an API's rows become one file of JSON lines a month. Pure but for that file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, SourceError

BACK = 12
"""So many months before the current one are fetched where the settings do not say since when."""
MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
Rows = Iterable[Mapping[str, Any]]
Probes = tuple[tuple[str, Callable[[], str]], ...]


@dataclass(frozen=True)
class MonthlySource:
    """A source whose bills are asked for by month; see `collecting.Source`.

    `rows(month, beat)` gives a month's rows as the vendor's format has them, `probes` what a sync needs with a call that tries
    it and gives a detail to show. A month no longer changes once it was fetched `settles` after its end; until then it is
    fetched with each sync.
    """

    rows: Callable[[str, Beat], Rows]
    probes: Probes
    outside: Outside
    settles: timedelta
    since: str | None = None

    def check(self) -> Iterator[Checked]:
        """Try each call that a sync makes."""
        return probed(self.probes)

    def offered(self) -> Iterator[Batch]:
        """Every month from `since`, or a year ago, to the current one."""
        for month in months(self.since, self.outside.now()):
            yield Batch(month, (Piece(f"{month}.jsonl", place={"month": month}),), settled=bounds(month)[1] + self.settles)

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a month's rows as JSON lines."""
        write_lines(self.rows(piece.place["month"], beat), part)


def probed(probes: Probes) -> Iterator[Checked]:
    """Try one call after the other, until one fails."""
    for what, probe in probes:
        try:
            yield Checked(what, True, probe())
        except FinOpsError as error:
            yield Checked(what, False, error.cause, error.cure)
            return


def listed(answer: Any, name: str, whose: str) -> list[Any]:
    """The list that an answer has under a name. Raises SourceError: an answer without it is no empty month."""
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise SourceError(f"The answer of {whose} has no list {name}.", cure="Sync again; if it stays so, report it.")
    return found


def write_lines(rows: Rows, part: Path) -> None:
    """Write rows as JSON lines, every number as its text: a column of 1 and of 0.5, which comes as text, is of one kind."""
    with part.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(_texts(row), ensure_ascii=False, default=str, separators=(",", ":")) + "\n")


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _texts(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(entry) for entry in value]
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def months(since: str | None, now: datetime) -> list[str]:
    """The months from `since` (`2026-01`), else from a year before, to that of `now`, in order."""
    last = now.year * 12 + now.month - 1
    first = int(since[:4]) * 12 + int(since[5:7]) - 1 if since else last - BACK
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]


def bounds(month: str) -> tuple[datetime, datetime]:
    """A month's first instant and that of the next one, UTC without zone."""
    start = datetime.strptime(month, "%Y-%m")
    return start, (start + timedelta(days=32)).replace(day=1)
