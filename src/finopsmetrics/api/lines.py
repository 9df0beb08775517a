"""Answers of several parts: as one JSON object, or each part as a line as soon as it is ready, compressed where that is taken."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

LINES = "application/x-ndjson"
GZIP = 16 + zlib.MAX_WBITS


def lines_of(request: Request, parts: Iterator[dict[str, Any]], order: list[str], *, by_line: bool = False) -> Response:
    """Widgets as they get ready: a line each where `by_line` or the Accept header says so, else one object in `order` of ids."""
    if not by_line and LINES not in request.headers.get("accept", ""):
        found = sorted(parts, key=lambda one: order.index(one["id"]))
        # Written in ASCII: a setting that is told back may hold half of a surrogate pair, which no UTF-8 can.
        return Response(json.dumps({"widgets": found}), media_type="application/json")
    lines = (json.dumps(one).encode() + b"\n" for one in parts)
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return StreamingResponse(lines, media_type=LINES, headers=headers)
    return StreamingResponse(_packed(lines), media_type=LINES, headers={**headers, "Content-Encoding": "gzip"})


def _packed(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Each line can be read as soon as it is there: what is compressed so far is sent with it."""
    packing = zlib.compressobj(level=4, wbits=GZIP)
    for line in lines:
        yield packing.compress(line) + packing.flush(zlib.Z_SYNC_FLUSH)
    yield packing.flush()
