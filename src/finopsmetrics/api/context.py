"""What every route works with: the workspace as the asker may use it, and the gate in front of heavy questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request

from finopsmetrics.api.access import Asker
from finopsmetrics.api.gate import Gate
from finopsmetrics.api.problems import MediaTypeError
from finopsmetrics.iam.errors import UnknownAskerError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Context:
    """The workspace that answers, and the gate in front of it."""

    workspace: Workspace
    gate: Gate


@dataclass
class Backing:
    """A request's backing: what the asker may see and do (`acting`), and the gate. Public routes may have nobody who asks."""

    context: Context
    asker: Asker | None

    @property
    def gate(self) -> Gate:
        """The gate in front of heavy questions."""
        return self.context.gate

    @cached_property
    def acting(self) -> Acting:
        """The workspace as the asker may use it. Raises UnknownAskerError when nobody is known."""
        if self.asker is None:
            raise UnknownAskerError
        return Acting(self.context.workspace, self.asker.principal)

    @property
    def now(self) -> datetime:
        """The time by which windows are read, in UTC."""
        return self.context.workspace.now()


def backing(request: Request) -> Backing:
    """The backing of a request that was admitted."""
    return Backing(request.app.state.context, request.state.asker)


def json_body(request: Request) -> None:
    """Take a body only as JSON. Raises MediaTypeError (415)."""
    told = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if told != "application/json" and not (told.startswith("application/") and told.endswith("+json")):
        raise MediaTypeError(f"The body is {told[:80] or 'of no named type'}.", cure="Send Content-Type: application/json.")


In = Annotated[Backing, Depends(backing)]
"""A route's parameter that gives it its backing."""
