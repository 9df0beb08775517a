"""Deliveries: what came in, when, and what it did."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.ids import DeliveryId
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.costs import next_page
from finopsmetrics.api.schemas import Deliveries, DeliveryReported
from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.observability.answers import plain_value
from finopsmetrics.store.records import DeliveryRecord

router = APIRouter(prefix=PREFIX, tags=["deliveries"])
_LISTS = ("repairs", "warnings", "notes", "rejected", "replaced", "closed_changes")


@router.get("/deliveries", response_model=Deliveries, responses=problems())
@needs("deliveries:read", all_charges=True)
def deliveries(
    request: Request,
    backing: In,
    source: Annotated[str | None, Query(max_length=120, description="Only those of this source.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> JSONResponse:
    """Deliveries, the newest first, in pages."""
    found = [record for record in backing.acting.deliveries() if source is None or record.source == source]
    page = [_shown(record) for record in found[offset : offset + limit]]
    after = next_page(request, limit, offset) if offset + limit < len(found) else None
    return JSONResponse({"deliveries": page, "total": len(found), "limit": limit, "offset": offset, "next": after})


@router.get("/deliveries/{delivery_id:delivery}", response_model=DeliveryReported, responses=problems(404))
@needs("deliveries:read", all_charges=True)
def delivery(backing: In, delivery_id: DeliveryId) -> JSONResponse:
    """One delivery with its report: what was taken, mended, rejected and replaced."""
    record = next((record for record in backing.acting.deliveries() if record.id == delivery_id), None)
    if record is None:
        raise NotFoundError(f"There is no delivery {delivery_id}.", cure="See /api/v1/deliveries.")
    report = record.report
    return JSONResponse(
        {
            **_shown(record),
            "content_hash": record.content_hash,
            "mapping_version": record.mapping_version,
            "delivered_files": [{name: file[name] for name in ("name", "sha256", "bytes")} for file in record.files],
            "quarantined_totals": report.get("quarantined_totals", {}),
            **{name: report.get(name, []) for name in _LISTS},
        }
    )


def _shown(record: DeliveryRecord) -> dict[str, Any]:
    plain = ("id", "source", "dataset", "focus_version", "delivered_at", "ingested_at", "rows", "accepted", "quarantined")
    told = {"status": "taken", "periods": [], "totals": {}}
    return {
        **{name: plain_value(getattr(record, name)) for name in plain},
        **{name: record.report.get(name, default) for name, default in told.items()},
    }
