"""Verbs for dashboards: which there are, one of them in words and tables, and which widgets it can hold."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import console, print_rows, say, write_json
from finopsmetrics.cli.verbs.integrations import new

if TYPE_CHECKING:
    from finopsmetrics.vizlychart.spec import ChartSpec, Column

app = typer.Typer(invoke_without_command=True, help="Dashboards: built-in ones and those declared.", rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
MOST_ROWS = 12


@app.callback()
def listed(context: typer.Context, as_json: Json = False) -> None:
    """List dashboards: built-in ones and those declared, as far as they are shared."""
    if context.invoked_subcommand is not None:
        return
    with desk() as acting:
        from finopsmetrics.runtime.layouts import Layouts

        found = [one.facts() for one in Layouts(acting).all()]
    if as_json:
        write_json({"layouts": found})
        return
    shown = ("name", "title", "role", "built_in", "origin")
    print_rows(shown, [{name: row[name] for name in shown} for row in found], title="Dashboards")


@app.command("show")
def show(
    name: Annotated[str | None, typer.Argument(help="A dashboard; one's own first page unless named.")] = None,
    time_range: Annotated[str | None, typer.Option("--range", help="The time of widgets that name none.")] = None,
    currency: Annotated[str | None, typer.Option(help="The currency that is shown.")] = None,
    as_json: Json = False,
) -> None:
    """Show a dashboard: each widget's title, its sentence, and its figures as a table.

    Exits with 1 when a widget fails.
    """
    from dataclasses import replace

    with desk() as acting:
        from finopsmetrics.runtime.dashboards import Dashboards
        from finopsmetrics.runtime.layouts import Layouts

        layouts = Layouts(acting)
        layout = layouts.one(name) if name is not None else layouts.home()
        frame = layout.frame()
        frame = replace(frame, time_range=time_range or frame.time_range, currency=currency or frame.currency)
        order = [one.id for one in layout.widgets]
        drawn = sorted(Dashboards(acting).show(layout.asked(), frame), key=lambda one: order.index(one.id))
    if as_json:
        write_json({**layout.as_dict(), "widgets": [one.as_dict() for one in drawn]})
    else:
        for one in drawn:
            _tell(one.title, one.sentence, one.shown.empty if one.shown else None)
            if one.shown and one.shown.chart and one.shown.chart.rows:
                _table(one.shown.chart)
    if any(one.state == "failed" for one in drawn):
        raise typer.Exit(1)


def widgets(as_json: Json = False) -> None:
    """List the widgets that a dashboard can hold, with their settings."""
    with desk() as acting:
        from finopsmetrics.runtime.dashboards import Dashboards

        found = Dashboards(acting).catalogue()
    if as_json:
        write_json({"widgets": found})
        return
    rows = [{**row, "settings": ", ".join(row["config_schema"].get("properties", {}))} for row in found]
    shown = ("name", "description", "settings")
    print_rows(shown, [{name: row[name] for name in shown} for row in rows], title="Widgets")


@new.command("widget")
def new_widget(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and underscores.")],
    folder: Annotated[
        Path | None, typer.Option("--into", help="Where it is made; the repository's widgets, else the current folder.")
    ] = None,
) -> None:
    """Write a new widget and its test. Its contract fails until it is real."""
    from finopsmetrics.dashboard.scaffold import write_scaffold

    home, tests = Path("src/finopsmetrics/dashboard/widgets"), Path("tests/dashboard")
    own = folder is None and home.is_dir()
    for path in write_scaffold(name, folder or (home if own else Path()), tests if own and tests.is_dir() else None):
        say(f"wrote {path}")
    say("Next: say what it shows, tell its figures in one sentence, and run tests/dashboard/test_contract.py.")


def _tell(title: str, sentence: str, cure: str | None) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(f"\n{title}", style="bold"))
    out.print(Text(sentence))
    if cure:
        out.print(Text(cure, style="dim"))


def _table(chart: ChartSpec) -> None:
    """The first rows of a chart; its labels stand over the columns, each once."""
    shown = [column for column in chart.columns if chart.chart != "kpi" or column.name in {chart.x, *chart.y}]
    places = [chart.columns.index(column) for column in shown]
    labels = [column.label or column.name for column in shown]
    heads = [label if labels.count(label) == 1 else column.name for label, column in zip(labels, shown, strict=True)]
    rows: list[dict[str, Any]] = [
        {head: _cell(row[place], column) for head, place, column in zip(heads, places, shown, strict=True)}
        for row in chart.rows[:MOST_ROWS]
    ]
    print_rows(heads, rows)
    if len(chart.rows) > MOST_ROWS:
        say(f"… {len(chart.rows) - MOST_ROWS} more rows; --json gives all of them.")


def _cell(cell: Any, column: Column) -> Any:
    from finopsmetrics.dashboard.words import price

    if cell is None or not isinstance(cell, str):
        return cell
    if column.type == "share":
        return f"{Decimal(cell):.1%}"
    if column.price:
        return price(Decimal(cell))
    return Decimal(cell) if column.type in {"money", "number"} else cell
