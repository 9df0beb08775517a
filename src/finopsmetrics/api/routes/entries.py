"""Cost entries: charges sent one by one, durable before the response."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response, status

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.entries import EntryIn, to_entries
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import Added

router = APIRouter(prefix=PREFIX, tags=["cost entries"])
MOST_ENTRIES = 1_000


@router.post(
    "/cost-entries",
    status_code=status.HTTP_201_CREATED,
    response_model=Added,
    dependencies=[Depends(json_body)],
    responses={
        200: {"model": Added, "description": "All of them were there already; nothing was changed."},
        **problems(403, 409, 413, 415),
    },
)
@needs("costs:write", all_charges=True)
def add(backing: In, response: Response, entries: Annotated[list[EntryIn], Body(min_length=1, max_length=MOST_ENTRIES)]) -> Added:
    """Add charges, all or none. The same id with the same content again changes nothing; with other content it is 409."""
    made = to_entries(entries)
    added = backing.acting.add_cost_entries(made)
    if not added:
        response.status_code = status.HTTP_200_OK
    return Added(added=added, known=len(made) - added)
