"""What can be listened to on the stream, as clients ask for it and as it is told; each within what the asker may see."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from finopsmetrics.api.context import Context
from finopsmetrics.core.errors import FinOpsError, QueryError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import plain_row, plain_tree, plain_value
from finopsmetrics.observability.query import MOST_DIMENSIONS, MOST_TOP, build
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.budgeting import Budgeting
from finopsmetrics.runtime.reviewing import Reviewing

MOST_TOLD = 500


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(_Asked):
    """A cost question, as /api/v1/costs takes it. The same id again replaces the question; a null question ends it."""

    metric: str = "billed"
    group_by: tuple[Annotated[str, Field(max_length=300)], ...] = Field(default=(), max_length=MOST_DIMENSIONS)
    range: str = Field(default="30d", max_length=80)
    filter: str | None = Field(default=None, max_length=10_000)
    basis: str = "accrual"
    grain: str | None = None
    compare: bool = False
    top: int | None = Field(default=None, ge=1, le=MOST_TOP)


class Following(_Asked):
    """From which place on: what came after it; only what comes from now on, unless given."""

    after: int | None = Field(default=None, ge=0, le=2**62)


class Sampling(_Asked):
    """Measures of samples, all of them unless named; how they stand, or from which place on: what came after it."""

    measures: tuple[Annotated[str, Field(max_length=120)], ...] | None = Field(default=None, min_length=1, max_length=50)
    after: int | None = Field(default=None, ge=0, le=2**62)


class Standing(_Asked):
    """How things stand: told whole at first, then what changed."""


class Message(_Asked):
    """What a client sends: an id of its own and one topic.

    `{"id": "a", "costs": {"group_by": ["ServiceName"]}}`, `{"id": "b", "findings": {"after": 12}}`,
    `{"id": "c", "deliveries": {"after": 3}}`, `{"id": "d", "budgets": {}}`, `{"id": "e", "lake": {}}`,
    `{"id": "s", "samples": {"measures": ["requests"]}}`.
    """

    id: str = Field(min_length=1, max_length=80)
    costs: Question | None = None
    findings: Following | None = None
    deliveries: Following | None = None
    budgets: Standing | None = None
    lake: Standing | None = None
    samples: Sampling | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set - {"id"}) != 1:
            raise ValueError("give one of costs, findings, deliveries, budgets, lake or samples")
        return self

    @property
    def topic(self) -> str:
        """The topic that is named."""
        return next(iter(self.model_fields_set - {"id"}))

    @property
    def asked(self) -> Question | Following | Standing | Sampling | None:
        """What is asked of the topic; None ends it."""
        found: Question | Following | Standing | Sampling | None = getattr(self, self.topic)
        return found


def fault(error: FinOpsError) -> dict[str, Any]:
    """An error as the stream tells it."""
    return {"error": {"code": error.code, "detail": error.cause, "cure": error.cure}}


def costs(context: Context, acting: Acting, asked: Question) -> dict[str, Any]:
    """The answer of a cost question, with its receipt; or what is wrong with the question. Raises what can be tried again."""
    try:
        window = Window.parse(asked.range, now=acting.workspace.now())
        query = build(window=window, filters=asked.filter, **asked.model_dump(exclude={"range", "filter"}))
        with context.gate.turn():
            answer = acting.costs.ask(query)
    except FinOpsError as error:
        if error.retryable:
            raise
        return fault(error)
    if answer.receipt is None:
        raise QueryError("The answer has no receipt.")
    totals = answer.receipt.body["answer"]["totals"]
    return {"rows": [plain_row(row) for row in answer], "totals": totals, "receipt": answer.receipt.id}


def last_of(acting: Acting, topic: str) -> int:
    """The newest place of a topic that is followed."""
    if topic == "findings":
        return Reviewing(acting).last_place()
    return max((record.sequence for record in acting.deliveries()), default=0)


def after(acting: Acting, topic: str, place: int) -> tuple[list[dict[str, Any]], int]:
    """What came after a place that the asker may see, in order, and the place reached."""
    if topic == "findings":
        found, reached = Reviewing(acting).events(place, limit=MOST_TOLD)
        return [{**plain_row(event.as_dict()), "now": plain_row(one.as_dict())} for event, one in found], reached
    new = sorted((one for one in acting.deliveries() if one.sequence > place), key=lambda one: one.sequence)[:MOST_TOLD]
    told = [
        {
            "place": one.sequence,
            "delivery": one.id,
            "source": one.source,
            "dataset": one.dataset,
            "delivered_at": plain_value(one.delivered_at),
            "rows": one.rows,
            "accepted": one.accepted,
            "quarantined": one.quarantined,
        }
        for one in new
    ]
    return told, new[-1].sequence if new else place


def samples(acting: Acting, asked: Sampling, place: int | None) -> tuple[list[dict[str, Any]], int]:
    """How each measure stands that changed after a place (each one there is, without a place), at most 500 of them by name,
    and the place reached."""
    found, reached = acting.hub.news(only=asked.measures, after=place)
    return [plain_row(one) for one in found[:MOST_TOLD]], reached


def budgets(context: Context, acting: Acting) -> list[dict[str, Any]]:
    """How every budget stands that the asker may see, as plain data."""
    with context.gate.turn():
        return [plain_tree(one.as_dict()) for one in Budgeting(acting).all()]
