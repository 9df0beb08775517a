"""Verbs for integrations: which there are, and the start of a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finopsmetrics.cli.output import Format, print_rows, say, write_json

new = typer.Typer(help="Start something new from a scaffold that its contract refuses until it is real.", no_args_is_help=True)


@new.callback()
def _new() -> None:
    """Start something new from a scaffold that its contract refuses until it is real."""


def integrations(
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
) -> None:
    """List integrations: each vendor's capabilities and formats, which mapping reads them, and what proves it."""
    from finopsmetrics.integrations.registry import vendors_as_rows

    rows = vendors_as_rows()
    if form is Format.table:
        shown = ("vendor", "capability", "format", "files", "mapping", "tier", "proof")
        print_rows(shown, [{name: row[name] for name in shown} for row in rows], title="Integrations")
    elif form is Format.json:
        write_json(rows)
    else:
        import pyarrow as pa

        from finopsmetrics.cli.output import write_table

        write_table(pa.Table.from_pylist(rows), form)


@new.command("integration")
def new_integration(
    name: Annotated[str, typer.Argument(help="The vendor's name: lower-case letters, digits and underscores.")],
    folder: Annotated[
        Path | None,
        typer.Option("--into", help="Where its folder is made; the repository's integrations, else the current folder."),
    ] = None,
) -> None:
    """Write the folder of a new integration: manifest and mapping. Its contract fails until both are real."""
    from finopsmetrics.integrations.scaffold import write_scaffold

    home = Path("src/finopsmetrics/integrations")
    for path in write_scaffold(name, folder or (home if home.is_dir() else Path())):
        say(f"wrote {path}")
    say("Next: fill in the manifest and the mapping, add a fixture, and run tests/integrations/test_contract.py.")
