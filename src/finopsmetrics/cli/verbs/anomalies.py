"""Verbs for anomalies: what is unusual now, why, and keeping it as findings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, print_rows, say, write_json

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.anomalies import Anomalies

app = typer.Typer(invoke_without_command=True, help="What is unusual in the costs, and why.", rich_markup_mode=None)


@app.callback()
def listed(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=400, help="Tell what touches this many days up to today.")] = 35,
    detector: Annotated[str | None, typer.Option(help="Only what this detector finds; all of them, unless given.")] = None,
    group_by: Annotated[str | None, typer.Option(help="Group by these instead: service,region,tags.team.")] = None,
    where: Annotated[str | None, typer.Option("--filter", help="Only charges that match this condition.")] = None,
    model: Annotated[str | None, typer.Option(help="The model: robust, isolation_forest, ecod, arima, prophet.")] = None,
    sensitivity: Annotated[str | None, typer.Option(help="How easily it tells: 0 never, 0.95 as measured, 1 the least.")] = None,
    min_impact: Annotated[str | None, typer.Option(help="Only what added at least this amount.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
) -> None:
    """Tell what is unusual, with its likely cause. Keeps nothing; `anomalies run` keeps it as findings.

    Exits with 1 when a detector could not watch.
    """
    if context.invoked_subcommand is not None:
        return
    from finopsmetrics.observability.answers import plain_row

    changes = _changes(group_by, where, model, sensitivity, min_impact)
    with desk("costs:read") as acting:
        since = acting.workspace.now().date() - timedelta(days=days)
        looked = _anomalies(acting).look(since=since, detector=detector, **changes)
    rows = [_row(one) for one in looked.findings]
    if form is Format.json:
        told = {"anomalies": [plain_row({**vars(one), "id": one.id}) for one in looked.findings], **plain_row(looked.as_dict())}
        write_json(told)
        if looked.unwatched:
            raise typer.Exit(1)
        return
    if form is Format.table:
        if rows:
            print_rows(tuple(rows[0]), rows, title="Anomalies")
        else:
            say("Nothing unusual was found.")
    else:
        import pyarrow as pa

        from finopsmetrics.cli.output import write_table

        plain = [{name: str(value) for name, value in row.items()} for row in rows]
        write_table(pa.Table.from_pylist(plain, schema=pa.schema([(name, pa.string()) for name in _COLUMNS])), form)
    _footer(looked)


@app.command("run")
def run() -> None:
    """Look with every detector and keep what is found as findings, as it is done every night."""
    with desk("findings:write") as acting:
        night = _anomalies(acting).night()
    for one in night.new:
        say(f"New: {one.finding.id} {one.finding.title}")
    say(f"{len(night.new)} new, {night.again} seen again, {len(night.gone)} no longer there. See `finopsmetrics findings`.")
    _footer(night.looked)


_COLUMNS = ("start", "end", "severity", "what", "impact", "currency", "confidence", "likely_cause")


def _row(one: Any) -> dict[str, Any]:
    told = (
        str(one.start.date()),
        str(one.end.date() - timedelta(days=1)),
        one.severity,
        one.body["subject"],
        one.impact,
        one.currency,
        f"{one.body['confidence']:.0%}",
        one.body["likely_cause"],
    )
    return dict(zip(_COLUMNS, told, strict=True))


def _changes(
    group_by: str | None, condition: str | None, model: str | None, sensitivity: str | None, min_impact: str | None
) -> dict[str, Any]:
    from finopsmetrics.core.checks import number, share
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.anomalies.watch import NO_USAGE, both

    found: dict[str, Any] = {}
    if group_by:
        found["group_by"] = tuple(part.strip() for part in group_by.split(",") if part.strip())
    if condition:
        found["where"] = both([condition, NO_USAGE])
    if model:
        found["model"] = model
    for name, text, read, cure in (
        ("sensitivity", sensitivity, share, "Write 0.95 or 95%."),
        ("min_impact", min_impact, number, "Write an amount, such as 100."),
    ):
        if text:
            try:
                found[name] = read(text)
            except ValueError as error:
                raise UsageError(f"--{name.replace('_', '-')} cannot be read: {error}.", cure=cure) from error
    return found


def _footer(looked: Any) -> None:
    for one in looked.watched:
        hidden = [f"{getattr(one, name):,} {told}" for name, told in _HIDDEN.items() if getattr(one, name)]
        say(f"{one.watch.name}: {one.series:,} series judged{''.join(f'; {part}' for part in hidden)}.")
    for name, why in looked.unwatched.items():
        say(f"{name} watches nothing: {why}")
    if looked.measured:
        say(str(looked.measured))
    if looked.unwatched:
        raise typer.Exit(1)


_HIDDEN = {
    "small": "too small to tell",
    "hushed": "not told, because of what was said of their like",
    "left": "series beyond the limit",
}


def _anomalies(acting: Acting) -> Anomalies:
    from finopsmetrics.runtime import anomalies

    return anomalies.Anomalies(acting)
