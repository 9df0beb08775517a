"""The verb for budgets: how each stands, and one day by day."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, print_rows, say, write_json


def budgets(
    name: Annotated[str | None, typer.Argument(help="A budget; all of them when none is named.")] = None,
    days: Annotated[bool, typer.Option("--days", help="Show its burn-down: each day of the current period to today.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
) -> None:
    """Show how budgets stand in their current period: what was spent, what is allowed, what is left.

    Exits with 1 when something cannot be told, such as a budget over charges in several currencies.
    """
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.answers import plain_row

    if days and name is None:
        raise UsageError("A burn-down is of one budget.", cure="Write: finopsmetrics budgets NAME --days.")
    with desk("budget:read") as acting:
        from finopsmetrics.runtime.budgeting import Budgeting

        budgeting = Budgeting(acting)
        if days and name is not None:
            rows: list[dict[str, Any]] = [vars(one) for one in budgeting.burn_down(name)]
            _write(rows, ("day", "spent", "remaining", "even"), form, f"Burn-down of {name}")
            return
        found = [one.as_dict() for one in ([budgeting.one(name)] if name is not None else budgeting.all())]
    if form is Format.json:
        write_json([plain_row(row) for row in found])
    else:
        shown = ("budget", "period", "currency", "spent", "allowed", "remaining", "share", "projected")
        _write([_shown(row) for row in found if not row["error"]], shown, form, "Budgets")
    for row in found:
        if row["error"] and form is not Format.json:
            say(f"{row['budget']}: {row['error']}")
    if any(row["error"] for row in found):
        raise typer.Exit(1)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "share": f"{row['share']:.1%}" if row["share"] is not None else None}


def _write(rows: list[dict[str, Any]], shown: tuple[str, ...], form: Format, title: str) -> None:
    from finopsmetrics.observability.answers import plain_row

    if form is Format.json:
        write_json([plain_row(row) for row in rows])
    elif not rows:
        say("There is no budget yet. Declare one: finopsmetrics apply FILE.")
    elif form is Format.table:
        print_rows(shown, [{name: row[name] for name in shown} for row in rows], title=title)
    else:
        import pyarrow as pa

        from finopsmetrics.cli.output import write_table

        write_table(pa.Table.from_pylist([{name: row[name] for name in shown} for row in rows]), form)
