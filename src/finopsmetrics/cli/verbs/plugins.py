"""`finopsmetrics plugins`: list, check, enable, disable and run plugins."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import print_rows, say, write_json

app = typer.Typer(no_args_is_help=True, help="Plugins: list, check, enable, disable and run them.")

PluginName = Annotated[str, typer.Argument(metavar="NAME", help="The plugin's name.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="A YAML or JSON file of settings; secrets as env:NAME.")]


class Shape(StrEnum):
    """The shapes of an answer."""

    table = "table"
    json = "json"


ShapeChoice = Annotated[Shape, typer.Option("--format", help="How to answer: table or json.")]


@app.command("list")
def list_(form: ShapeChoice = Shape.table) -> None:
    """List the plugins that are installed or set up: whether they are on, how they are, how often they failed."""
    from dataclasses import asdict

    from finopsmetrics.runtime.extending import Extending

    with desk() as acting:
        found = Extending(acting).listed()
    if form is Shape.json:
        write_json([asdict(one) for one in found])
        return
    if not found:
        say("No plugin is installed. See docs/development/plugin_guide.md.")
    rows = [{**asdict(one), "types": ", ".join(one.types or ())} for one in found]
    columns = ("name", "state", "version", "types", "healthy", "calls", "failures", "detail", "last_error")
    print_rows(columns, [{column: row[column] for column in columns} for row in rows])


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; those that are on, unless given.")
    ] = None,
    config: ConfigFile = None,
    form: ShapeChoice = Shape.table,
) -> None:
    """Load, set up and start plugins, ask how they are, and say what is wrong. Exits with 1 when anything is."""
    from dataclasses import asdict

    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.runtime.extending import Extending

    if config is not None and len(names or ()) != 1:
        raise UsageError("Settings are of one plugin.", cure="Name one: finopsmetrics plugins check NAME --config FILE.")
    given = _settings(config)
    with desk() as acting:
        extending = Extending(acting)
        found = [extending.check(name, given) for name in names or extending.enabled()]
    if form is Shape.json:
        write_json([{**asdict(one), "ok": one.ok} for one in found])
    else:
        for one in found:
            parts = [
                "ok  " if one.ok else "fail",
                one.name,
                one.version,
                ", ".join(one.types),
                f"{one.seconds:.3f} s",
                one.detail,
            ]
            typer.echo(" ".join(part for part in parts if part))
            for problem in one.problems:
                typer.echo(f"     - {problem}")
        if not found:
            say("No plugin is on. Name one, or enable one.")
    if not all(one.ok for one in found):
        raise typer.Exit(1)


@app.command()
def enable(name: PluginName, config: ConfigFile = None) -> None:
    """Let an installed plugin be on, with settings from a file or those that it had."""
    from finopsmetrics.runtime.extending import Extending

    given = _settings(config)
    with desk() as acting:
        Extending(acting).enable(name, given)
    say(f"{name} is on. A server that runs takes it up when it is started again.")


@app.command()
def disable(name: PluginName) -> None:
    """Let a plugin be off; its settings stay."""
    from finopsmetrics.runtime.extending import Extending

    with desk() as acting:
        Extending(acting).disable(name)
    say(f"{name} is off. A server that runs lets it go when it is started again.")


@app.command()
def run(name: PluginName, form: ShapeChoice = Shape.table) -> None:
    """Let a plugin do its work once: collect, recommend or show its widget. Exits with 1 when it failed."""
    from finopsmetrics.plugins.results import Collected, Widget
    from finopsmetrics.runtime.plugin_runs import PluginRuns

    with desk() as acting:
        found = PluginRuns(acting).run(name)
    if form is Shape.json:
        write_json(_plain(found))
    elif isinstance(found, Widget):
        print_rows(found.columns, [dict(zip(found.columns, row, strict=True)) for row in found.rows], title=found.title)
        say(found.sentence)
    elif isinstance(found, Collected):
        error = f": {found.error}" if found.error else ""
        typer.echo(f"{found.status}: {found.rows:,} entries, {found.new:,} new, {found.refused:,} refused{error}")
    else:
        names = ("title", "reason", "currency", "monthly_saving")
        print_rows(names, [{one: getattr(row, one) for one in names} for row in found])
    if isinstance(found, Collected) and (found.status == "failed" or found.refused):
        raise typer.Exit(1)


def _settings(path: Path | None) -> dict[str, Any] | None:
    """Settings from a file; None without one. Raises UsageError."""
    from yaml import YAMLError, safe_load

    from finopsmetrics.core.errors import UsageError

    if path is None:
        return None
    try:
        found = safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise UsageError(f"{path} cannot be read as settings.", cure="Give a YAML or JSON file of one mapping.") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UsageError(f"{path} holds no mapping of settings.", cure="Write lines such as `key: value`.")
    return found


def _plain(value: Any) -> Any:
    """Frozen data as JSON takes it; amounts as text."""
    from dataclasses import asdict, is_dataclass
    from decimal import Decimal

    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
