"""Verbs for messages: a test of a channel, the outbox, and what becomes of one message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, print_rows, say, write_json
from finopsmetrics.cli.verbs import notify_rules

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.outbox import Outbox

app = typer.Typer(no_args_is_help=True, help="Messages: test a channel, and see what went out.", rich_markup_mode=None)
Id = Annotated[str, typer.Argument(metavar="ID", help="The message's id.")]
Answer = Annotated[Format, typer.Option("--format", help="How to answer: table or json.")]


notify_rules.add(app)


@app.callback()
def _notify() -> None:
    """Messages: test a channel, and see what went out."""


@app.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(help="A connection's name, or an integration such as slack for all of its.")],
    recipient: Annotated[str, typer.Option("--to", help="Whom it is for, as the channel understands it.")] = "",
    form: Answer = Format.table,
) -> None:
    """Send a message that says that it is a test, now. Exits with 1 when a channel does not take it."""
    with desk("notifications:write") as acting:
        from finopsmetrics.runtime.delivering import Delivering

        tried = Delivering(acting).test(channel, recipient)
    if form is not Format.table:
        write_json([vars(one) for one in tried])
    else:
        for one in tried:
            proof = ", ".join(f"{name} {value}" for name, value in (one.proof or {}).items())
            told = f"sent: {proof}" if one.error is None else f"NOT SENT: {one.error} {one.cure}".rstrip()
            console().print(f"{one.channel}: {told}", highlight=False, markup=False, soft_wrap=True)
    if any(one.error for one in tried):
        raise typer.Exit(1)


@app.command("outbox")
def outbox(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only these states: waiting, sending, sent, dead, dropped.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only those by this connection.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")] = 50,
    form: Answer = Format.table,
) -> None:
    """List messages, those put last first."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.answers import plain_row
    from finopsmetrics.store.outbox import STATES

    odd = sorted(set(state or ()) - set(STATES))
    if odd:
        raise UsageError(f"{odd[0][:40]!r} is no state of a message.", cure=f"States are: {', '.join(STATES)}.")
    with desk("notifications:read") as acting:
        found = _outbox(acting).all(states=state or (), channel=channel, limit=limit)
    if form is not Format.table:
        write_json([plain_row(one.as_dict()) for one in found])
    elif not found:
        say("No message is there.")
    else:
        shown = ("id", "state", "channel", "recipient", "title", "due", "attempts", "error")
        rows = [{**one.as_dict(), "title": one.notice.title, "error": one.error or ""} for one in found]
        print_rows(shown, [{name: row[name] for name in shown} for row in rows], title="Outbox")


@app.command("show")
def show(message: Id) -> None:
    """Show a message with every attempt to deliver it and the channel's proof."""
    from finopsmetrics.observability.answers import plain_row

    with desk("notifications:read") as acting:
        one, tried = _outbox(acting).one(message)
    write_json({**plain_row(one.as_dict()), "tried": [plain_row(vars(attempt)) for attempt in tried]})


@app.command("retry")
def retry(messages: Annotated[list[str], typer.Argument(metavar="ID...", help="The messages' ids.")]) -> None:
    """Let messages go out at the next delivery, with all their attempts before them again."""
    with desk("notifications:write") as acting:
        for message in messages:
            one = _outbox(acting).retry(message)
            console().print(f"{one.id} goes out again: {one.notice.title}", highlight=False, markup=False)


@app.command("drop")
def drop(messages: Annotated[list[str], typer.Argument(metavar="ID...", help="The messages' ids.")]) -> None:
    """Let messages not go out."""
    with desk("notifications:write") as acting:
        for message in messages:
            one = _outbox(acting).drop(message)
            console().print(f"{one.id} is dropped: {one.notice.title}", highlight=False, markup=False)


@app.command("deliver")
def deliver(form: Answer = Format.table) -> None:
    """Send what is due now. The server does so every minute by itself."""
    with desk("notifications:write") as acting:
        from finopsmetrics.runtime.delivering import Delivering

        done = Delivering(acting).deliver()
    if form is not Format.table:
        write_json(done.as_dict())
    else:
        say(f"{done.sent} sent, {done.waiting} put off, {done.dead} dead.")


def _outbox(acting: Acting) -> Outbox:
    from finopsmetrics.runtime import outbox as runtime

    return runtime.Outbox(acting)
