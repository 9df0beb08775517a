"""Verbs that look ahead: forecasts, and what would come of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, print_rows, say, write_json, write_table

if TYPE_CHECKING:
    from finopsmetrics.forecasting import ScenarioForecast, ScenarioReplay
    from finopsmetrics.kinds.scenario import Scenario
    from finopsmetrics.observability.cost_forecast import CostForecast

Answer = Annotated[Format, typer.Option("--format", help="How to answer.")]
Confidence = Annotated[str, typer.Option(help="How much of what may come lies within the bounds; none for no bounds.")]


def forecast(
    name: Annotated[str | None, typer.Argument(help="A declared forecast; as the options say when none is named.")] = None,
    horizon: Annotated[str, typer.Option(help="30d, 8w, 12m, 1y.")] = "12m",
    group_by: Annotated[list[str] | None, typer.Option(help="Forecast each value of service, account, tags.KEY.")] = None,
    var: Annotated[
        list[str] | None, typer.Option(help="user_growth=0.1 (a month), compute_efficiency=5%, reserved_instance_coverage=0.6.")
    ] = None,
    confidence: Confidence = "0.95",
    metric: Annotated[str, typer.Option(help="effective, billed, list or contracted.")] = "effective",
    where: Annotated[str | None, typer.Option("--filter", help="A condition: 'BillingCurrency == \"USD\"'.")] = None,
    grain: Annotated[str | None, typer.Option(help="day, week or month.")] = None,
    model: Annotated[str, typer.Option(help="auto, or one model by its name.")] = "auto",
    form: Answer = Format.table,
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file.")] = None,
) -> None:
    """Forecast costs from the last complete day on, with bounds and how good such forecasts were before."""
    from finopsmetrics.runtime.foreseeing import Foreseeing

    groups = [one.strip() for text in group_by or [] for one in text.split(",") if one.strip()]
    with desk("costs:read") as acting:
        if name is not None:
            made = Foreseeing(acting).declared(name)
        else:
            made = Foreseeing(acting).forecast(
                horizon,
                variables=dict(_pair(text, "--var") for text in var or []),
                confidence_interval=_sure(confidence),
                group_by=groups,
                filters=where,
                metric=metric,
                grain=grain,
                model=model,
            )
    _write_forecast(made, form, output)


def whatif(
    name: Annotated[str | None, typer.Argument(help="A declared scenario; one of the changes given when none is named.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(help="SERVICE:CHANGE[:FIELD=VALUE…]: ec2:-20%, S3:+5000, ec2:ri_conversion:coverage=0.7."),
    ] = None,
    horizon: Annotated[str | None, typer.Option(help="30d, 6m, 1y; 12m, or the scenario's own.")] = None,
    currency: Annotated[str | None, typer.Option(help="Only charges in this currency.")] = None,
    replay: Annotated[bool, typer.Option("--replay", help="On the charges of the last twelve months instead of ahead.")] = False,
    confidence: Confidence = "0.95",
    form: Answer = Format.table,
) -> None:
    """Say what changes would come to: ahead beside the forecast without them, or replayed on the past."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.answers import plain_tree
    from finopsmetrics.runtime.foreseeing import Foreseeing

    if (name is None) == (not change):
        cure = 'Write: finopsmetrics whatif NAME, or finopsmetrics whatif --change "ec2:-20%".'
        raise UsageError("What changes is not told." if name is None else "A declared scenario takes no changes.", cure=cure)
    with desk("costs:read") as acting:
        foreseeing = Foreseeing(acting)
        scenario = foreseeing.scenario(name) if name is not None else _scenario(change or [], horizon, currency)
        made: ScenarioForecast | ScenarioReplay = (
            foreseeing.replay(scenario)
            if replay
            else foreseeing.what_if(scenario, horizon=horizon, confidence_interval=_sure(confidence))
        )
    if form is Format.json:
        write_json(plain_tree(made.as_dict()))
        return
    rows = made.as_dict()["rows"]
    if form is not Format.table:
        import pyarrow as pa

        write_table(pa.Table.from_pylist(rows), form)
        return
    print_rows(list(rows[0]), rows, title=scenario.name)
    shown = [{"step": step.name, "adds": step.amount, "charges": step.rows, "why": step.why} for step in made.steps]
    print_rows(("step", "adds", "charges", "why"), shown)
    told = made.as_dict()
    console().print(f"[bold]{told['total_cost']:,.2f} instead of {told['baseline']:,.2f} {told['currency']}[/bold]")
    say(f"Savings: {told['savings']:,.2f} {told['currency']}.")


def _scenario(changes: list[str], horizon: str | None, currency: str | None) -> Scenario:
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.kinds.scenario import Scenario

    out: list[dict[str, Any]] = []
    for text in changes:
        service, _, rest = text.partition(":")
        how, *fields = rest.split(":")
        if not service or not how:
            raise UsageError(f"The change {text!r} cannot be read.", cure="Write SERVICE:CHANGE, such as ec2:-20%.")
        out.append({"service": service, "change": how, **dict(_pair(field, "--change") for field in fields)})
    body = {"name": "; ".join(changes)[:120].replace("/", " "), "changes": out, "horizon": horizon or "12m"}
    return Scenario.read(body | ({"currency": currency} if currency else {}))


def _pair(text: str, option: str) -> tuple[str, str]:
    from finopsmetrics.core.errors import UsageError

    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise UsageError(f"{option} {text!r} cannot be read.", cure="Write NAME=VALUE.")
    return name.strip(), value.strip()


def _sure(text: str) -> str | None:
    return None if text == "none" else text


def _write_forecast(made: CostForecast, form: Format, output: Path | None) -> None:
    import json
    import sys

    from finopsmetrics.observability.answers import plain_tree

    if form is Format.json:
        text = json.dumps(plain_tree(made.as_dict()), indent=2, ensure_ascii=False) + "\n"
        if output is None:
            sys.stdout.write(text)
        else:
            output.write_text(text, encoding="utf-8")
        return
    write_table(made.to_arrow(), form, title=f"Forecast of the {made.metric} cost to {made.end.date()}", output=output)
    if form is not Format.table:
        return
    bounds = f", {made.lower_bound:,.2f} to {made.upper_bound:,.2f}" if made.lower_bound is not None else ""
    console().print(f"[bold]Total {made.expected:,.2f} {made.currency}{bounds}[/bold]")
    for step in made.steps[1:]:
        say(f"{step.name}: {step.amount:+,.2f} ({step.why})")
    for one in made.handled[1:]:
        say(f"{one.kind}: {one.amount:,.2f} in the history, {one.how}")
    quality = made.quality
    if quality.wape is not None:
        say(f"On {quality.origins} days of the past, days were off by {quality.wape:.1%} of the cost.")
    else:
        say("The history is too short to look back on: bounds are those of the days themselves.")
