"""Reconciliation: every invoice against its charges, every commitment against its use."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import PLAIN
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import Reconciled
from finopsmetrics.observability.reconcile import Reconciliation, Status

router = APIRouter(prefix=PREFIX, tags=["reconciliation"])
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/reconciliation", response_model=Reconciled, responses=problems())
@needs("reconciliation:read", all_charges=True)
def reconciliation(
    backing: In,
    status: Annotated[Status | None, Query(description="Only invoices of this status.")] = None,
    issuer: Annotated[str | None, Query(max_length=300, pattern=PLAIN, description="Only invoices of this issuer.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Of each list at most so many lines.")] = 50,
    offset: Offset = 0,
    commitments_offset: Offset = 0,
    closed_offset: Offset = 0,
) -> JSONResponse:
    """Per issuer, invoice and currency: rows, sum, figure and residual; per commitment: bought, used, unused; in pages.

    Whether all ties, how many have which status, and the sums are of all invoices, whichever page is shown.
    """
    with backing.gate.turn():
        found = backing.acting.reconcile()
    told = found.as_dict()
    kept = [one for one in told["invoices"] if status in {None, one["status"]} and issuer in {None, one["issuer"]}]
    kept.sort(key=lambda one: one["period"], reverse=True)  # within a period they stay in their order
    lists = {"invoices": (kept, offset), "commitments": (told["commitments"], commitments_offset)}
    lists["closed_changes"] = (told["closed_changes"], closed_offset)
    pages = {name: lines[start : start + limit] for name, (lines, start) in lists.items()}
    counts = {name: len(lines) for name, (lines, _) in lists.items()}
    return JSONResponse({**_of_all(found), "counts": counts, "limit": limit, **pages})


def _of_all(found: Reconciliation) -> dict[str, Any]:
    """What is told of all lines, whichever are shown."""
    return {
        "ties": found.ties,
        "statuses": dict(sorted(Counter(line.status for line in found.invoices).items())),
        "issuers": sorted({line.issuer for line in found.invoices}),
        "totals": {currency: {name: f"{amount:f}" for name, amount in sums.items()} for currency, sums in found.totals().items()},
    }
