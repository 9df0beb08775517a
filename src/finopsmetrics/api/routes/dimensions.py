"""Dimensions: what costs can be grouped and filtered by."""

from __future__ import annotations

from fastapi import APIRouter

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import ColumnShown, Dimensions
from finopsmetrics.focus.columns import SHORT_NAMES, charges

router = APIRouter(prefix=PREFIX, tags=["dimensions"])
KINDS = {
    "text": "Text.",
    "decimal": "An exact decimal number, given as text; compared as a number in a filter.",
    "time": "A time in UTC, such as 2026-05-17T10:00:00Z.",
    "json": "A JSON object; a key of Tags is asked for as tags.KEY.",
}


@router.get("/dimensions", responses=problems())
@needs("costs:read")
def dimensions(backing: In) -> Dimensions:
    """FOCUS 1.4 columns of a charge, their short names, the bills' own columns, and tag keys in use."""
    snapshot = backing.context.workspace.opened.lake.snapshot()
    short = {column: name for name, column in SHORT_NAMES.items()}
    columns = [
        ColumnShown(
            name=column.name,
            snake=column.snake,
            short=short.get(column.name),
            kind=column.kind,
            introduced=column.introduced,
            level=column.level,
            nullable=column.nullable,
            allowed=list(column.allowed),
        )
        for column in charges().columns.values()
    ]
    return Dimensions(
        columns=columns,
        kinds=KINDS,
        short_names=dict(SHORT_NAMES),
        own_columns=list(snapshot.extras()),
        tag_keys=backing.acting.costs.tag_keys(),
    )
