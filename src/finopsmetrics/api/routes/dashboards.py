"""Widgets and layouts: what a dashboard shows. What is declared of dashboards is at `/dashboards`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import SIGNED_IN, needs
from finopsmetrics.api.asking import MOST_FILTER
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.lines import LINES, lines_of
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.api.specs import Sent, mapping
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.shapes import Currency, Line
from finopsmetrics.core.spec import SpecError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.writing import to_yaml
from finopsmetrics.kinds.dashboard import Dashboard
from finopsmetrics.runtime.dashboards import Asked, Dashboards
from finopsmetrics.runtime.layouts import Layouts
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.vizlychart.spec import ChartSpec

router = APIRouter(prefix=PREFIX, tags=["widgets"])
EXAMPLE = dict(Dashboard.example)
MOST_WIDGETS = 200  # as many as a dashboard holds


class WidgetTold(BaseModel):
    """A widget that a dashboard can hold."""

    name: str
    title: str
    description: str
    size: tuple[int, int] = Field(description="Its width and height in cells of a grid of three columns, unless said otherwise.")
    needs: list[str] = Field(description="The permissions that it takes.")
    all_charges: bool = Field(description="Whether it is about all charges, and so is not for whoever sees only some.")
    allowed: bool = Field(description="Whether you may see it.")
    config_schema: dict[str, Any] = Field(description="The JSON Schema of its settings.")


class Widgets(BaseModel):
    """Every widget, by name."""

    widgets: list[WidgetTold]


class WidgetAsked(BaseModel):
    """A widget to show."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(min_length=1, max_length=200, description="Any text by which the answer names it.")]
    type: Line
    config: Annotated[dict[str, Any], Field(description="Its settings; what is wrong with them is told in its place.")] = {}
    title: Line | None = None


class ShowAsked(BaseModel):
    """Widgets to show, and what holds for all of them."""

    model_config = ConfigDict(extra="forbid")
    widgets: list[WidgetAsked] = Field(min_length=1, max_length=MOST_WIDGETS)
    time_range: Annotated[str, Field(max_length=80)] | None = Field(None, description="The time of widgets that name none.")
    filters: Annotated[str, Field(max_length=MOST_FILTER)] | dict[str, Any] | None = Field(
        None, description="A condition, or keys that must all match, for all widgets."
    )
    currency: Currency | None = Field(None, description="The currency that is shown; that of the most charges, unless given.")

    def frame(self) -> Frame:
        """What holds for all widgets."""
        return Frame(self.time_range, self.filters, self.currency)

    def asked(self) -> list[Asked]:
        """The widgets. Raises UsageError where two have the same id."""
        if len({one.id for one in self.widgets}) < len(self.widgets):
            raise UsageError("Two widgets have the same id.", cure="Give each an id of its own.")
        return [Asked(one.id, one.type, one.config, one.title) for one in self.widgets]


class FaultShown(BaseModel):
    """Why a widget cannot be shown."""

    code: str
    detail: str
    cure: str


class WidgetShown(BaseModel):
    """A widget as it is shown: its chart with the rows it draws, and one sentence in words."""

    id: str
    type: str
    title: str
    state: str = Field(description="ok, empty, failed or forbidden.")
    sentence: str
    chart: ChartSpec | None
    text: str | None = Field(description="Markdown, of a text widget.")
    receipts: list[str] = Field(description="Receipts of its figures, for /receipts/{id}.")
    source: str = Field(description="Where figures come from that no receipt explains.")
    link: str | None = Field(description="The page that goes deeper.")
    empty: str | None = Field(description="What to do where there is nothing to show.")
    error: FaultShown | None


class WidgetsShown(BaseModel):
    """Widgets as they are shown, in the order asked for."""

    widgets: list[WidgetShown]


class LayoutTold(BaseModel):
    """A dashboard, as a list tells it."""

    name: str
    title: str
    description: str
    role: str | None = Field(description="The role whose holders see it first.")
    built_in: bool = Field(description="Whether it comes with the software; declaring one of its name takes its place.")
    editable: bool = Field(description="Whether you may change it under this name.")
    origin: str | None = Field(description="The file that declares it, where one does: it is changed there.")


class LayoutsTold(BaseModel):
    """The dashboards that you see, by name."""

    layouts: list[LayoutTold]


class PlacedShown(BaseModel):
    """A widget with its place on the grid."""

    id: str
    type: str
    title: str | None
    position: tuple[int, int] = Field(description="Column and row of its upper left cell, from 0.")
    size: tuple[int, int] = Field(description="Its width and height in cells.")
    config: dict[str, Any]


class LayoutShown(LayoutTold):
    """A dashboard with a place for every widget, and its spec as it is declared."""

    columns: int
    widgets: list[PlacedShown]
    spec: dict[str, Any]


Lines = Annotated[
    bool, Query(description="One JSON line a widget as soon as it is ready, without an Accept header that says so.")
]
_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {LINES: {"schema": {"type": "string"}}}}}


@router.get("/widgets", response_model=Widgets, responses=problems())
@needs(SIGNED_IN)
def widgets(backing: In) -> JSONResponse:
    """What a dashboard can hold."""
    return JSONResponse({"widgets": Dashboards(backing.acting).catalogue()})


@router.post(
    "/widgets/show",
    response_model=WidgetsShown,
    dependencies=[Depends(json_body)],
    responses={**_LINES, **problems(413, 415)},
)
@needs(SIGNED_IN)
def show(request: Request, backing: In, asked: ShowAsked) -> Response:
    """Show widgets: as one JSON object, or with `Accept: application/x-ndjson` one JSON line a widget as soon as it is ready.

    A widget that fails, or that you may not see, says so in its place; the others are shown.
    """
    drawn = Dashboards(backing.acting).show(asked.asked(), asked.frame(), backing.gate.turn)
    return lines_of(request, (one.as_dict() for one in drawn), [one.id for one in asked.widgets])


@router.get("/layouts", response_model=LayoutsTold, responses=problems())
@needs(SIGNED_IN)
def all_layouts(backing: In) -> JSONResponse:
    """Built-in and declared dashboards, as far as they are shared with you."""
    return JSONResponse({"layouts": [one.facts() for one in Layouts(backing.acting).all()]})


@router.get("/layouts/home", response_model=LayoutShown, responses=problems())
@needs(SIGNED_IN)
def home(backing: In) -> JSONResponse:
    """The dashboard that you see first: a declared one for your role, else the built-in one."""
    return JSONResponse(Layouts(backing.acting).home().as_dict())


class Yaml(BaseModel):
    """A dashboard as a file that `finopsmetrics apply` takes."""

    yaml: str


@router.post(
    "/widgets/yaml",
    response_model=Yaml,
    dependencies=[Depends(json_body)],
    responses=problems(413, 415),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": EXAMPLE}}}},
)
@needs("dashboard:read")
def as_yaml(sent: Sent) -> Response:
    """A dashboard that need not be kept, checked and written as YAML; it reads back equal."""
    try:
        spec = checked(Dashboard.kind, mapping(Dashboard.kind, sent))
    except SpecError as error:
        first = error.faults[0]
        raise UsageError(f"{first.pointer or '/'}: {first.message}.", cure="Mend it, and ask again.") from error
    return JSONResponse({"yaml": to_yaml([spec])})


@router.get("/layouts/{name:spec}", response_model=LayoutShown, responses=problems(404))
@needs(SIGNED_IN)
def one_layout(backing: In, name: SpecName) -> JSONResponse:
    """A dashboard with a place for every widget."""
    return JSONResponse(Layouts(backing.acting).one(name).as_dict())


@router.get("/layouts/{name:spec}/show", response_model=WidgetsShown, responses={**_LINES, **problems(404)})
@needs(SIGNED_IN)
def show_layout(request: Request, backing: In, name: SpecName, lines: Lines = False) -> Response:
    """The widgets of a dashboard, as it declares them; of the one that you see first by the name `home`."""
    layouts = Layouts(backing.acting)
    layout = layouts.home() if name == "home" else layouts.one(name)
    drawn = Dashboards(backing.acting).show(layout.asked(), layout.frame(), backing.gate.turn)
    return lines_of(request, (one.as_dict() for one in drawn), [one.id for one in layout.widgets], by_line=lines)
