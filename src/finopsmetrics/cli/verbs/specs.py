"""Declared specs one by one: get, delete, history, and the kinds there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import print_rows, say, write_json

KindName = Annotated[str, typer.Argument(metavar="KIND", help="The kind: budget, policy, …")]
SpecName = Annotated[str, typer.Argument(metavar="NAME", help="The name.")]


class Form(StrEnum):
    """The shapes in which specs are shown."""

    table = "table"
    yaml = "yaml"
    json = "json"


class Listing(StrEnum):
    """The shapes of a list."""

    table = "table"
    json = "json"


def get(
    kind: KindName,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The name of one; all, unless given.")] = None,
    contains: Annotated[str, typer.Option("--contains", help="Only those whose name or description contains this.")] = "",
    form: Annotated[
        Form | None, typer.Option("--format", help="How to answer: table, yaml or json. [default: table of all, yaml of one]")
    ] = None,
) -> None:
    """Show what is declared of a kind, or one by its name."""
    from finopsmetrics.iac.checked import checked
    from finopsmetrics.iac.kind_names import kind_named
    from finopsmetrics.iac.writing import to_yaml

    with desk() as acting:
        wanted = kind_named(kind)
        found = acting.specs.all_of(wanted, contains=contains) if name is None else [acting.specs.get(wanted, name)]
    form = form or (Form.table if name is None else Form.yaml)
    if form is Form.json:
        shown = [{**kept.facts(), "spec": kept.body} for kept in found]
        write_json(shown if name is None else shown[0])
    elif form is Form.yaml:
        typer.echo(to_yaml([checked(kept.kind, kept.body) for kept in found]), nl=False)
    else:
        columns = ("name", "description", "version", "changed_at", "changed_by", "origin")
        rows = [{**kept.facts(), "description": kept.body.get("description")} for kept in found]
        print_rows(columns, [{column: row[column] for column in columns} for row in rows])


def delete(
    kind: KindName,
    name: SpecName,
    version: Annotated[int | None, typer.Option("--version", help="Refuse unless it is at this version.")] = None,
) -> None:
    """Delete one. Its history stays, and the API can restore it."""
    from finopsmetrics.iac.kind_names import kind_named

    with desk() as acting:
        wanted = kind_named(kind)
        acting.specs.delete(wanted, name, if_match=version)
    say(f"Deleted the {wanted} {name}.")


def history(
    kind: KindName,
    name: SpecName,
    form: Annotated[Listing, typer.Option("--format", help="How to answer: table or json.")] = Listing.table,
) -> None:
    """Tell every change to one: when, by whom, and what; also of what is deleted."""
    from finopsmetrics.iac.differences import field_changes
    from finopsmetrics.iac.kind_names import kind_named

    with desk() as acting:
        found = acting.specs.history(kind_named(kind), name)
    if form is Listing.json:
        write_json([change.as_dict() for change in found])
        return
    rows: list[dict[str, Any]] = []
    for change, older in zip(found, [*found[1:], None], strict=True):
        told = [str(one) for one in field_changes(older.body, change.body)] if older and older.body and change.body else []
        rows.append({**change.as_dict(), "changes": "\n".join(told) or None})
    columns = ("version", "at", "actor", "action", "origin", "changes")
    print_rows(columns, [{column: row[column] for column in columns} for row in rows])


def kinds(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One kind; all, unless given.")] = None,
    form: Annotated[Form, typer.Option("--format", help="How to answer: table, yaml (its example) or json.")] = Form.table,
) -> None:
    """List what can be declared, or show the fields and an example of one kind."""
    from finopsmetrics.iac.kind_names import kind_named
    from finopsmetrics.iac.kinds_told import fields_of, told
    from finopsmetrics.iac.writing import to_yaml
    from finopsmetrics.kinds import KINDS

    if kind is None:
        found = [told(spec) for spec in KINDS.values()]
        columns = ("kind", "plural", "title")
        if form is Form.json:
            write_json(found)
        else:
            print_rows(columns, [{column: one[column] for column in columns} for one in found])
        return
    spec = KINDS[kind_named(kind)]
    if form is Form.json:
        write_json({**told(spec), "schema": spec.model_json_schema(), "example": spec.example})
        return
    example = to_yaml([spec.read(spec.example)])
    if form is Form.table:
        print_rows(("field", "needed", "meaning"), fields_of(spec), title=f"{spec.kind}: {told(spec)['title']}")
        typer.echo("")
    typer.echo(example, nl=False)
