"""Verbs for findings: what was found, one of them with its history, and its life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, print_rows, say, write_json

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.reviewing import Reviewing

app = typer.Typer(invoke_without_command=True, help="What was found, and what became of it.", rich_markup_mode=None)
Id = Annotated[str, typer.Argument(metavar="ID", help="The finding's id.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in words.")]
Answer = Annotated[Format, typer.Option("--format", help="How to answer.")]


@app.callback()
def listed(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only these states; open and acknowledged ones.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help="Only these severities: low, medium, high, critical.")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Only of this sort: anomaly, recommendation, violation, insight.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only those of this owner.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
    form: Answer = Format.table,
) -> None:
    """List findings, those that changed last first."""
    if context.invoked_subcommand is not None:
        return
    from finopsmetrics.core.findings import severity_of
    from finopsmetrics.observability.answers import plain_row

    states, severities = state or ["open", "acknowledged", "approved"], [severity_of(one) for one in severity or ()]
    with desk("findings:read") as acting:
        asked = {"states": states, "severities": severities, "sort": sort, "owner": owner}
        found = [one.as_dict() for one in _reviewing(acting).all(**asked, limit=limit)]  # type: ignore[arg-type]
    if form is Format.table:
        shown = ("id", "sort", "severity", "state", "title", "impact", "currency", "owner")
        if found:
            print_rows(shown, [{name: row[name] for name in shown} for row in found], title="Findings")
        else:
            say("Nothing was found, or nothing is open.")
    elif form is Format.json:
        write_json([plain_row(row) for row in found])
    else:
        import pyarrow as pa

        from finopsmetrics.cli.output import write_table

        flat = [{name: value for name, value in row.items() if name not in {"body", "receipts"}} for row in found]
        write_table(pa.Table.from_pylist(flat), form)


@app.command("show")
def show(finding: Id) -> None:
    """Show a finding with everything that happened to it."""
    from finopsmetrics.observability.answers import plain_row

    with desk("findings:read") as acting:
        reviewing = _reviewing(acting)
        one, events = reviewing.one(finding), reviewing.history(finding)
    write_json({**plain_row(one.as_dict()), "history": [plain_row(event.as_dict()) for event in events]})


@app.command("acknowledge")
def acknowledge(finding: Id, reason: Why = "") -> None:
    """Say that somebody looks at it."""
    _move(finding, "acknowledged", reason)


@app.command("done")
def done(finding: Id, reason: Why = "") -> None:
    """Say that what was to be done is done."""
    _move(finding, "done", reason)


@app.command("dismiss")
def dismiss(finding: Id, reason: Why = "") -> None:
    """Say that nothing is to be done, and that it is not to come back."""
    _move(finding, "dismissed", reason)


@app.command("reopen")
def reopen(finding: Id, reason: Why = "") -> None:
    """Open it again."""
    _move(finding, "open", reason)


@app.command("assign")
def assign(
    finding: Id, owner: Annotated[str | None, typer.Argument(help="Whose it is; nobody's when not given.")] = None
) -> None:
    """Give it an owner."""
    with desk("findings:write") as acting:
        one = _reviewing(acting).change(finding, owner=owner or "")
    say(f"{finding} is {one.owner or 'nobody'}'s.")


@app.command("comment")
def comment(finding: Id, text: Annotated[str, typer.Argument(help="What to say.")]) -> None:
    """Add a comment."""
    with desk("findings:write") as acting:
        _reviewing(acting).change(finding, comment=text)
    say(f"Noted at {finding}.")


@app.command("link")
def link(
    finding: Id,
    url: Annotated[str, typer.Argument(help="The address of a ticket, a pull request, a page.")],
    title: Annotated[str, typer.Option(help="What it is.")] = "",
) -> None:
    """Add a link."""
    from finopsmetrics.core.findings import Link

    with desk("findings:write") as acting:
        _reviewing(acting).change(finding, link=Link(url, title))
    say(f"Linked to {finding}.")


@app.command("feedback")
def feedback(
    finding: Id,
    verdict: Annotated[str, typer.Argument(help="right, expected or not_useful.")],
    reason: Why = "",
) -> None:
    """Say whether it was right; what was expected or not useful is dismissed, and its like is told less easily."""
    with desk("findings:write") as acting:
        one = _reviewing(acting).change(finding, verdict=verdict, reason=reason)
    say(f"{finding} was {verdict}; it is {one.state}.")


@app.command("snooze")
def snooze(
    finding: Id,
    time: Annotated[str, typer.Option("--for", help="How long: 30m, 4h, 3d; 0m ends it.")] = "1d",
) -> None:
    """Let nobody hear of it for a time; then whoever was to hear does, if it is still open."""
    with desk("findings:write") as acting:
        _reviewing(acting).snooze(finding, time, everybody=True)
    say(f"Nobody hears of {finding} for {time}.")


def _move(finding: str, state: str, reason: str) -> None:
    with desk("findings:write") as acting:
        one = _reviewing(acting).change(finding, state=state, reason=reason)
    console().print(f"{finding} is {one.state}: {one.finding.title}", highlight=False, markup=False)


def _reviewing(acting: Acting) -> Reviewing:
    from finopsmetrics.runtime import reviewing

    return reviewing.Reviewing(acting)
