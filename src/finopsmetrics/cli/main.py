"""`finopsmetrics`: the verbs, their help, and how errors leave: one message with its cure, and an exit code for scripts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from finopsmetrics.cli.output import say
from finopsmetrics.cli.verbs import (
    anomalies,
    answers,
    bills,
    budgets,
    charts,
    code,
    connections,
    dashboards,
    findings,
    forecasts,
    integrations,
    keeping,
    notify,
    people,
    plugins,
    runs,
    samples,
    serving,
    specs,
)
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.core.release import VERSION

app = typer.Typer(
    name="finopsmetrics",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Every bill in one exact FOCUS table, every figure tied to the cent.\n\n"
    "Exit codes: 0 done, 1 refused or failed with nothing changed, 2 usage, 3 done with quarantined rows, 4 not allowed.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"finopsmetrics {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    home: Annotated[
        Path | None,
        typer.Option("--home", envvar="FINOPSMETRICS_HOME", help="The folder of the home. [default: ~/.finopsmetrics]"),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Choose the home for all verbs."""
    if home is not None:
        os.environ["FINOPSMETRICS_HOME"] = str(home)


app.command("ingest")(bills.ingest)
app.command("deliveries")(bills.deliveries)
app.command("reconcile")(bills.reconcile)
app.command("integrations")(integrations.integrations)
app.command("connect")(connections.connect)
app.command("sync")(connections.sync)
app.command("connections")(connections.connections)
app.add_typer(integrations.new, name="new")
app.command("costs")(answers.costs)
app.command("forecast")(forecasts.forecast)
app.command("whatif")(forecasts.whatif)
app.command("budgets")(budgets.budgets)
app.add_typer(dashboards.app, name="dashboards")
app.command("widgets")(dashboards.widgets)
app.command("chart")(charts.chart)
app.add_typer(findings.app, name="findings")
app.add_typer(notify.app, name="notify")
app.add_typer(anomalies.app, name="anomalies")
app.add_typer(samples.app, name="samples")
app.command("receipt")(answers.receipt)
app.command("sql")(answers.sql)
app.command("export")(answers.export)
app.command("serve")(serving.serve)
app.command("demo")(serving.demo)
app.command("doctor")(keeping.doctor)
app.command("maintain")(keeping.maintain)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("validate")(code.validate)
app.command("plan")(code.plan)
app.command("apply")(code.apply)
app.command("drift")(code.drift)
app.command("import")(code.import_)
app.command("get")(specs.get)
app.command("delete")(specs.delete)
app.command("history")(specs.history)
app.command("kinds")(specs.kinds)
app.command("run")(runs.start)
app.command("schedules")(runs.schedules)
app.command("work")(runs.work)
app.add_typer(runs.runs, name="runs")
app.add_typer(runs.schedule, name="schedule")
app.add_typer(plugins.app, name="plugins")
app.add_typer(people.users, name="user")
app.add_typer(people.tokens, name="token")
app.add_typer(people.trail, name="audit")


def run() -> None:
    """The entry point: run a verb, and turn an error into its message and exit code."""
    try:
        app()
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except FinOpsError as error:
        say(f"Error: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("FINOPSMETRICS_DEBUG"):
            raise
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        say(f"Error: something unforeseen happened ({type(error).__name__}: {cause}). Nothing half done was kept.")
        say("This is a defect: please report it with the output of the same command under FINOPSMETRICS_DEBUG=1.")
        sys.exit(1)
    except KeyboardInterrupt:
        say("Stopped. What was not finished left nothing behind.")
        sys.exit(130)
