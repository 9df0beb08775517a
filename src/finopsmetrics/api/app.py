"""The app: a workspace's answers over HTTP."""

from __future__ import annotations

from fastapi import Depends, FastAPI

import finopsmetrics
from finopsmetrics.api import access, openapi, problems
from finopsmetrics.api.access import admit
from finopsmetrics.api.asking import strict_parameters
from finopsmetrics.api.context import Context
from finopsmetrics.api.doors import Doors
from finopsmetrics.api.gate import Gate
from finopsmetrics.api.guards import Guard
from finopsmetrics.api.pulse import Pulse
from finopsmetrics.api.routes import (
    anomalies,
    auth,
    budgets,
    connections,
    costs,
    dashboards,
    deliveries,
    dimensions,
    embedding,
    entries,
    entry,
    findings,
    forecasts,
    health,
    kinds,
    notifications,
    outbox,
    people,
    plugins,
    questions,
    receipts,
    reconciliation,
    runs,
    samples,
    stream,
    web,
)
from finopsmetrics.api.telemetry import Counting, Telemetry
from finopsmetrics.runtime.workspace import Workspace

ROUTERS = (
    costs,
    dashboards,
    entries,
    samples,
    receipts,
    deliveries,
    connections,
    budgets,
    findings,
    outbox,
    notifications,
    anomalies,
    forecasts,
    reconciliation,
    dimensions,
    embedding,
    questions,
    kinds,
    plugins,
    runs,
    auth,
    people,
    health,
    entry,
)


def create_app(workspace: Workspace, *, allow_remote: bool = False, gate: Gate | None = None) -> FastAPI:
    """An app over a workspace, which stays the caller's to close.

    The app answers only to this machine's own names, unless `allow_remote`; then every request needs a proof of who asks.
    """
    app = FastAPI(
        title="finopsmetrics",
        version=finopsmetrics.__version__,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # FastAPI's pages load their scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = Context(workspace, gate or Gate())
    app.state.pulse = Pulse(app.state.context)
    app.state.telemetry = Telemetry(app.state.context)
    app.state.doors = Doors(workspace, allow_remote=allow_remote)
    strict = [Depends(admit), Depends(strict_parameters)]
    for part in ROUTERS:
        app.include_router(part.router, dependencies=strict)
    app.include_router(web.router, dependencies=strict[:1])  # what stands in a page's address is the page's own affair
    app.include_router(stream.router)  # a WebSocket asks for itself who comes, and goes on asking
    tuple(access.routes(app))  # a route that does not say what it needs is found now, not when it is asked
    problems.install(app)
    app.add_middleware(Guard, allow_remote=allow_remote)
    app.add_middleware(Counting, telemetry=app.state.telemetry)  # the last one added is the outermost
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app
