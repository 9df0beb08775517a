"""Whether the server lives, whether it can answer, and its metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

import finopsmetrics
from finopsmetrics.api.access import PUBLIC, needs
from finopsmetrics.api.context import In
from finopsmetrics.api.problems import NotReadyError, problems
from finopsmetrics.api.schemas import Alive, Ready
from finopsmetrics.api.telemetry import CONTENT_TYPE, Telemetry
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.store.lake import CHARGES

router = APIRouter(tags=["operation"])
LOOKED_AT = 4  # of the files of charges, the newest so many are opened


@router.get("/healthz", responses=problems())
@needs(PUBLIC)
async def healthz() -> Alive:
    """The process is alive; nothing else is looked at."""
    return Alive(status="alive", version=finopsmetrics.__version__)


@router.get("/readyz", responses=problems())
@needs(PUBLIC)
def readyz(backing: In) -> Ready:
    """The state answers and the newest files of the lake can be read; 503 with the reason otherwise."""
    opened = backing.context.workspace.opened
    try:
        snapshot = opened.lake.snapshot()
        newest = sorted(snapshot.files.get(CHARGES, ()), key=lambda file: (file.period, file.path))[-LOOKED_AT:]
        table = opened.engine.query(f"SELECT count(*) AS n FROM {CHARGES}", [snapshot.source(CHARGES, newest)])  # noqa: S608
    except FinOpsError as error:
        raise NotReadyError(error.cause, cure=error.cure, retryable=error.retryable) from error
    found, expected = table.column("n")[0].as_py(), sum(file.rows for file in newest)
    if found != expected:
        raise NotReadyError(f"The newest files of charges hold {found} rows, not {expected}.", cure="See `finopsmetrics doctor`.")
    return Ready(status="ready", lake_version=snapshot.version)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
@needs("system:read", all_charges=True)
def metrics(request: Request) -> Response:
    """Metrics in Prometheus's text format."""
    telemetry: Telemetry = request.app.state.telemetry
    return Response(telemetry.text(), media_type=CONTENT_TYPE)
