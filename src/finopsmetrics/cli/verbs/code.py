"""FinOps as code: validate, plan, apply, drift, import."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import say, write_json
from finopsmetrics.core.errors import ConflictError, FinOpsError, UsageError

if TYPE_CHECKING:
    from finopsmetrics.iac.loading import Loaded
    from finopsmetrics.iac.plan import Plan
    from finopsmetrics.runtime.acting import Acting

DEFAULT = Path("finopsmetrics.yaml")
CHANGES = 2
"""The exit code that says that there is something to do."""


class Shape(StrEnum):
    """The shapes in which the verbs of code answer."""

    text = "text"
    json = "json"


Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", help="YAML files, or folders of them. [default: finopsmetrics.yaml]")
]
Answer = Annotated[Shape, typer.Option("--format", help="How to answer: text or json.")]
Origin = Annotated[
    str | None,
    typer.Option(
        "--origin", help="What the files are called in the state. [default: what they say, else the way in the repository]"
    ),
]
TakeOver = Annotated[bool, typer.Option("--take-over", help="Take specs that other files declare under these.")]


def validate(files: Files = None, form: Answer = Shape.text) -> None:
    """Check files without a home: every error with its line, column and cure. Exits with 1 when there is one."""
    from finopsmetrics.iac.loading import load
    from finopsmetrics.iac.places import CodeError

    try:
        loaded = load(files or [DEFAULT])
    except CodeError as error:
        if form is not Shape.json:
            raise
        write_json({"valid": False, "specs": 0, "errors": [fault.as_dict() for fault in error.faults]})
        raise typer.Exit(1) from error
    if form is Shape.json:
        write_json({"valid": True, "specs": len(loaded.wanted), "errors": []})
    else:
        typer.echo(f"✓ {counted(len(loaded.wanted), 'spec')} in {counted(loaded.files, 'file')}: all valid")


def plan(
    files: Files = None,
    form: Answer = Shape.text,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan to a file, for `apply`.")] = None,
    origin: Origin = None,
    take_over: TakeOver = False,
) -> None:
    """Tell what applying would do. Exits with 0 when that is nothing, with 2 when there are changes, with 1 on errors."""
    from finopsmetrics.iac.loading import load
    from finopsmetrics.iac.plan_file import write_plan

    with _one_for_errors(), desk() as acting:
        made = _planned(acting, load(files or [DEFAULT], origin=origin), take_over=take_over)
        if out is not None:
            write_plan(made, out)
    if form is Shape.json:
        write_json(made.as_dict())
    else:
        _tell_plan(made)
    _tell_idle(made)
    if made.changes:
        raise typer.Exit(CHANGES)


def apply(
    files: Files = None,
    form: Answer = Shape.text,
    plan_hash: Annotated[
        str | None, typer.Option("--plan-hash", help="Refuse unless the plan still has this hash, which `plan` told.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking; off a terminal nothing is asked.")] = False,
    origin: Origin = None,
    take_over: TakeOver = False,
) -> None:
    """Make the state as the files say, or carry out a plan (`apply plan.json`), in one transaction: all of it or nothing."""
    with desk() as acting:
        loaded, expected, taking = _asked(files or [DEFAULT], origin)
        if taking is not None and (take_over or plan_hash):
            raise UsageError("A plan file says itself what it takes over, and its hash.", cure="Leave both options out.")
        taking, expected = take_over if taking is None else taking, expected or plan_hash
        if not yes and sys.stdin.isatty():
            expected = _confirmed(acting, loaded, expected, take_over=taking)
        made = _applied(acting, loaded, expected, take_over=taking)
    _tell_idle(made)
    if form is Shape.json:
        write_json({name: value for name, value in made.as_dict().items() if name not in {"finopsmetrics_plan", "wanted"}})
        return
    for change in made.changes:
        words = {"create": "created", "update": "updated", "delete": "deleted", "adopt": "adopted", "forget": "forgotten"}
        typer.echo(f"✓ {titled(change.kind, change.name)} {words[change.action]}")
    if not made.changes:
        typer.echo("Nothing to do: everything is as declared.")


def drift(files: Files = None, form: Answer = Shape.text, origin: Origin = None) -> None:
    """Tell what was changed outside of files since they were applied. Exits with 2 when something was, with 1 on errors.

    Without a file: what any file applied.
    """
    from finopsmetrics.iac.drift import find_drift
    from finopsmetrics.iac.loading import load

    with _one_for_errors(), desk() as acting:
        origins = load(files, origin=origin).origins if files else {origin} if origin else None
        found = find_drift(acting.specs.everything(), origins)
    if form is Shape.json:
        write_json(found.as_dict())
    else:
        for one in found.drifted:
            how = "deleted outside of IaC" if one.kept.deleted else f"modified outside of IaC ({', '.join(one.fields)} changed)"
            typer.echo(f"⚠️ {titled(one.kept.kind, one.kept.name)} {how}")
        typer.echo(f"✓ All {'other ' if found.drifted else ''}resources match configuration")
    if found.drifted:
        raise typer.Exit(CHANGES)


def import_(
    kind: Annotated[str, typer.Argument(help="The kind: budget, policy, …")],
    name: Annotated[str | None, typer.Argument(help="The name of one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of the kind.")] = False,
    output: Annotated[Path | None, typer.Option("--output", help="A new file to write to, rather than standard output.")] = None,
) -> None:
    """Write what exists as YAML, which `apply` then takes under the file."""
    from finopsmetrics.iac.checked import checked
    from finopsmetrics.iac.kind_names import kind_named
    from finopsmetrics.iac.writing import to_yaml

    if (name is None) is not every:
        raise UsageError("Which one is meant?", cure="Give a name, or --all.")
    with desk() as acting:
        wanted = kind_named(kind)
        found = acting.specs.all_of(wanted) if name is None else [acting.specs.get(wanted, name)]
        text = to_yaml([checked(kept.kind, kept.body) for kept in found])
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.", cure="Name a file that is not there yet.") from error
    say(f"Wrote {counted(len(found), 'spec')} to {output}.")


def _tell_idle(made: Plan) -> None:
    """Say of which kinds nothing takes notice yet."""
    from finopsmetrics.kinds import KINDS

    idle = sorted({KINDS[one.kind].plural for one in made.changes if one.action != "delete" and KINDS[one.kind].engine is None})
    if idle:
        say(f"Nothing acts on {', '.join(idle)} yet: they are kept and checked.")


def titled(kind: str, name: str) -> str:
    """A spec as people are told of it: Budget "ml-training-q1"."""
    return f'{kind.replace("_", " ").capitalize()} "{name}"'


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 spec, 2 specs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@contextmanager
def _one_for_errors() -> Iterator[None]:
    """Here 2 means changes, so that every error is 1."""
    try:
        yield
    except FinOpsError as error:
        say(f"Error: {error}")
        raise typer.Exit(1) from error


def _planned(acting: Acting, loaded: Loaded, *, take_over: bool) -> Plan:
    from finopsmetrics.iac.plan import make_plan

    return acting.specs.preview(lambda actual: make_plan(loaded.wanted, loaded.origins, actual, take_over=take_over))


def _applied(acting: Acting, loaded: Loaded, expected: str | None, *, take_over: bool) -> Plan:
    from finopsmetrics.iac.plan import make_plan
    from finopsmetrics.store.specs import Kept

    def decide(actual: list[Kept]) -> Plan:
        made = make_plan(loaded.wanted, loaded.origins, actual, take_over=take_over)
        if expected is not None and made.hash != expected:
            cure = "Look at the changes with `finopsmetrics plan`, then apply those."
            raise ConflictError("The plan is stale: the files or what they touch changed since it was made.", cure=cure)
        return made

    return acting.specs.apply(decide)


def _asked(paths: Sequence[Path], origin: str | None) -> tuple[Loaded, str | None, bool | None]:
    """What is to be applied, the hash it must have, and whether it takes over where a plan file says so."""
    from finopsmetrics.iac.loading import load
    from finopsmetrics.iac.plan_file import read_plan

    told = read_plan(paths[0]) if len(paths) == 1 else None
    return (load(paths, origin=origin), None, None) if told is None else told


def _confirmed(acting: Acting, loaded: Loaded, expected: str | None, *, take_over: bool) -> str:
    """Show what would be deleted and ask; give the hash of what was agreed to."""
    made = _planned(acting, loaded, take_over=take_over)
    if made.count("delete"):
        _tell_plan(made)
        typer.confirm(f"Delete {counted(made.count('delete'), 'spec')}?", abort=True)
    return expected or made.hash


def _tell_plan(made: Plan) -> None:
    signs = {
        "create": "+ {} will be created",
        "update": "~ {} will be updated",
        "delete": "- {} will be deleted",
        "adopt": "= {} is as declared; these files will own it",
        "forget": "= {} is gone already; these files will forget it",
    }
    for change in made.changes:
        typer.echo(signs[change.action].format(titled(change.kind, change.name)))
        for one in change.fields:
            typer.echo(f"    {one}")
        if change.outside:
            typer.echo(f"    changed outside of IaC: {', '.join(change.outside)}")
        if change.taken_from:
            typer.echo(f"    taken over from {change.taken_from}")
    if not made.changes:
        typer.echo("No changes: everything is as declared.")
        return
    counts = [f"{made.count(action)} to {action}" for action in ("create", "update", "delete", "adopt", "forget")]
    say(f"{', '.join(one for one in counts if not one.startswith('0 '))}. Plan {made.hash}")
