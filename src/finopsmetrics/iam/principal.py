"""Principal: who asks, what they may do, and which charges they may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import FinOpsError

Sort = Literal["owner", "person", "service", "token"]


class ForbiddenError(FinOpsError):
    """The asker is known and may not do this."""

    code = "forbidden"
    exit_code = 4
    http_status = 403


@dataclass(frozen=True)
class Principal:
    """Who asks. `scope` is the condition on charges that they may see; None is every charge.

    `permissions` are `<what>:<verb>`; either side may be `*`. `name` stands in the audit trail.
    """

    name: str
    sort: Sort
    permissions: frozenset[str]
    scope: Condition | None = None
    roles: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    user_id: str | None = field(default=None, compare=False)

    def may(self, permission: str) -> bool:
        """Whether the permissions cover `<what>:<verb>`."""
        what, _, verb = permission.partition(":")
        return not self.permissions.isdisjoint({permission, f"{what}:*", f"*:{verb}", "*:*"})

    def require(self, permission: str) -> None:
        """Raise ForbiddenError unless the permissions cover it."""
        if not self.may(permission):
            cure = "Ask an administrator for a role that holds it."
            raise ForbiddenError(f"{self.name} lacks the permission {permission}.", cure=cure)

    def require_all_charges(self, what: str) -> None:
        """Raise ForbiddenError when only some charges may be seen: `what` shows or changes figures of all of them."""
        if self.scope is not None:
            cure = "Ask for costs, charges or SQL instead: these show what is yours."
            raise ForbiddenError(f"{self.name} may see only some charges, and {what} is about all of them.", cure=cure)


OWNER = Principal("owner", "owner", frozenset({"*:*"}))
"""Whoever runs the process on the machine and can read the home's files: every permission, every charge."""
