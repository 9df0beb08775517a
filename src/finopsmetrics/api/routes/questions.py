"""Questions in SQL, and charges to take away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import AskedWindow, Filter
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.formats import MEDIA, AskedForm, Form, respond
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import WHOLE

router = APIRouter(prefix=PREFIX, tags=["costs"])
MOST_ROWS = 100_000
_TABLES: dict[str, Any] = {
    MEDIA[Form.csv]: {"schema": {"type": "string"}},
    MEDIA[Form.arrow]: {"schema": {"type": "string", "contentMediaType": MEDIA[Form.arrow]}},
}
_FILES: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/vnd.apache.parquet", "text/csv")
}
Value = str | int | float | bool | None


class SqlAsked(BaseModel):
    """One SELECT over the FOCUS tables; `params` fill its `?` in order."""

    model_config = ConfigDict(extra="forbid")
    sql: Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
    params: list[Value] = Field(default=[], max_length=1_000)
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS), WHOLE] = 10_000


class SqlAnswer(BaseModel):
    """The rows of an answer; amounts are decimal text."""

    rows: list[dict[str, Any]]


@router.post(
    "/sql",
    response_model=SqlAnswer,
    dependencies=[Depends(json_body)],
    responses={200: {"content": _TABLES}, **problems(406, 413, 415)},
)
@needs("sql:run")
def sql(backing: In, sent: SqlAsked, form: AskedForm) -> Response:
    """Ask in SQL, read-only, over the charges that one may see."""
    with backing.gate.turn():
        table = backing.acting.sql(sent.sql, params=sent.params or None, limit=sent.limit)
    return respond(form, table, {}, name="sql")


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": _FILES}, **problems()})
@needs("export:run")
def export(
    backing: In,
    window: AskedWindow,
    where: Filter = None,
    focus: Annotated[Literal["1.0", "1.1", "1.2", "1.3", "1.4"], Query(description="The FOCUS version.")] = "1.4",
    form: Annotated[Literal["parquet", "csv"], Query(alias="format", description="The kind of file.")] = "parquet",
) -> Response:
    """The charges of a window that one may see, as one FOCUS file."""
    rooms = backing.context.workspace.opened.home.workroom()
    room = rooms.__enter__()
    try:
        target = room / f"focus-{focus}.{form}"
        with backing.gate.turn():
            backing.acting.export(target, version=focus, window=window, filters=where)
    except BaseException as error:
        rooms.__exit__(type(error), error, error.__traceback__)
        raise

    def parts() -> Iterator[bytes]:
        try:
            yield from _chunks(target)
        finally:
            rooms.__exit__(None, None, None)

    media = "application/vnd.apache.parquet" if form == "parquet" else "text/csv"
    name = {"Content-Disposition": f'attachment; filename="{target.name}"'}
    return StreamingResponse(parts(), media_type=media, headers=name)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(1 << 20):
            yield chunk
