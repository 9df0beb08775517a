"""Verbs for connections: declare one and try its permissions, fetch what is new, see how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, console, money_lines, print_rows, say, write_json
from finopsmetrics.core.errors import UsageError

if TYPE_CHECKING:
    from finopsmetrics.integrations.collecting import Checked
    from finopsmetrics.runtime.batches import Synced, Took

Pairs = Annotated[list[str] | None, typer.Option("--set", help="A setting as key=value; may be given several times.")]
Secrets = Annotated[
    list[str] | None,
    typer.Option("--secret", help="Where a secret is: key=env:NAME, key=file:PATH or key=keyring:SERVICE/USER; never itself."),
]
Answer = Annotated[Format, typer.Option("--format", help="How to answer: table or json.")]


def connect(
    integration: Annotated[
        str | None, typer.Argument(help="The integration, such as aws; without it, those that collect are listed.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The connection's name; the integration's when not given.")] = None,
    given: Pairs = None,
    secrets: Secrets = None,
    schedule: Annotated[str | None, typer.Option(help="When it is synced, as a cron schedule; daily at 6:00 UTC.")] = None,
    check: Annotated[
        str | None, typer.Option("--check", metavar="NAME", help="Only try a connection that is declared already.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the connection although something is missing.")] = False,
    form: Answer = Format.table,
) -> None:
    """Connect to where a vendor delivers bills: try each permission that is needed, say what is missing, keep the connection.

    The settings and the least permission set of each integration stand in docs/integrations. Exits with 1 when something is
    missing; then nothing is kept, unless --keep.
    """
    from finopsmetrics.integrations.opening import check_secrets, checked_settings, collector
    from finopsmetrics.kinds.connection import Connection

    if check is not None:
        _try_again(check, form)
        return
    if integration is None:
        _list_collectors(form)
        return
    collector(integration)
    body: dict[str, Any] = {"name": name or integration, "integration": integration, "settings": pairs(given, "--set")}
    body |= {"secrets": pairs(secrets, "--secret")} | ({"schedule": schedule} if schedule else {})
    with desk("connection:write") as acting:
        from finopsmetrics.iac.checked import checked
        from finopsmetrics.runtime.syncing import Syncing

        spec = checked("connection", body)
        assert isinstance(spec, Connection)
        checked_settings(integration, {key: value for key, value in spec.settings.items() if key != "source"})
        check_secrets(integration, spec.secrets)
        found = Syncing(acting).check(spec)
        whole = all(one.ok for one in found)
        if whole or keep:
            acting.specs.put("connection", spec.name, spec.plain())
    _tell_checks(found, form)
    if whole or keep:
        say(f"Kept the connection {spec.name}. Fetch its bills: finopsmetrics sync {spec.name}")
    if not whole:
        raise typer.Exit(1)


def _try_again(name: str, form: Format) -> None:
    with desk("deliveries:write") as acting:
        from finopsmetrics.runtime.syncing import Syncing

        syncing = Syncing(acting)
        found = syncing.check(syncing.connection(name))
    _tell_checks(found, form)
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _list_collectors(form: Format) -> None:
    from finopsmetrics.integrations.opening import collectors, settings_model

    rows = []
    for vendor, collect in collectors().items():
        fields = settings_model(vendor).model_fields.items()
        needed = [name if field.is_required() else f"{name}?" for name, field in fields]
        rows.append(
            {"integration": vendor, "from": collect.title, "settings": ", ".join(needed), "secrets": ", ".join(collect.secrets)}
        )
    if form is Format.json:
        write_json(rows)
    else:
        print_rows(("integration", "from", "settings", "secrets"), rows, title="Where bills are collected from")


def sync(
    names: Annotated[list[str] | None, typer.Argument(help="Connections; all of them when none is named.")] = None,
    form: Answer = Format.table,
) -> None:
    """Fetch what is new from connections and take it in. What was fetched before is not fetched again.

    Exits with 1 when something could not be fetched or was refused, with 3 when rows went to quarantine.
    """
    from finopsmetrics.core.errors import FinOpsError

    done: list[Synced] = []
    failed: dict[str, str] = {}
    with desk("deliveries:write") as acting:
        from finopsmetrics.runtime.syncing import Syncing

        syncing = Syncing(acting)
        chosen = names or list(syncing.connections())
        for name in chosen:
            syncing.connection(name)
        for name in chosen:
            if form is Format.table:
                console().print(f"[bold]{name}[/bold]", highlight=False)
            try:
                done.append(syncing.sync(name, told=_tell_batch if form is Format.table else _silent))
            except FinOpsError as error:
                failed[name] = str(error)
                say(f"Error: {name}: {error}")
    if form is not Format.table:
        write_json({"synced": [one.as_dict() for one in done], "failed": failed})
    elif not chosen:
        say("There is no connection yet. Make one: finopsmetrics connect.")
    if failed or any(one.error for one in done):
        raise typer.Exit(1)
    if any(batch.quarantined for one in done for batch in one.batches):
        raise typer.Exit(3)


def connections(form: Answer = Format.table) -> None:
    """List the connections that bills are collected from: when each was synced, and how it went."""
    from finopsmetrics.observability.answers import plain_row

    with desk("deliveries:write") as acting:
        from finopsmetrics.runtime.syncing import Syncing

        rows = Syncing(acting).states()
    if form is not Format.table:
        write_json([plain_row(row) for row in rows])
    elif rows:
        print_rows(("connection", "integration", "source", "succeeded_at", "batches", "error"), rows, title="Connections")
    else:
        say("There is no connection yet. Make one: finopsmetrics connect.")


def pairs(given: list[str] | None, option: str) -> dict[str, Any]:
    """`key=value` arguments as a mapping; `[a, b]` is a list. Raises UsageError."""
    found: dict[str, Any] = {}
    for entry in given or ():
        key, sign, value = entry.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"{option} takes key=value.", cure=f"Write {option} bucket=my-exports.")
        whole = value.startswith("[") and value.endswith("]")
        found[key.strip()] = [part.strip() for part in value[1:-1].split(",")] if whole else value
    return found


def _silent(_one: Took) -> None:
    """Nobody watches."""


def _tell_batch(one: Took) -> None:
    said: Mapping[str, str] = {
        "known": "unchanged, not fetched",
        "same": "fetched, unchanged",
        "empty": "holds no row",
        "taken": "taken",
        "history": "kept as history",
        "refused": "refused",
    }
    out = console()
    moved = f", {one.fetched} files fetched ({one.bytes:,} bytes), {one.reused} kept" if one.fetched or one.reused else ""
    out.print(f"  {one.key:<12} {said[one.status]}{moved}{f' · {one.delivery}' if one.delivery else ''}", highlight=False)
    if one.totals:
        out.print(f"  {'':<12} {one.rows:,} rows; {money_lines(one.totals)}", highlight=False)
    if one.quarantined:
        out.print(f"  {'':<12} [yellow]{one.quarantined:,} rows in quarantine[/yellow]", highlight=False)
    if one.error:
        out.print(f"  {'':<12} [red]{one.error}[/red]", highlight=False, markup=True)


def _tell_checks(found: list[Checked], form: Format) -> None:
    if form is not Format.table:
        write_json({"checks": [vars(one) for one in found], "ok": all(one.ok for one in found)})
        return
    rows = [{"needed": one.what, "": "ok" if one.ok else "MISSING", "detail": one.detail, "to do": one.cure} for one in found]
    print_rows(("needed", "", "detail", "to do"), rows)
