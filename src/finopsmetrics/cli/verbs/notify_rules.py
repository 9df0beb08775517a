"""Verbs for who hears of what: route what happened, see what would be told, check what is declared, one's own preference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, print_rows, say, write_json

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.notifying import Notifying

Answer = Annotated[Format, typer.Option("--format", help="How to answer: table or json.")]


def add(app: typer.Typer) -> None:
    """Add the verbs to `finopsmetrics notify`."""
    app.command("route")(route)
    app.command("preview")(preview)
    app.command("check")(check)


def route() -> None:
    """Turn what happened to findings into messages for whom rules say, now; a schedule does it every minute."""
    with desk("notifications:write") as acting:
        routed = _notifying(acting).route()
    say(f"{routed.events} events seen, {routed.messages} messages put into the outbox.")
    for name, why in routed.faults.items():
        say(f"{name}: {why}")


def preview(
    rule: Annotated[str, typer.Argument(help="A rule; or an alert as budget/NAME/0 or detector/NAME/0.")],
    finding: Annotated[str | None, typer.Option("--finding", help="Of this one; of the newest open ones, unless given.")] = None,
    form: Answer = Format.table,
) -> None:
    """Show what a rule would tell whom, when and in which words. Sends nothing."""
    from finopsmetrics.observability.answers import plain_row

    with desk("notifications:read") as acting:
        found = _notifying(acting).preview(rule, finding)
    if form is Format.json:
        write_json([plain_row(vars(one)) for one in found])
    elif not found:
        say("Nobody would hear of anything.")
    else:
        rows = [
            {
                "to": one.recipient or "(its own)",
                "channel": one.channel,
                "due": one.due,
                "as": "digest" if one.digest else "alone",
                "title": one.notice["title"],
                "text": " ".join(one.notice["sentences"]),
            }
            for one in found
        ]
        print_rows(tuple(rows[0]), rows, title=f"What {rule} would tell")


def check() -> None:
    """Check what is declared of notifications: words, channels, people, templates. Exits with 1 when something means nothing."""
    with desk("notifications:read") as acting:
        faults = _notifying(acting).check()
    for name, why in faults.items():
        say(f"{name}: {why}")
    if faults:
        raise typer.Exit(1)
    say("Every rule and alert reaches somebody.")


def _notifying(acting: Acting) -> Notifying:
    from finopsmetrics.runtime import notifying

    return notifying.Notifying(acting)
