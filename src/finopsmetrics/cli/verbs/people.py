"""Verbs for who may do what: users, tokens, and the audit trail."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finopsmetrics.cli.desk import desk
from finopsmetrics.cli.output import Format, print_rows, say, write_json

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

users = typer.Typer(no_args_is_help=True, help="Users and service accounts.", rich_markup_mode=None)
tokens = typer.Typer(no_args_is_help=True, help="Tokens for programs.", rich_markup_mode=None)
trail = typer.Typer(no_args_is_help=True, help="Who did what: the audit trail.", rich_markup_mode=None)

Roles = Annotated[list[str], typer.Option("--role", help="A role; may be given several times. See: finopsmetrics user roles.")]
Teams = Annotated[list[str] | None, typer.Option("--team", help="A team; may be given several times.")]
Answer = Annotated[Format, typer.Option("--format", help="How to answer: table or json.")]
Named = Annotated[str, typer.Argument(help="The user's name.")]


@users.command("add")
def add(
    name: Named,
    role: Roles,
    team: Teams = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    service: Annotated[bool, typer.Option("--service", help="An account for programs: no password, only tokens.")] = False,
) -> None:
    """Add a user. Without a password it prints a link with which the user sets one, once."""
    with desk("users:write") as acting:
        password = _read_password() if password_stdin else None
        sort: Any = "service" if service else "person"
        by = acting.principal
        user = acting.iam.users.add(name, roles=role, teams=team or (), email=email, password=password, sort=sort, by=by)
        say(f"Added {user.name}: {', '.join(user.roles)}{_of(user.teams)}.")
        if password is None and not service:
            _link(acting, name)


@users.command("list")
def list_users(form: Answer = Format.table) -> None:
    """List users."""
    from finopsmetrics.observability.answers import plain_row

    with desk("users:read") as acting:
        found = [asdict(user) for user in acting.iam.users.all()]
    if form is Format.json:
        write_json([plain_row(row) for row in found])
        return
    names = ("name", "sort", "roles", "teams", "active", "has_second_factor", "seen_at")
    print_rows(names, [{name: _plain(row[name]) for name in names} for row in found], title="Users")


@users.command("change")
def change(
    name: Named,
    role: Annotated[list[str] | None, typer.Option("--role", help="The roles from now on.")] = None,
    team: Annotated[list[str] | None, typer.Option("--team", help="The teams from now on.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether the user may log in.")] = None,
) -> None:
    """Change a user's roles or teams, or shut them out."""
    with desk("users:write") as acting:
        user = acting.iam.users.change(name, roles=role, teams=team, active=active, by=acting.principal)
    say(f"{user.name}: {', '.join(user.roles)}{_of(user.teams)}{'' if user.active else ', may not log in'}.")


@users.command("invite")
def invite(name: Named) -> None:
    """Print a link with which the user sets a password, once, within three days."""
    with desk("users:write") as acting:
        _link(acting, name)


@users.command("password")
def password(
    name: Named,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
) -> None:
    """Set a user's password, unlock them, and end their sessions."""
    with desk("users:write") as acting:
        acting.iam.users.set_password(name, _read_password(ask=not password_stdin), by=acting.principal)
    say(f"The password of {name} is set.")


@users.command("unlock")
def unlock(name: Named) -> None:
    """Let a user who failed to log in too often try again."""
    with desk("users:write") as acting:
        acting.iam.users.unlock(name, by=acting.principal)
    say(f"{name} may try again.")


@users.command("reset-second-factor")
def reset_second_factor(name: Named) -> None:
    """Turn off the second factor of a user who lost it."""
    with desk("users:write") as acting:
        acting.iam.logins.remove_second_factor(name, by=acting.principal)
    say(f"{name} logs in without a second factor now.")


@users.command("roles")
def roles(form: Answer = Format.table) -> None:
    """List roles, built-in and declared, with what they permit."""
    with desk() as acting:
        found = [role.model_dump(mode="json") for role in acting.iam.declared().roles.values()]
    if form is Format.json:
        write_json(found)
        return
    names = ("name", "sees", "permissions", "description")
    print_rows(names, [{name: _plain(row[name]) for name in names} for row in found], title="Roles")


@tokens.command("create")
def create(
    name: Annotated[str, typer.Argument(help="A name, by which it is listed, audited and revoked.")],
    role: Roles,
    team: Teams = None,
    scope: Annotated[str | None, typer.Option(help="Only charges that match this condition are seen.")] = None,
    expires: Annotated[str, typer.Option(help="How long it holds: 90d, 12h, or never.")] = "90d",
) -> None:
    """Make a token for a program and print it, once, to standard output."""
    with desk("tokens:write") as acting:
        life = _life(expires)
        by = acting.principal
        token, text = acting.iam.tokens.create(name, roles=role, teams=team or (), scope=scope, life=life, by=by)
    until = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "for ever"
    say(f"Token {token.name}: {', '.join(token.roles)}{_of(token.teams)}, {until}. It is not shown again.")
    typer.echo(text)


@tokens.command("list")
def list_tokens(form: Answer = Format.table) -> None:
    """List tokens; what they are is not shown again."""
    from finopsmetrics.observability.answers import plain_row

    with desk("tokens:read") as acting:
        found = [asdict(token) for token in acting.iam.tokens.all()]
    if form is Format.json:
        write_json([plain_row(row) for row in found])
        return
    names = ("name", "roles", "teams", "scope", "created_by", "expires_at", "used_at", "revoked_at")
    print_rows(names, [{name: _plain(row[name]) for name in names} for row in found], title="Tokens")


@tokens.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="The token's name.")]) -> None:
    """End a token at once."""
    with desk("tokens:write") as acting:
        acting.iam.tokens.revoke(name, by=acting.principal)
    say(f"Token {name} is revoked.")


@trail.command("list")
def list_trail(
    limit: Annotated[int, typer.Option(help="At most so many lines, the newest first.")] = 50,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, or all that begin so: user.added, user.")] = None,
    text: Annotated[str | None, typer.Option("--find", help="Only lines with this text in them.")] = None,
    form: Answer = Format.table,
) -> None:
    """List what was done, by whom, when."""
    from finopsmetrics.observability.answers import plain_row
    from finopsmetrics.store.audit import Sought

    with desk() as acting:
        found = acting.trail(limit=max(limit, 1), sought=Sought(actor, action, text))
    if form is Format.json:
        write_json([plain_row(row) for row in found])
        return
    names = ("sequence", "at", "actor", "action", "subject")
    print_rows(names, [{name: row[name] for name in names} for row in found], title="Audit trail")


@trail.command("verify")
def verify(form: Answer = Format.table) -> None:
    """Follow the audit trail's chain of digests. Exits with 1 when a line was changed, added in between or taken out."""
    with desk() as acting:
        found = acting.verify_trail()
    if form is Format.json:
        write_json({**asdict(found), "whole": found.whole})
    elif found.whole:
        typer.echo(f"The audit trail is whole: {found.lines:,} lines, the last with digest {found.last}.")
    else:
        typer.echo(f"Line {found.broken:,} of the audit trail does not follow from the one before it.")
    if not found.whole:
        raise typer.Exit(1)


def _link(acting: Acting, name: str) -> None:
    code = acting.iam.users.invite(name, by=acting.principal)
    say("The link sets a password, once, within three days; add it to the server's address:")
    typer.echo(f"/welcome?code={code}")


def _read_password(*, ask: bool = False) -> str:
    if ask and sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _life(text: str) -> timedelta | None:
    from finopsmetrics.core.errors import UsageError

    if text == "never":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4})(h|d)", text)
    if found is None:
        raise UsageError(f"{text!r} is no time that a token can hold.", cure="Write 12h, 90d or never.")
    return timedelta(**{{"h": "hours", "d": "days"}[found[2]]: int(found[1])})


def _of(teams: tuple[str, ...]) -> str:
    return f" of {', '.join(teams)}" if teams else ""


def _plain(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, (list, tuple)) else value
