"""How answers leave: JSON, CSV or Arrow, as `format` or the Accept header asks; long ones as a stream."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from finopsmetrics.api.problems import NotAcceptableError
from finopsmetrics.observability.answers import csv_text, plain_row

if TYPE_CHECKING:
    import pyarrow

CHUNK = 2_000  # rows in one part of a stream
SHORT = 5_000  # an answer of at most so many rows is sent whole, with its length


class Form(StrEnum):
    """The formats of an answer."""

    json = "json"
    csv = "csv"
    arrow = "arrow"


MEDIA = {Form.json: "application/json", Form.csv: "text/csv", Form.arrow: "application/vnd.apache.arrow.stream"}


def negotiate(
    request: Request,
    form: Annotated[
        Form | None,
        Query(alias="format", description="json, csv or arrow; it wins over the Accept header. JSON when neither asks."),
    ] = None,
) -> Form:
    """The format a request asks for. Raises NotAcceptableError (406)."""
    if form is not None:
        return form
    accept = ", ".join(request.headers.getlist("accept")) or "*/*"
    weights = {known: _weight(accept, media) for known, media in MEDIA.items()}
    best = max(weights, key=lambda known: weights[known])
    if weights[best] <= 0:
        raise NotAcceptableError(f"Nothing here is {accept[:100]}.", cure=f"Ask for {', '.join(MEDIA.values())}.")
    return best


AskedForm = Annotated[Form, Depends(negotiate)]
"""A route's parameter that gives it the format asked for."""


def _weight(accept: str, media: str) -> float:
    """How much an Accept header wants a media type: the q of its most specific range that fits."""
    best = (0, 0.0)
    for part in accept.split(","):
        named, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges = {media: 3, media.split("/", maxsplit=1)[0] + "/*": 2, "*/*": 1}
        if named in ranges:
            best = max(best, (ranges[named], _q(parameters)))
    return best[1]


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(0.0, float(value)), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def respond(form: Form, table: pyarrow.Table, beside: Mapping[str, Any], *, name: str, receipt: str | None = None) -> Response:
    """A table as a response. JSON is `{"rows": […]}` with what stands `beside`; the receipt is in X-Receipt in every format."""
    headers = {"X-Receipt": receipt} if receipt else {}
    if form is not Form.json:
        headers["Content-Disposition"] = f'attachment; filename="{name}.{form.value}"'
    if form is Form.arrow and receipt:
        table = table.replace_schema_metadata({"finopsmetrics.receipt": receipt})
    parts = {Form.csv: _csv, Form.arrow: _arrow}.get(form)
    stream = parts(table) if parts else _json(table, beside)
    if table.num_rows <= SHORT:
        return Response(b"".join(stream), media_type=MEDIA[form], headers=headers)
    return StreamingResponse(stream, media_type=MEDIA[form], headers=headers)


def _chunks(table: pyarrow.Table) -> Iterator[pyarrow.RecordBatch]:
    yield from table.to_batches(max_chunksize=CHUNK)


def _json(table: pyarrow.Table, beside: Mapping[str, Any]) -> Iterator[bytes]:
    yield b'{"rows": ['
    between = ""
    for batch in _chunks(table):
        if batch.num_rows:
            rows = (json.dumps(plain_row(row), ensure_ascii=False) for row in batch.to_pylist())
            yield (between + ", ".join(rows)).encode()
            between = ", "
    rest = json.dumps(dict(beside), ensure_ascii=False)
    yield (f"], {rest[1:]}" if beside else "]}").encode()


def _csv(table: pyarrow.Table) -> Iterator[bytes]:
    header = csv_text(table.column_names, [])
    yield header.encode()
    for batch in _chunks(table):
        rows = (list(row.values()) for row in batch.to_pylist())
        yield csv_text(table.column_names, rows)[len(header) :].encode()


def _arrow(table: pyarrow.Table) -> Iterator[bytes]:
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        for batch in _chunks(table):
            writer.write_batch(batch)
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()
