"""Samples: measurements of use, sent in batches, and asked for along time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictFloat, StrictInt, StringConstraints

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import PLAIN, AskedWindow, group_names
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.formats import MEDIA, AskedForm, Form, respond
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.costs import window_shown
from finopsmetrics.api.schemas import WindowShown
from finopsmetrics.core.samples import MOST_TAGS, read_samples
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.observability.samples import MOST_GROUPS, Statistic, UsageGrain, usage_query

router = APIRouter(prefix=PREFIX, tags=["samples"])
MOST_SAMPLES = 10_000
MEASURE = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,119}$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
CLOSED: dict[str, JsonValue] = {"additionalProperties": False}  # no key but those of the pattern


class SampleIn(BaseModel):
    """One measurement. The same identity (`id` within its source, else all but the value) again takes the earlier one's place."""

    model_config = ConfigDict(extra="forbid")
    at: Annotated[str, StringConstraints(min_length=10, max_length=40)] = Field(
        description="When it was measured: ISO 8601, UTC when it names no zone.", examples=["2026-05-17T10:00:00Z"]
    )
    measure: Annotated[str, StringConstraints(pattern=MEASURE)] = Field(
        description="What was measured.", examples=["cpu.utilization", "tokens.input", "requests"]
    )
    value: Annotated[str, StringConstraints(max_length=80)] | StrictInt | StrictFloat = Field(
        description="How much: decimal text, exact to 18 places; or a number, taken as it is written.", examples=["0.37"]
    )
    unit: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(examples=["percent", "GB", "request"])
    resource: Text | None = Field(default=None, description="As ResourceId of charges.")
    provider: Text | None = Field(default=None, description="As ServiceProviderName of charges.")
    account: Text | None = Field(default=None, description="As SubAccountId of charges.")
    service: Text | None = Field(default=None, description="As ServiceName of charges.")
    region: Text | None = Field(default=None, description="As RegionId of charges.")
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,78}[a-z0-9])?$")] = Field(
        default="api", description="Who sends it."
    )
    tags: dict[TagKey, Text] = Field(default_factory=dict, max_length=MOST_TAGS, json_schema_extra=CLOSED)
    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="Its own identity within its source, if it has one."
    )


class SamplesKept(BaseModel):
    """What became of a batch; `place` is the number of the newest batch that changed something, for the stream's `after`."""

    added: int
    replaced: int = Field(description="Of the same identity with other content: they took the place of those before.")
    known: int = Field(description="Sent again without a change.")
    place: int


class UsageRow(BaseModel):
    """One group: `period` with a grain, the dimensions as they were asked for, and how many samples are behind the value."""

    model_config = ConfigDict(extra="allow")
    unit: str
    value: str | int = Field(description="Decimal text in full scale; of count a whole number.")
    samples: int


class Usage(BaseModel):
    """Rows of an answer, in one unit; where nothing was measured there is no row."""

    rows: list[UsageRow]
    measure: str
    statistic: str
    unit: str | None
    window: WindowShown


class Measured(BaseModel):
    """One measure in one unit, as far as one may see it."""

    measure: str
    unit: str
    first: datetime
    last: datetime
    samples: int


class Measures(BaseModel):
    """What there is."""

    measures: list[Measured]


@router.post("/samples", response_model=SamplesKept, dependencies=[Depends(json_body)], responses={**problems(403, 413, 415)})
@needs("samples:write", all_charges=True)
def add(backing: In, samples: Annotated[list[SampleIn], Body(min_length=1, max_length=MOST_SAMPLES)]) -> SamplesKept:
    """Keep a batch, all or none; it is durable when this answers. Sending it again changes nothing."""
    made = read_samples(one.model_dump() for one in samples)
    return SamplesKept(**vars(backing.acting.record_samples(made)))


@router.get(
    "/samples",
    response_model=Usage,
    responses={
        200: {"content": {MEDIA[Form.csv]: {"schema": {"type": "string"}}, MEDIA[Form.arrow]: {"schema": {"type": "string"}}}},
        **problems(406),
    },
)
@needs("samples:read")
def samples(
    backing: In,
    window: AskedWindow,
    form: AskedForm,
    measure: Annotated[str, Query(pattern=MEASURE, description="What was measured; see /api/v1/samples/measures.")],
    group_by: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=300, pattern=PLAIN)]] | None,
        Query(
            max_length=MOST_GROUPS,
            description="Up to two of resource, provider, account, service, region, source, tags.KEY; or their FOCUS columns.",
        ),
    ] = None,
    statistic: Annotated[
        Statistic, Query(description="Of the samples of each group; p95 is one that was measured, mean exact to 18 places.")
    ] = "sum",
    grain: Annotated[UsageGrain | None, Query(description="Adds `period` to each row.")] = None,
    where: Annotated[
        str | None,
        Query(alias="filter", max_length=10_000, description='A condition: service == "Amazon EC2" AND unit == "percent".'),
    ] = None,
) -> Response:
    """One measure over a window, in one unit; samples in several units are refused, named, until a filter chooses one."""
    query = usage_query(measure, window, grain=grain, group_by=group_names(group_by or []), statistic=statistic, filters=where)
    with backing.gate.turn():
        answer = backing.acting.hub.ask(query)
    beside = {"measure": measure, "statistic": statistic, "unit": answer.unit, "window": window_shown(window)}
    return respond(form, answer.table, beside, name="samples")


@router.get("/samples/measures", response_model=Measures, responses=problems())
@needs("samples:read")
def measures(backing: In) -> JSONResponse:
    """What there is to ask for: measures with their units, their first and last time, and how many samples."""
    with backing.gate.turn():
        found = backing.acting.hub.measures()
    return JSONResponse({"measures": [plain_row(row) for row in found.to_pylist()]})
