"""Users, tokens, roles, and the audit trail."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Response

from finopsmetrics.api.access import SIGNED_IN, needs
from finopsmetrics.api.accounts import (
    Access,
    AuditLines,
    AuditVerdict,
    Invitation,
    TokenIn,
    TokenMade,
    Tokens,
    UserAdded,
    UserChange,
    UserIn,
    Users,
    UserShown,
)
from finopsmetrics.api.asking import PLAIN
from finopsmetrics.api.context import PREFIX, Backing, In, json_body
from finopsmetrics.api.problems import problems
from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.iam.permissions import permissions
from finopsmetrics.iam.tokens import Token
from finopsmetrics.iam.users import User
from finopsmetrics.observability.answers import plain_value
from finopsmetrics.store.audit import Sought

router = APIRouter(prefix=PREFIX, tags=["access"])
_BODY = [Depends(json_body)]
Named = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]


@router.get("/users", response_model=Users, responses=problems())
@needs("users:read")
def users(backing: In) -> dict[str, Any]:
    """Every user and service account."""
    return {"users": [shown(user) for user in backing.acting.iam.users.all()]}


@router.post("/users", response_model=UserAdded, status_code=201, dependencies=_BODY, responses=problems(409, 413, 415))
@needs("users:write")
def add_user(backing: In, sent: UserIn) -> dict[str, Any]:
    """Add a user whose roles permit no more than one's own."""
    iam, by = backing.acting.iam, backing.acting.principal
    user = iam.users.add(
        sent.name, roles=sent.roles, teams=sent.teams, email=sent.email, password=sent.password, sort=sent.sort, by=by
    )
    invited = sent.sort == "person" and sent.password is None
    return {**shown(user), "invitation": invitation(iam.users.invite(user.name, by=by)) if invited else None}


@router.get("/users/{name}", response_model=UserShown, responses=problems(404))
@needs("users:read")
def user(backing: In, name: Named) -> dict[str, Any]:
    """One user."""
    return shown(backing.acting.iam.users.get(name))


@router.patch("/users/{name}", response_model=UserShown, dependencies=_BODY, responses=problems(404, 409, 413, 415))
@needs("users:write")
def change_user(backing: In, name: Named, sent: UserChange) -> dict[str, Any]:
    """Change a user's roles and teams, or make them inactive, which ends their sessions."""
    by = backing.acting.principal
    return shown(backing.acting.iam.users.change(name, roles=sent.roles, teams=sent.teams, active=sent.active, by=by))


@router.post("/users/{name}/invite", response_model=Invitation, responses=problems(404))
@needs("users:write")
def invite(backing: In, name: Named) -> dict[str, str]:
    """A link with which the user sets a password, once, within three days."""
    return {"invitation": invitation(backing.acting.iam.users.invite(name, by=backing.acting.principal))}


@router.post("/users/{name}/unlock", status_code=204, responses=problems(404))
@needs("users:write")
def unlock(backing: In, name: Named) -> Response:
    """Let a user who failed too often try again."""
    backing.acting.iam.users.unlock(name, by=backing.acting.principal)
    return Response(status_code=204)


@router.delete("/users/{name}/second-factor", status_code=204, responses=problems(404))
@needs("users:write")
def reset_second_factor(backing: In, name: Named) -> Response:
    """Turn off the second factor of a user who lost it."""
    backing.acting.iam.logins.remove_second_factor(name, by=backing.acting.principal)
    return Response(status_code=204)


@router.get("/tokens", response_model=Tokens, responses=problems())
@needs("tokens:read")
def tokens(backing: In) -> dict[str, Any]:
    """Every token, those that were revoked too."""
    return {"tokens": [token_shown(token) for token in backing.acting.iam.tokens.all()]}


@router.post("/tokens", response_model=TokenMade, status_code=201, dependencies=_BODY, responses=problems(409, 413, 415))
@needs("tokens:write")
def make_token(backing: In, sent: TokenIn) -> dict[str, Any]:
    """Make a token for a program, whose roles permit no more than one's own. Its text is shown once."""
    return _make(backing, sent, None)


@router.delete("/tokens/{name}", status_code=204, responses=problems(404))
@needs("tokens:write")
def revoke_token(backing: In, name: Named) -> Response:
    """End a token at once."""
    backing.acting.iam.tokens.revoke(name, by=backing.acting.principal)
    return Response(status_code=204)


@router.get("/me/tokens", response_model=Tokens, responses=problems())
@needs(SIGNED_IN)
def own_tokens(backing: In) -> dict[str, Any]:
    """One's own tokens."""
    mine = _person(backing)
    return {"tokens": [token_shown(one) for one in backing.acting.iam.tokens.all() if one.user_id == mine]}


@router.post("/me/tokens", response_model=TokenMade, status_code=201, dependencies=_BODY, responses=problems(409, 413, 415))
@needs(SIGNED_IN)
def make_own_token(backing: In, sent: TokenIn) -> dict[str, Any]:
    """Make a token of one's own: it sees what one sees, and ends with one's account."""
    return _make(backing, sent, _person(backing))


@router.delete("/me/tokens/{name}", status_code=204, responses=problems(404))
@needs(SIGNED_IN)
def revoke_own_token(backing: In, name: Named) -> Response:
    """End one of one's own tokens."""
    if backing.acting.iam.tokens.get(name).user_id != _person(backing):
        raise NotFoundError(f"You have no token {name}.", cure="See /api/v1/me/tokens.")
    backing.acting.iam.tokens.revoke(name, by=backing.acting.principal)
    return Response(status_code=204)


@router.get("/access", response_model=Access, responses=problems())
@needs(SIGNED_IN)
def access(backing: In) -> dict[str, Any]:
    """Every permission, and every role with what it permits, built-in or declared."""
    declared = backing.acting.iam.declared()
    return {"permissions": permissions(), "roles": [role.model_dump(mode="json") for role in declared.roles.values()]}


@router.get("/audit", response_model=AuditLines, responses=problems())
@needs("audit:read")
def audit_lines(
    backing: In,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Only lines before this sequence number.")] = None,
    actor: Annotated[str | None, Query(max_length=200, pattern=PLAIN, description="Only what this one did.")] = None,
    action: Annotated[
        str | None, Query(max_length=100, pattern=PLAIN, description="Only this action; with a dot at its end all that begin so.")
    ] = None,
    q: Annotated[str | None, Query(max_length=200, pattern=PLAIN, description="Only lines with this text in them.")] = None,
) -> dict[str, Any]:
    """The audit trail, the newest line first."""
    found = backing.acting.trail(limit=limit + 1, before=before, sought=Sought(actor, action, q))
    lines = [{**line, "at": plain_value(line["at"])} for line in found[:limit]]
    return {"lines": lines, "before": lines[-1]["sequence"] if len(found) > limit else None}


@router.get("/audit/verify", response_model=AuditVerdict, responses=problems())
@needs("audit:read")
def audit_verdict(backing: In) -> dict[str, Any]:
    """Follow the chain of the audit trail from its first line."""
    found = backing.acting.verify_trail()
    return {**asdict(found), "whole": found.whole}


def _make(backing: Backing, sent: TokenIn, user_id: str | None) -> dict[str, Any]:
    life = timedelta(days=sent.days) if sent.days is not None else None
    asked = {"roles": sent.roles, "teams": sent.teams, "scope": sent.scope, "life": life, "user_id": user_id}
    token, text = backing.acting.iam.tokens.create(sent.name, by=backing.acting.principal, **asked)  # type: ignore[arg-type]
    return {**token_shown(token), "token": text}


def _person(backing: Backing) -> str:
    held = backing.asker.held if backing.asker else None
    if held is None:
        raise UnknownAskerError("This is for a person with a session.", cure="Log in with name and password.")
    return held.user.id


def invitation(code: str) -> str:
    """The path of a one-time link."""
    return f"/welcome?{urlencode({'code': code})}"


def shown(user: User) -> dict[str, Any]:
    """A user as plain data."""
    plain = {name: plain_value(value) for name, value in asdict(user).items() if name not in {"id", "identity"}}
    return {**plain, "single_sign_on": user.identity is not None}


def token_shown(token: Token) -> dict[str, Any]:
    """A token as plain data."""
    plain = {name: plain_value(value) for name, value in asdict(token).items() if name not in {"id", "user_id"}}
    return {**plain, "own": token.user_id is not None}
