"""Verbs for samples of use: send them, see what there is, ask for a measure along time."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, say, write_json, write_table

app = typer.Typer(no_args_is_help=True, help="Measurements of use: CPU, memory, tokens, requests.", rich_markup_mode=None)
BATCH = 10_000
Answer = Annotated[Format, typer.Option("--format", help="How to answer.")]


@app.command("add")
def add(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines, a JSON list or CSV; - reads standard input.")],
    source: Annotated[str | None, typer.Option(help="Who sends those that do not say so.")] = None,
) -> None:
    """Keep samples. A file with a fault is refused whole; the same samples again change nothing."""
    from finopsmetrics.core.samples import read_samples

    rows = _rows(_read(file))
    samples = read_samples({"source": source, **row} if source and isinstance(row, Mapping) else row for row in rows)
    counts = dict.fromkeys(("added", "replaced", "known"), 0)
    with desk("samples:write") as acting:
        for start in range(0, len(samples), BATCH):
            done = acting.record_samples(samples[start : start + BATCH])
            counts = {name: count + getattr(done, name) for name, count in counts.items()}
    write_json(counts)


@app.command("measures")
def measures(form: Answer = Format.table) -> None:
    """See what there is: measures with their units, their first and last time, and how many samples."""
    with desk("samples:read") as acting:
        found = acting.hub.measures()
    if form is Format.table and not found.num_rows:
        say("No sample was sent yet. Send some: finopsmetrics samples add FILE.")
        return
    write_table(found, form, title="Measures")


@app.command("show")
def show(
    measure: Annotated[str, typer.Argument(metavar="MEASURE", help="What was measured, such as cpu.utilization.")],
    time_range: Annotated[str, typer.Option("--range", help="7d, 12h, mtd, 2026-05, 2026-05-01..2026-05-31, all.")] = "7d",
    group_by: Annotated[
        list[str] | None, typer.Option(help="Up to two of resource, provider, account, service, region, source, tags.KEY.")
    ] = None,
    grain: Annotated[str | None, typer.Option(help="hour, day or month.")] = None,
    stat: Annotated[str, typer.Option(help="sum, mean, max, min, count or p95.")] = "sum",
    where: Annotated[str | None, typer.Option("--filter", help="A condition: 'service == \"Amazon EC2\"'.")] = None,
    form: Answer = Format.table,
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file.")] = None,
) -> None:
    """Ask for one measure over a window, in one unit."""
    from finopsmetrics.core.windows import Window

    groups = [name.strip() for text in group_by or [] for name in text.split(",") if name.strip()]
    with desk("samples:read") as acting:
        window = Window.parse(time_range, now=acting.workspace.now())
        answer = acting.hub.samples(measure, time_range=window, grain=grain, group_by=groups, statistic=stat, filters=where)
    if form is Format.table and not len(answer):
        say(f"There is no sample of {measure} in {window.label()}. See: finopsmetrics samples measures.")
        return
    write_table(answer.table, form, title=f"{stat} of {measure}, {window.label()}", output=output)


def _read(file: str) -> str:
    from finopsmetrics.core.errors import UsageError

    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.", cure="Give a file of text in UTF-8, or - and pipe it in.") from error


def _rows(text: str) -> Iterator[Any]:
    """The rows of a text: JSON where it begins as JSON does, else CSV. Numbers keep every digit."""
    first = text.lstrip()[:1]
    if first == "[":
        yield from _json(text, "the list")
    elif first == "{":
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield _json(line, f"line {number}")
    else:
        yield from map(_of_csv, csv.DictReader(io.StringIO(text)))


def _json(text: str, where: str) -> Any:
    from finopsmetrics.core.errors import UsageError

    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise UsageError(f"The JSON of {where} cannot be read: {error}.", cure="Write one JSON object a line.") from error


def _of_csv(row: Mapping[str | None, Any]) -> dict[str, Any]:
    """A row of CSV: an empty cell is nothing; `tags.KEY` is a tag, `tags` all of them as JSON."""
    from finopsmetrics.core.errors import UsageError

    if None in row:
        raise UsageError("A row has more cells than the first line has names.", cure="Name every column in the first line.")
    cells = {str(name).strip(): value for name, value in row.items() if value}
    found = {name: value for name, value in cells.items() if not name.startswith("tags")}
    tags = {name.removeprefix("tags."): value for name, value in cells.items() if name.startswith("tags.")}
    if "tags" in cells:
        try:
            tags |= json.loads(cells["tags"])
        except (ValueError, TypeError) as error:
            raise UsageError(f"The tags {cells['tags'][:80]!r} are no JSON object.", cure='Write {"team": "core"}.') from error
    return {**found, "tags": tags} if tags else found
