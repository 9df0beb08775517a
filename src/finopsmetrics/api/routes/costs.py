"""Costs, what deliveries changed of them, and the charges behind them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import Asked, AskedCosts, AskedWindow, Filter, Moment, known_moment
from finopsmetrics.api.context import PREFIX, Backing, In
from finopsmetrics.api.formats import MEDIA, AskedForm, Form, respond
from finopsmetrics.api.problems import problems
from finopsmetrics.api.schemas import Charges, Costs, Difference
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import Answer, plain_value
from finopsmetrics.observability.query import naive

router = APIRouter(prefix=PREFIX, tags=["costs"])
MOST_CHARGES = 10_000
MOST_OFFSET = 10_000_000
_TABLES: dict[str, Any] = {
    MEDIA[Form.csv]: {"schema": {"type": "string"}},
    MEDIA[Form.arrow]: {"schema": {"type": "string", "contentMediaType": MEDIA[Form.arrow]}},
}
_RECEIPT = {"X-Receipt": {"description": "The receipt's id.", "schema": {"type": "string"}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": _TABLES, "headers": _RECEIPT}}


@router.get("/costs", response_model=Costs, responses={**_ANSWERS, **problems(406)})
@needs("costs:read")
def costs(backing: In, asked: AskedCosts, form: AskedForm, as_of: Moment = None) -> Response:
    """Costs of a window by any dimensions, with a receipt."""
    moment = known_moment(as_of)
    with backing.gate.turn():
        answer = backing.acting.costs.ask(asked.query, as_of=moment)
    receipt, totals = _proof(answer)
    beside = {"totals": totals, "window": window_shown(asked.window), "compared": _compared(backing, asked), "receipt": receipt}
    return respond(form, answer.table, beside, name="costs", receipt=receipt)


@router.get(
    "/costs/difference",
    response_model=Difference,
    responses={200: {"content": _TABLES}, **problems(406)},
)
@needs("costs:read")
def difference(
    backing: In,
    asked: AskedCosts,
    form: AskedForm,
    as_of: Annotated[str, Query(min_length=1, max_length=40, description="What was known then: 2026-10-03 or a time.")],
    until: Moment = None,
) -> Response:
    """What deliveries changed since `as_of` (up to now, or `until`), each side with its receipt."""
    from finopsmetrics.observability.differences import differ

    then, now = known_moment(as_of), known_moment(until)
    with backing.gate.turn():
        before, after = (backing.acting.costs.ask(asked.query, as_of=moment) for moment in (then, now))
        changed = differ(before.table, after.table)
    sides = {
        name: dict(zip(("as_of", "receipt", "totals"), (moment, *_proof(answer)), strict=True))
        for name, moment, answer in (("then", then, before), ("now", now, after))
    }
    return respond(form, changed, {"window": window_shown(asked.window), **sides}, name="difference")


@router.get("/charges", response_model=Charges, responses={200: {"content": _TABLES}, **problems(406)})
@needs("costs:read")
def charges(
    request: Request,
    backing: In,
    window: AskedWindow,
    form: AskedForm,
    where: Filter = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CHARGES)] = 100,
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Response:
    """The charges that touch a window, as normalised, in pages."""
    with backing.gate.turn():
        found = backing.acting.costs.charges(window, filters=where, limit=limit + 1, offset=offset)
    beside = {
        "window": window_shown(window),
        "limit": limit,
        "offset": offset,
        "next": next_page(request, limit, offset) if found.num_rows > limit else None,
    }
    return respond(form, found.slice(0, limit), beside, name="charges")


def window_shown(window: Window) -> dict[str, str | None]:
    """A window as plain data."""
    return {
        "start": plain_value(naive(window.start)),
        "end": plain_value(naive(window.end)),
        "label": window.label(),
    }


def next_page(request: Request, limit: int, offset: int) -> str:
    """The path of the page after this one, with everything else as it was asked."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {"limit", "offset"}]
    return f"{request.url.path}?{urlencode([*kept, ('limit', limit), ('offset', offset + limit)])}"


def _compared(backing: Backing, asked: Asked) -> dict[str, str | None] | None:
    """The window that an answer is compared with, and from when on it is held where that is not from its start on."""
    if not asked.query.compares:
        return None
    before = asked.window.previous()
    begins = backing.acting.costs.not_whole(before)
    return {**window_shown(before), "held_from": plain_value(naive(begins)) if begins else None}


def _proof(answer: Answer) -> tuple[str, dict[str, str]]:
    """The receipt's id of an answer, and its totals by currency."""
    assert answer.receipt is not None
    return answer.receipt.id, answer.receipt.body["answer"]["totals"]
