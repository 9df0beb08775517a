"""Sources that are asked for a day at a time: a month is one batch, each of its days a file of JSON lines. Pure but for these.

Before anything is fetched the source is asked once for a mark of each day, which changes with the day's rows. So only days that
changed are fetched, however long ago they were, as far back as the source looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finopsmetrics.integrations.collecting import Batch, Beat, Checked, Outside, Piece, SourceError
from finopsmetrics.integrations.monthly import Probes, Rows, bounds, months, probed, write_lines


@dataclass(frozen=True)
class DailySource:
    """A source whose months are made of days; see `collecting.Source`.

    `marks(first, end)` gives each day that has rows (`2026-09-01`), from the first day to before the end, with its mark;
    `rows(day, beat)` gives a day's rows, every column in every row; `probes` are as those of `MonthlySource`.
    """

    marks: Callable[[date, date], Iterable[tuple[str, str]]]
    rows: Callable[[str, Beat], Rows]
    probes: Probes
    outside: Outside
    since: str | None = None

    def check(self) -> Iterator[Checked]:
        """Try each call that a sync makes."""
        return probed(self.probes)

    def offered(self) -> Iterator[Batch]:
        """Every month from `since`, or a year ago, to the current one, with the days that have rows."""
        asked = months(self.since, self.outside.now())
        if not asked:
            return
        days: dict[str, dict[str, Piece]] = {month: {} for month in asked}
        for day, mark in self.marks(*span(asked)):
            if day[:7] not in days or day in days[day[:7]]:
                cause = f"The source told of the day {day} twice, or was not asked for it."
                raise SourceError(cause, cure="Sync again; if it stays so, report it.")
            days[day[:7]][day] = Piece(f"{day}.jsonl", mark, place={"day": day})
        for month, pieces in days.items():
            yield Batch(month, tuple(pieces[day] for day in sorted(pieces)))

    def fetch(self, piece: Piece, part: Path, beat: Beat) -> None:
        """Write a day's rows as JSON lines, always from the beginning."""
        write_lines(self.rows(piece.place["day"], beat), part)


def span(asked: list[str]) -> tuple[date, date]:
    """The first day of the first month, and the day after the last one's end."""
    return bounds(asked[0])[0].date(), bounds(asked[-1])[1].date()


def recent(outside: Outside) -> tuple[date, date]:
    """The first day of the current month and of the next one: what a probe asks for."""
    return span([f"{outside.now():%Y-%m}"])
