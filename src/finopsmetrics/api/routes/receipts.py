"""Receipts: what an answer rests on, and the proof that it can be had again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, Backing, In, json_body
from finopsmetrics.api.ids import ReceiptId
from finopsmetrics.api.problems import problems
from finopsmetrics.api.receipts import ReceiptShown, Verified
from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.observability.receipts import Receipt

router = APIRouter(prefix=PREFIX, tags=["receipts"])


@router.get("/receipts/{receipt_id:receipt}", response_model=ReceiptShown, responses=problems(404))
@needs("costs:read")
def receipt(backing: In, receipt_id: ReceiptId) -> JSONResponse:
    """A kept receipt, as another machine can verify it."""
    return JSONResponse(backing.acting.costs.receipt(receipt_id).as_dict())


@router.post("/receipts/{receipt_id:receipt}/verify", response_model=Verified, responses=problems(403, 404))
@needs("costs:read")
def verify(backing: In, receipt_id: ReceiptId) -> dict[str, Any]:
    """Recompute the answer of a kept receipt from the deliveries it names, and compare."""
    found = backing.acting.costs.receipt(receipt_id)
    with backing.gate.turn():
        return asdict(backing.acting.costs.verify(found))


@router.post(
    "/receipts/verify",
    response_model=Verified,
    dependencies=[Depends(json_body)],
    responses=problems(403, 404, 413, 415),
)
@needs("costs:read")
def verify_sent(backing: In, sent: ReceiptShown) -> dict[str, Any]:
    """Recompute the answer of a receipt from another machine; 404 when this home does not hold a delivery it rests on."""
    found = sent.to_receipt()
    with backing.gate.turn():
        _must_hold(backing, found)
        return asdict(backing.acting.costs.verify(found))


def _must_hold(backing: Backing, found: Receipt) -> None:
    held = backing.context.workspace.deliveries()
    ids, contents = {record.id for record in held}, {(record.source, record.content_hash) for record in held}
    for one in found.inputs:
        if one.delivery not in ids and (one.source, one.content_hash) not in contents:
            cause = f"The delivery {one.delivery} of {one.source}, {one.period}, is not in this home."
            raise NotFoundError(cause, cure="Take the same files in; their hash is in the receipt.")
