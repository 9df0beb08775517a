"""Reconciliation: every invoice against its charges, every commitment against its use."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import Reconciled

router = APIRouter(prefix=PREFIX, tags=["reconciliation"])


@router.get("/reconciliation", response_model=Reconciled, responses=problems())
def reconciliation(backing: In) -> JSONResponse:
    """Per issuer, invoice and currency: rows, sum, invoice figure and residual; per commitment: bought, used, unused."""
    from finopsmetrics.observability.reconcile import reconcile

    with backing.gate.turn():
        backing.workspace.costs.refresh()
        found = reconcile(backing.workspace.opened)
    return JSONResponse(found.as_dict())
