"""Verbs for bills: take them in, list them, reconcile them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, money_lines, print_rows, say, write_json

if TYPE_CHECKING:
    from finopsmetrics.store.report import DeliveryReport

QUARANTINED = 3


def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Files of bills (.csv, .csv.gz, .parquet, .jsonl, .jsonl.gz) or folders of them.")
    ],
    source: Annotated[str | None, typer.Option(help="Whose bill it is; found by issuer and account when not given.")] = None,
    delivered_at: Annotated[str | None, typer.Option(help="When it was delivered, for history: 2026-10-03 or a time.")] = None,
    together: Annotated[bool, typer.Option("--together", help="All paths are parts of one delivery.")] = False,
    currency: Annotated[str | None, typer.Option(help="The currency of a bill that names none.")] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", help="The connection whose settings declare how to read the table.")
    ] = None,
    closed: Annotated[str, typer.Option(help="A closed period that arrives changed: flag or refuse.")] = "flag",
    form: Annotated[Format, typer.Option("--format", help="How to report.")] = Format.table,
) -> None:
    """Take bills in: any FOCUS version, and the providers' own formats, told by their header and tied to the cent.

    See `finopsmetrics integrations` for the formats that are known.
    """
    from finopsmetrics.core.errors import FinOpsError, UsageError
    from finopsmetrics.store.incoming import gather, parse_moment
    from finopsmetrics.store.ingest import IngestOptions

    if closed not in {"flag", "refuse"}:
        raise UsageError(f"--closed {closed} is unknown.", cure="Use flag or refuse.")
    moment = parse_moment(delivered_at) if delivered_at else None
    reports: list[DeliveryReport] = []
    with desk("deliveries:write") as acting, _progress() as progress:
        settings = acting.specs.get("connection", connection).body.get("settings", {}) if connection else None
        options = IngestOptions(currency=currency, refuse_closed=closed == "refuse", mapping=settings)
        incoming = gather(paths, source=source or connection, delivered_at=moment, together=together)
        try:
            acting.take(incoming, options, progress, reports.append)
        except FinOpsError:
            _tell(reports, form)
            raise
    _tell(reports, form)
    if any(report.quarantined for report in reports):
        raise typer.Exit(QUARANTINED)


def _tell(reports: list[DeliveryReport], form: Format) -> None:
    if form is not Format.table:
        write_json({"deliveries": [report.as_dict() for report in reports]})
        return
    for report in reports:
        _print_report(report)


def _print_report(report: DeliveryReport) -> None:
    out = console()
    head = {"taken": "taken", "unchanged": "unchanged", "history": "kept as history"}[report.status]
    out.print(f"[bold]{report.source}[/bold] · {report.dataset} {report.focus_version} · {head} · {report.id}")
    out.print(f"  files      {', '.join(report.files)}")
    if report.mapping:
        out.print(f"  mapping    {report.mapping}")
    out.print(f"  periods    {', '.join(report.periods)}")
    quarantined = f", {report.quarantined:,} quarantined" if report.quarantined else ""
    out.print(f"  rows       {report.rows:,} delivered = {report.accepted:,} accepted{quarantined or ' + 0 quarantined'}")
    if report.totals:
        out.print(f"  sums       {money_lines(report.totals)}")
    if report.quarantined_totals:
        out.print(f"  [yellow]quarantine {money_lines(report.quarantined_totals)}[/yellow]")
    for entry in report.replaced:
        out.print(
            f"  replaced   {entry['period']} of {entry['delivery']}: {entry['rows']:,} rows, {money_lines(entry['totals'])}"
        )
    for change in report.closed_changes:
        told = ", ".join(f"{amount} {currency}" for currency, amount in change["differences"].items()) or "the sums are equal"
        out.print(f"  [bold red]CLOSED PERIOD CHANGED[/bold red] {change['period']} ({change['closed_by']}): {told}")
    for entry in report.repairs:
        out.print(f"  repaired   {entry['count']:,} × {entry['column']}: {entry['what']}")
    for entry in report.warnings:
        out.print(f"  [yellow]look at[/yellow]    {entry['count']:,} × {entry['column']}: {entry['what']}")
    for row in report.rejected:
        out.print(f"  [yellow]rejected[/yellow]   {row['file']}, line {row['line']}, {row['column'] or 'row'}: {row['reason']}")
    if report.quarantined > len(report.rejected):
        out.print(f"  … and {report.quarantined - len(report.rejected):,} more in the quarantine table")
    for note in report.notes:
        out.print(f"  note       {note}")


class _progress:  # noqa: N801
    """Progress on standard error while people watch; silent otherwise."""

    def __enter__(self) -> _progress:
        self._status = console(error=True).status("reading") if sys.stderr.isatty() else None
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._status:
            share = f" {done / total:.0%} of {total / 1e6:,.0f} MB" if total else ""
            self._status.update(f"{what}{share}")


def deliveries(
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50,
) -> None:
    """List deliveries: what came, when, from whom, and what it summed to."""
    with desk() as acting:
        found = acting.deliveries()[: max(limit, 0)]
    rows = [
        {
            "delivery": record.id,
            "source": record.source,
            "dataset": record.dataset,
            "delivered_at": record.delivered_at,
            "periods": ", ".join(record.report["periods"]),
            "rows": record.rows,
            "quarantined": record.quarantined,
            "sums": money_lines(record.report["totals"]),
        }
        for record in found
    ]
    _write_rows(rows, form, "Deliveries")


def reconcile(
    invoice: Annotated[str | None, typer.Option(help="Put an invoice on record: its number.")] = None,
    issuer: Annotated[str | None, typer.Option(help="Its issuer, as the charges name it.")] = None,
    amount: Annotated[str | None, typer.Option(help='Its total: "1234.56 USD".')] = None,
    all_lines: Annotated[bool, typer.Option("--all", help="Show every commitment, not only those that do not tie.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to answer.")] = Format.table,
) -> None:
    """Compare charges with invoices and commitments with their use. Exits with 1 when something differs by more than a cent."""
    from finopsmetrics.core.errors import UsageError
    from finopsmetrics.core.money import Money
    from finopsmetrics.observability.reconcile import enter_invoice

    with desk() as acting:
        if invoice or issuer or amount:
            if not (invoice and issuer and amount):
                raise UsageError("An invoice needs --invoice, --issuer and --amount.", cure='Such as --amount "1234.56 USD".')
            acting.require("deliveries:write")
            acting.principal.require_all_charges("an invoice's total")
            enter_invoice(acting.workspace.opened, issuer, invoice, Money.parse(amount), actor=acting.principal.name)
        found = acting.reconcile()
    if form is Format.json:
        write_json(found.as_dict())
    elif form is not Format.table:
        _write_rows(list(found.as_dict()["invoices"]), form, "")
    else:
        _print_reconciliation(found, all_lines)
    if not found.ties:
        raise typer.Exit(1)


def _print_reconciliation(found: Any, all_lines: bool) -> None:
    out = console()
    lines = [
        {
            "issuer": line.issuer,
            "invoice": line.invoice or f"(none) {line.period}",
            "currency": line.currency,
            "rows": line.rows,
            "charges": line.charges,
            "figure": line.figure,
            "residual": line.residual,
            "": line.status,
        }
        for line in found.invoices
    ]
    if lines:
        print_rows(list(lines[0]), lines, title="Invoices")
    shown = [line for line in found.commitments if all_lines or line.status == "differs"]
    tied = sum(line.status == "ties" for line in found.commitments)
    out.print(f"\nCommitments: {tied:,} of {len(found.commitments):,} tie (purchase = used + unused)")
    if shown:
        names = ("commitment", "currency", "purchased", "used", "unused", "residual", "status")
        print_rows(names, [{name: getattr(line, name) for name in names} for line in shown])
    for line in found.invoices:
        if line.status == "differs":
            out.print(f"[bold red]DIFFERS[/bold red] {line.issuer} {line.invoice}: residual {line.residual} {line.currency}")
    for change in found.closed_changes:
        told = ", ".join(f"{amount} {currency}" for currency, amount in change["differences"].items()) or "equal sums"
        out.print(f"[bold red]CLOSED PERIOD CHANGED[/bold red] {change['source']} {change['period']}: {told}")
    out.print("[green]Everything ties.[/green]" if found.ties else "[bold red]Not everything ties.[/bold red]")


def _write_rows(rows: list[dict[str, Any]], form: Format, title: str) -> None:
    if form is Format.table:
        print_rows(list(rows[0]), rows, title=title) if rows else say("There is nothing yet. Take a bill in with `ingest`.")
    elif form is Format.json:
        from finopsmetrics.observability.answers import plain_row

        write_json([plain_row(row) for row in rows])
    else:
        import pyarrow as pa

        from finopsmetrics.cli.output import write_table

        write_table(pa.Table.from_pylist(rows), form)
