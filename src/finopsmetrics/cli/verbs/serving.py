"""Verbs that show: the server, and the demo estate."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import say

HOST, PORT = "127.0.0.1", 8080
WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = HOST,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 is any free one.")] = PORT,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Listen beyond this machine; everybody then logs in.")
    ] = False,
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Also do runs and schedules; see finopsmetrics work.")] = True,
) -> None:
    """Serve the answers over HTTP, on this machine unless told otherwise."""
    from finopsmetrics.api.server import listening
    from finopsmetrics.api.server import serve as run

    with listening(host, port, allow_remote=allow_remote) as tried:  # an address that cannot be had is told before anything else
        port = tried.getsockname()[1]
    with desk("*:*") as acting:
        workspace = acting.workspace
        say(f"finopsmetrics serves {workspace.home} on http://{host}:{port} (stop with Ctrl-C)")
        code = acting.iam.first_admin_code()
        if code is not None:
            say("Nobody can log in yet. Make the first administrator, once, within three days:")
            say(f"  http://{host if host not in WILDCARDS else HOST}:{port}/welcome?code={code}")
            if not allow_remote:
                say("Until then only you, on this machine, are answered.")
        run(workspace, host=host, port=port, allow_remote=allow_remote, jobs=jobs)


def demo(
    seed: Annotated[int, typer.Option(help="The seed: the same seed makes the same estate.")] = 7,
    months: Annotated[int, typer.Option(help="How many months, the current one included.")] = 14,
    end: Annotated[str | None, typer.Option(help="The last day, such as 2026-11-20; today when not given.")] = None,
    scale: Annotated[float, typer.Option(help="How many resources, relative to the usual estate.")] = 1.0,
    keep_files: Annotated[Path | None, typer.Option(help="Keep the delivered files and the ledger of the truth here.")] = None,
    then_serve: Annotated[bool, typer.Option("--serve", help="Serve it afterwards on http://127.0.0.1:8080.")] = False,
) -> None:
    """Fill a home with a synthetic company, by the same door as a customer's bill; everything in it says so."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.anomalies.look import LOOK_BACK
    from finopsmetrics.runtime import anomalies
    from finopsmetrics.runtime.estate import load_demo

    try:
        last = date.fromisoformat(end) if end else None
    except ValueError as error:
        raise UsageError(f"{end!r} is not a day.", cure="Write it as 2026-11-20.") from error
    began = time.monotonic()
    with desk("*:*") as acting:
        loaded = load_demo(acting.workspace, seed=seed, months=months, end=last, scale=scale, keep_files=keep_files, say=say)
        say(f"{loaded.company}: {loaded.charges:,} charges in {loaded.deliveries} deliveries, {time.monotonic() - began:.0f} s")
        night = anomalies.Anomalies(acting).night()
        for one in night.new:
            say(f"  {one.finding.severity}: {one.finding.title}")
        say(f"{len(night.new)} unusual in the last {LOOK_BACK} days; why: finopsmetrics --home {acting.workspace.home} findings")
    if then_serve:
        serve(HOST, PORT, allow_remote=False, jobs=True)
