"""Reconciliation: every invoice against its charges, every commitment against its use."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import Reconciled

router = APIRouter(prefix=PREFIX, tags=["reconciliation"])


@router.get("/reconciliation", response_model=Reconciled, responses=problems())
@needs("reconciliation:read", all_charges=True)
def reconciliation(backing: In) -> JSONResponse:
    """Per issuer, invoice and currency: rows, sum, invoice figure and residual; per commitment: bought, used, unused."""
    with backing.gate.turn():
        return JSONResponse(backing.acting.reconcile().as_dict())
