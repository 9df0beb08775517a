"""Anomalies: what is unusual in the charges that may be seen, with its likely cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from finopsmetrics.api.access import needs
from finopsmetrics.api.asking import PLAIN, Filter, Groups, group_names
from finopsmetrics.api.context import PREFIX, In
from finopsmetrics.api.problems import problems
from finopsmetrics.core.findings import Severity
from finopsmetrics.observability.anomalies.watch import NO_USAGE, both
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.anomalies import Anomalies

router = APIRouter(prefix=PREFIX, tags=["anomalies"])


class AnomalyShown(BaseModel):
    """One incident, as the finding that it is by night. Amounts are exact decimal text."""

    id: str = Field(description="The id of its finding, where it is kept as one.")
    title: str
    severity: Severity
    where: str = Field(description="The condition on its charges.")
    start: str
    end: str = Field(description="Exclusive.")
    impact: str = Field(description="What it added; negative for what fell away.")
    currency: str
    body: dict[str, Any] = Field(description="Expected, actual, score, confidence, likely cause, and what explains it.")
    receipts: list[str]


class WatchShown(BaseModel):
    """What a detector judged."""

    watch: str
    series: int
    left: int = Field(description="Series beyond what one look can judge.")
    small: int = Field(description="Incidents too small to be told.")
    hushed: int = Field(description="Incidents not told because of what was said of their like.")


class MeasuredShown(BaseModel):
    """How good the detector is where the truth is known: shares of 1."""

    recall: float
    recall_by_money: float
    precision: float
    false: float = Field(description="False incidents in 100 months of a series.")
    on: str


class AnomaliesShown(BaseModel):
    """Incidents, the newest first, with what was judged and how good the judge is."""

    anomalies: list[AnomalyShown]
    since: str
    watched: list[WatchShown]
    unwatched: dict[str, str] = Field(description="Detectors that watch nothing, with the reason.")
    measured: MeasuredShown | None = Field(description="Null for models and sensitivities that were not measured.")


@router.get("/anomalies", response_model=AnomaliesShown, responses=problems(404))
@needs("costs:read")
def anomalies(
    backing: In,
    days: Annotated[int, Query(ge=1, le=400, description="What touches this many days up to today.")] = 35,
    detector: Annotated[str | None, Query(min_length=1, max_length=120, pattern=PLAIN)] = None,
    group_by: Groups = None,
    where: Filter = None,
    model: Annotated[
        Literal["robust", "isolation_forest", "ecod", "arima", "prophet"] | None, Query(description="The model.")
    ] = None,
    sensitivity: Annotated[float | None, Query(ge=0, le=1, description="0 never, 0.95 as measured, 1 the least rise.")] = None,
) -> JSONResponse:
    """What is unusual, judged now; by night the same is kept as findings."""
    changes: dict[str, Any] = {"model": model, "sensitivity": sensitivity}
    changes["group_by"] = tuple(group_names(group_by or [])) or None
    changes["where"] = both([where, NO_USAGE]) if where else None
    since = backing.now.date() - timedelta(days=days)
    asked = {name: value for name, value in changes.items() if value is not None}
    looked = Anomalies(backing.acting).look(since=since, detector=detector, **asked)
    found = [plain_row({**vars(one), "id": one.id}) for one in looked.findings]
    shown = [{name: one[name] for name in AnomalyShown.model_fields} for one in found]
    return JSONResponse({"anomalies": shown, **plain_row(looked.as_dict())})
