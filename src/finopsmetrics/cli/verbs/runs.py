"""Verbs for work: the history of runs, starting one, schedules, and a worker."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, print_rows, say, write_json
from finopsmetrics.core.errors import UsageError

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.working import Working

TAKEN_WITHIN = 2.5  # seconds in which a worker that runs somewhere takes a run
runs = typer.Typer(invoke_without_command=True, help="What was done, by schedules and by hand.", rich_markup_mode=None)
schedule = typer.Typer(no_args_is_help=True, help="Set, switch and remove schedules.", rich_markup_mode=None)

Answer = Annotated[Format, typer.Option("--format", help="How to answer: table or json.")]
Given = Annotated[
    list[str] | None, typer.Option("--input", help="An input of the step as key=value; may be given several times.")
]
Named = Annotated[str, typer.Argument(help="The schedule's name.")]
StepName = Annotated[str | None, typer.Option("--step", help="Only runs of this step.")]
StateName = Annotated[str | None, typer.Option("--state", help="Only runs that are waiting, running, done or failed.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many.")]


@runs.callback()
def listed(
    context: typer.Context, step: StepName = None, state: StateName = None, limit: Most = 50, form: Answer = Format.table
) -> None:
    """Show the history of runs, the newest first."""
    if context.invoked_subcommand is None:
        _history(step, state, limit, form)


@runs.command("list")
def list_runs(step: StepName = None, state: StateName = None, limit: Most = 50, form: Answer = Format.table) -> None:
    """Show the history of runs, the newest first."""
    _history(step, state, limit, form)


@runs.command("show")
def show(run_id: Annotated[str, typer.Argument(metavar="ID", help="The run's id.")]) -> None:
    """Show one run with its inputs, and its outcome or why it failed."""
    with desk("runs:read") as acting:
        write_json(_working(acting).run(run_id))


@runs.command("steps")
def steps(form: Answer = Format.table) -> None:
    """Show what can be run and scheduled."""
    with desk("runs:read") as acting:
        found = [
            {
                "step": one.name,
                "description": one.description,
                "permission": one.permission,
                "inputs": list(one.inputs.model_fields),
            }
            for one in _working(acting).steps()
        ]
    if form is Format.json:
        write_json(found)
    else:
        rows = [{**row, "inputs": ", ".join(row["inputs"]) or None} for row in found]
        print_rows(("step", "description", "permission", "inputs"), rows)


def start(
    step: Annotated[str, typer.Argument(help="The step's name. See: finopsmetrics runs steps.")],
    given: Given = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is done or failed, further attempts included.")] = False,
) -> None:
    """Run a step: by a server or worker that runs, else here. Exits with 1 when it failed."""
    with desk("runs:write") as acting:
        working = _working(acting)
        run_id = working.queue(step, _inputs(given))
        say(f"Queued {run_id}.")
        found = _followed(acting, working, run_id, wait=wait)
    write_json(found)
    if found["state"] == "failed":
        raise typer.Exit(1)


def _followed(acting: Acting, working: Working, run_id: str, *, wait: bool) -> dict[str, Any]:
    """Let others take the run; do it here when nobody does. Without `wait` it is left to whoever has it."""
    from finopsmetrics.runtime.worker import Worker

    began, told = time.monotonic(), None
    while True:
        found = working.started(run_id)
        if found["state"] in {"done", "failed"} or (not wait and (found["state"] == "running" or found["attempt"] > 0)):
            return found
        if found["error"] and found["error"] != told:
            told = found["error"]
            say(f"Attempt {found['attempt']} of {found['attempts']} failed: {told}")
        if time.monotonic() - began > TAKEN_WITHIN:
            Worker(acting.workspace).work_on(run_id)
        time.sleep(0.2)


def schedules(form: Answer = Format.table) -> None:
    """Show what is run when, and the next time."""
    with desk("runs:read") as acting:
        found = _working(acting).schedules()
    if form is Format.json:
        write_json(found)
        return
    names = ("name", "step", "cron", "zone", "active", "next", "changed_by")
    print_rows(names, [{**row, "next": _minute(row["next"])} for row in found], title="Schedules (times in UTC)")


@schedule.command("set")
def set_schedule(
    name: Named,
    step: Annotated[str, typer.Option("--step", help="The step's name. See: finopsmetrics runs steps.")],
    cron: Annotated[str, typer.Option("--cron", help="Five cron fields such as '0 6 * * *'; a sixth one is seconds.")],
    zone: Annotated[str, typer.Option("--zone", help="The time zone, such as Europe/Berlin.")] = "UTC",
    given: Given = None,
) -> None:
    """Add a schedule, or change the one of that name; it is on."""
    with desk("runs:write") as acting:
        working = _working(acting)
        found = working.schedule_shown(working.put(name, step, cron, zone=zone, inputs=_inputs(given)))
    _next(found)


@schedule.command("on")
def switch_on(name: Named) -> None:
    """Switch a schedule on; what it missed is not made up for."""
    with desk("runs:write") as acting:
        working = _working(acting)
        found = working.schedule_shown(working.switch(name, on=True))
    _next(found)


@schedule.command("off")
def switch_off(name: Named) -> None:
    """Switch a schedule off; runs that are queued already still run."""
    with desk("runs:write") as acting:
        _working(acting).switch(name, on=False)
    say(f"{name} is off.")


@schedule.command("remove")
def remove(name: Named) -> None:
    """Remove a schedule; its runs stay in the history."""
    with desk("runs:write") as acting:
        _working(acting).remove(name)
    say(f"{name} is removed.")


def work(
    slots: Annotated[int, typer.Option(min=1, max=64, help="How many steps at a time.")] = 2,
    lease: Annotated[
        float, typer.Option(min=1, max=3600, help="Seconds without a sign of life after which others take over.")
    ] = 60,
) -> None:
    """Do runs and schedules without serving, until it is stopped (SIGTERM or Ctrl-C)."""
    from datetime import timedelta

    from finopsmetrics.runtime.worker import Worker

    stopped: list[int] = []
    with desk("*:*") as acting:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _frame: stopped.append(got))
        with Worker(acting.workspace, slots=slots, lease=timedelta(seconds=lease)) as worker:
            say(f"{worker.name} works for {acting.workspace.home} (stop with Ctrl-C)")
            while not stopped:
                time.sleep(0.2)
            say("Stopping; steps at work get a moment to end.")


def _history(step: str | None, state: str | None, limit: int, form: Format) -> None:
    with desk("runs:read") as acting:
        found = _working(acting).runs(step=step, state=state, limit=limit)
    if form is Format.json:
        write_json(found)
        return
    names = ("id", "step", "state", "attempt", "queued", "seconds", "actor", "error")
    print_rows(names, [_row(run) for run in found], title="Runs (times in UTC)")


def _row(run: dict[str, Any]) -> dict[str, Any]:
    from datetime import datetime

    begun, ended = (datetime.fromisoformat(run[name]) if run[name] else None for name in ("started_at", "ended_at"))
    seconds = f"{(ended - begun).total_seconds():.1f}" if begun and ended else None
    error = run["error"] and run["error"][:120]
    return {
        **run,
        "attempt": f"{run['attempt']}/{run['attempts']}",
        "queued": _minute(run["queued_at"]),
        "seconds": seconds,
        "error": error,
    }


def _minute(moment: str | None) -> str | None:
    return moment[:16].replace("T", " ") if moment else None


def _next(found: dict[str, Any]) -> None:
    say(f"{found['name']} runs {found['step']} next at {_minute(found['next']) or 'no time at all'} UTC.")


def _inputs(given: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise UsageError(f"{one!r} is no input.", cure="Write --input key=value.")
        pairs[name] = value
    return pairs


def _working(acting: Acting) -> Working:
    from finopsmetrics.runtime.working import Working

    return Working(acting)
