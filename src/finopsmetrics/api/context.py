"""What every route works with: the workspace, and the gate in front of heavy questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from finopsmetrics.api.gate import Gate
from finopsmetrics.api.problems import MediaTypeError
from finopsmetrics.runtime.workspace import Workspace

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Context:
    """The workspace that answers, and the gate in front of it."""

    workspace: Workspace
    gate: Gate


def context(request: Request) -> Context:
    """The context of the app that serves a request."""
    found: Context = request.app.state.context
    return found


def json_body(request: Request) -> None:
    """Take a body only as JSON. Raises MediaTypeError (415)."""
    told = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if told != "application/json" and not (told.startswith("application/") and told.endswith("+json")):
        raise MediaTypeError(f"The body is {told[:80] or 'of no named type'}.", cure="Send Content-Type: application/json.")


In = Annotated[Context, Depends(context)]
"""A route's parameter that gives it the context."""
