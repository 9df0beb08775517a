"""Verbs for answers: costs, receipts, SQL, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, say, write_json, write_table


def costs(
    metric: Annotated[str, typer.Option(help="billed, effective, list or contracted.")] = "billed",
    group_by: Annotated[
        list[str] | None, typer.Option(help="A FOCUS column, a short name (service, account) or tags.KEY.")
    ] = None,
    time_range: Annotated[str, typer.Option("--range", help="30d, 12m, mtd, 2026-05, 2026-05-01..2026-05-31, all.")] = "30d",
    where: Annotated[str | None, typer.Option("--filter", help="A condition: 'service == \"Amazon EC2\"'.")] = None,
    basis: Annotated[str, typer.Option(help="accrual (by charge period) or cash (by billing period).")] = "accrual",
    grain: Annotated[str | None, typer.Option(help="hour, day, week, month, quarter or year.")] = None,
    top: Annotated[int | None, typer.Option(help="Keep the greatest N groups; the rest is summed as (other).")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Beside the window before.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Answer with what was known then: 2026-10-03 (its end) or a time.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="With --as-of: what deliveries changed since then.")] = False,
    receipt_file: Annotated[Path | None, typer.Option("--receipt", help="Write the receipt to this file.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file.")] = None,
) -> None:
    """Ask what was spent, by anything, over any window; each answer has a receipt."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.core.windows import Window
    from finopsmetrics.observability.query import build

    groups = [name for text in group_by or [] for name in text.split(",") if name.strip()]
    if diff and not as_of:
        raise UsageError("--diff needs --as-of.", cure="Say since when: --as-of 2026-10-03 --diff.")
    with desk() as acting:
        window = Window.parse(time_range, now=acting.workspace.now())
        if diff and not groups:
            groups = ["ServiceName", "SubAccountId"]
        query = build(
            metric=metric, group_by=groups, window=window, filters=where, basis=basis, grain=grain, compare=compare, top=top
        )
        if diff:
            write_table(acting.costs.difference(query, str(as_of)), form, title=f"Changed since {as_of}", output=output)
            return
        answer = acting.costs.ask(query, as_of=as_of)
        begins = acting.costs.not_whole(window.previous()) if compare else None
    write_table(answer.table, form, title=f"{metric} cost, {window.label()}", output=output)
    if form is Format.table:
        for currency, money in answer.total.items():
            console().print(f"[bold]Total {money.amount:,.2f} {currency}[/bold]")
    if begins is not None:
        say(f"The window before is not whole: charges are held from {begins:%Y-%m-%d} on. Its changes tell nothing.")
    if answer.receipt is not None:
        say(f"receipt {answer.receipt.id}")
        if receipt_file is not None:
            receipt_file.write_text(json.dumps(answer.receipt.as_dict(), indent=2) + "\n", encoding="utf-8")


def receipt(
    name: Annotated[str, typer.Argument(help="The receipt's id, or a receipt file from another machine.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Recompute the answer and compare; exits with 1 when it differs.")
    ] = False,
) -> None:
    """Show what an answer rests on, or prove it again."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.receipts import Receipt

    with desk() as acting:
        if Path(name).is_file():
            try:
                found = Receipt.from_dict(json.loads(Path(name).read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{name} is no receipt.", cure="Give a file that `costs --receipt` wrote.") from error
        else:
            found = acting.costs.receipt(name)
        if not verify:
            write_json(found.as_dict())
            return
        result = acting.costs.verify(found)
    write_json({name: getattr(result, name) for name in result.__dataclass_fields__})
    if not result.reproduced:
        say("The answer was not reproduced.")
        raise typer.Exit(1)


def sql(
    query: Annotated[str | None, typer.Argument(help="One SELECT over the FOCUS tables.")] = None,
    tables: Annotated[bool, typer.Option("--tables", help="List the tables and their columns.")] = False,
    limit: Annotated[int | None, typer.Option(help="At most so many rows.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
    output: Annotated[Path | None, typer.Option("--output", help="Write to this file.")] = None,
) -> None:
    """Ask in SQL, read-only, over the FOCUS tables: focus_data_table, invoice_detail, billing_period, contract_commitment."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.observability.sql import table_columns

    if not tables and not query:
        raise UsageError("There is no query.", cure='Give one: finopsmetrics sql "SELECT count(*) FROM focus_data_table".')
    with desk() as acting:
        if tables:
            acting.require("sql:run")
            write_json(table_columns(acting.workspace.opened))
            return
        write_table(acting.sql(str(query), limit=limit), form, output=output)


def export(
    target: Annotated[Path, typer.Argument(help="The folder to write to.")],
    focus: Annotated[str, typer.Option("--focus", help="The FOCUS version: 1.0, 1.1, 1.2, 1.3 or 1.4.")] = "1.4",
    time_range: Annotated[str, typer.Option("--range", help="Which charges: a window such as 2026-05 or all.")] = "all",
    where: Annotated[str | None, typer.Option("--filter", help="A condition on the charges.")] = None,
    form: Annotated[str, typer.Option("--format", help="parquet, csv, csv.gz, or the format of an export plugin.")] = "parquet",
) -> None:
    """Write the charges as FOCUS files of any version, to take your data anywhere."""
    from finopsmetrics.core.windows import Window

    with desk() as acting:
        window = Window.parse(time_range, now=acting.workspace.now())
        report = acting.export(target, version=focus, window=window, filters=where, format=form)
    write_json(report.as_dict())
