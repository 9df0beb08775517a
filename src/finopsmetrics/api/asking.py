"""Cost questions as query parameters."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError

from finopsmetrics.api.context import In
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.query import MOST_DIMENSIONS, MOST_TOP, Basis, CostQuery, Grain, Metric, build

PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters."""

MOST_FILTER = 10_000
_NAME = re.compile(r'(?:"[^"]*"|[^,"])+')

Groups = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=300, pattern=PLAIN)]] | None,
    Query(
        max_length=MOST_DIMENSIONS,
        description="Dimensions, repeated or with commas: a FOCUS column, its snake_case twin, a short name, tags.KEY.",
        examples=[["ServiceName"], ["service,tags.team"]],
    ),
]
Range = Annotated[
    str,
    Query(
        alias="range",
        min_length=1,
        max_length=80,
        pattern=PLAIN,
        description="The window: 30d, 12m, mtd, last-month, 2026-05, 2026-Q2, 2026-05-01..2026-05-31, all.",
    ),
]
Filter = Annotated[
    str | None,
    Query(
        alias="filter",
        max_length=MOST_FILTER,
        description='A condition on charges: ServiceName == "Amazon EC2" AND tags.team IS NULL.',
    ),
]
Moment = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=40,
        pattern=PLAIN,
        description="Answer with what was known then: 2026-10-03 (to its end) or 2026-10-03T06:00:00Z.",
    ),
]


@dataclass(frozen=True)
class Asked:
    """A cost question, and the window it was asked for."""

    query: CostQuery
    window: Window


def strict_parameters(request: Request) -> None:
    """Refuse parameters that a route does not have, and those given twice: ignored, they would give another figure.

    Raises RequestValidationError (422).
    """
    known = _parameters(request.scope["route"].dependant)
    counts = Counter(name for name, _ in request.query_params.multi_items())
    wrong = [(name, "There is no such parameter") for name in counts if name not in known]
    wrong += [(name, "Given more than once") for name, count in counts.items() if count > 1 and not known.get(name, True)]
    if wrong:
        raise RequestValidationError([{"type": "query", "loc": ("query", name), "msg": told} for name, told in wrong])


def _parameters(dependant: Any) -> dict[str, bool]:
    """The query parameters of a route by name, and whether each may be repeated."""
    found = {field.alias: _repeats(field.field_info.annotation) for field in dependant.query_params}
    for part in dependant.dependencies:
        found |= _parameters(part)
    return found


def _repeats(annotation: Any) -> bool:
    """Whether a parameter's type is a list, or one or none."""
    return get_origin(annotation) is list or any(get_origin(one) is list for one in get_args(annotation))


def window_of(backing: In, text: Range = "30d") -> Window:
    """The window of a request. Raises WindowError."""
    return Window.parse(text, now=backing.now)


AskedWindow = Annotated[Window, Depends(window_of)]
"""A route's parameter that gives it the window asked for."""


def question(
    window: AskedWindow,
    group_by: Groups = None,
    metric: Annotated[Metric, Query(description="Which cost: BilledCost, EffectiveCost, ListCost or ContractedCost.")] = "billed",
    where: Filter = None,
    basis: Annotated[Basis, Query(description="accrual: by charge period, split over it; cash: by billing period.")] = "accrual",
    grain: Annotated[Grain | None, Query(description="Adds `period` to each row.")] = None,
    compare: Annotated[bool, Query(description="Adds `previous` and `change`: the window before.")] = False,
    top: Annotated[
        int | None, Query(ge=1, le=MOST_TOP, description="Keep the greatest groups; the rest is summed as (other).")
    ] = None,
) -> Asked:
    """The cost question of a request. Raises QueryError, WindowError or ConditionError."""
    groups = group_names(group_by or [])
    query = build(
        metric=metric, group_by=groups, window=window, filters=where, basis=basis, grain=grain, compare=compare, top=top
    )
    return Asked(query, window)


AskedCosts = Annotated[Asked, Depends(question)]
"""A route's parameter that gives it the cost question."""


def group_names(texts: list[str]) -> list[str]:
    """The dimensions in repeated or comma-separated texts; a comma within double quotes is part of a name.

    Every answer has a `currency` of its own, so asking for it by that name adds nothing.
    """
    names = [name.strip() for text in texts for name in _NAME.findall(text)]
    return [name for name in names if name and name.lower() != "currency"]


def known_moment(text: str | None) -> str | None:
    """A moment of knowledge that can be a time in UTC. Raises QueryError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        cure = "Write 2026-10-03 or 2026-10-03T06:00:00Z (a + in a URL is written %2B)."
        raise QueryError(f"{text!r} is not a date or a time.", cure=cure) from error
    return text
