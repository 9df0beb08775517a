"""Embedding: links into a dashboard for pages of others, and what such a link shows."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from finopsmetrics.api.access import PUBLIC, SIGNED_IN, needs
from finopsmetrics.api.context import PREFIX, In, json_body
from finopsmetrics.api.lines import LINES, lines_of
from finopsmetrics.api.problems import problems
from finopsmetrics.api.routes.dashboards import LayoutShown, WidgetsShown
from finopsmetrics.api.routes.kinds import SpecName
from finopsmetrics.iam.links import MOST_ANCESTORS, Link
from finopsmetrics.observability.answers import plain_row
from finopsmetrics.runtime.embedding import Embedded, links_of, make_link

router = APIRouter(prefix=PREFIX, tags=["embedding"])
Text = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._-]+$", description="The link's text.")]
_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {LINES: {"schema": {"type": "string"}}}}}


class LinkAsked(BaseModel):
    """How long a link holds, and whose pages may frame it."""

    model_config = ConfigDict(extra="forbid")
    expires: Annotated[str, Field(min_length=2, max_length=20)] = Field("30d", description="For how long: 12h, 30d, 8w.")
    frame_ancestors: list[Annotated[str, Field(max_length=300)]] = Field(
        [],
        max_length=MOST_ANCESTORS,
        description="The origins whose pages may frame it: https://wiki.example; none, unless given.",
    )


class LinkTold(BaseModel):
    """A link into a dashboard, without its text."""

    id: str
    dashboard: str
    permissions: list[str] = Field(description="What it permits, as long as its maker may.")
    scope: str | None = Field(description="The charges that its maker saw when it was made; null for all.")
    frame_ancestors: list[str]
    created_at: str
    created_by: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None


class LinkMade(LinkTold):
    """A link that was made now, with its address, which is not shown again."""

    url: str = Field(description="The path of the page that shows it.")
    expires: str = Field(description="When it ends, UTC.")


class Links(BaseModel):
    """Links, the newest first."""

    links: list[LinkTold]


class EmbeddedShown(LayoutShown):
    """A dashboard as a link shows it."""

    frame_ancestors: list[str]


class Ids(BaseModel):
    """Which of the dashboard's widgets are shown."""

    model_config = ConfigDict(extra="forbid")
    ids: list[Annotated[str, Field(max_length=200)]] = Field(
        [], max_length=200, description="Their ids; all of them, unless given."
    )


@router.post(
    "/layouts/{name:spec}/links",
    response_model=LinkMade,
    status_code=201,
    dependencies=[Depends(json_body)],
    responses=problems(404, 413, 415),
)
@needs("dashboard:write")
def add_link(backing: In, name: SpecName, sent: LinkAsked) -> dict[str, Any]:
    """Make a link that shows a dashboard to whoever has it: with no more than it needs, on the charges that you see."""
    link, text = make_link(backing.acting, name, expires=sent.expires, frame_ancestors=sent.frame_ancestors)
    return {**_told(link), "url": f"/embed/{text}", "expires": link.expires_at.isoformat() + "Z"}


@router.get("/links", response_model=Links, responses=problems())
@needs(SIGNED_IN)
def links(backing: In) -> dict[str, Any]:
    """Your links, and with `tokens:read` those of everybody, also those that ended."""
    return {"links": [_told(link) for link in links_of(backing.acting)]}


@router.delete("/links/{link_id}", status_code=204, responses=problems(404))
@needs(SIGNED_IN)
def revoke_link(backing: In, link_id: Annotated[str, Path(min_length=1, max_length=40)]) -> Response:
    """End a link at once: your own, or with `tokens:write` anybody's."""
    backing.acting.iam.links.revoke(link_id, by=backing.acting.principal)
    return Response(status_code=204)


@router.get("/embed/{text}", response_model=EmbeddedShown, responses=problems(404))
@needs(PUBLIC)
def embedded(backing: In, text: Text) -> JSONResponse:
    """The dashboard of a link."""
    return JSONResponse(Embedded(backing.context.workspace, text).as_dict())


@router.post(
    "/embed/{text}/show",
    response_model=WidgetsShown,
    dependencies=[Depends(json_body)],
    responses={**_LINES, **problems(404, 413, 415)},
)
@needs(PUBLIC)
def show_embedded(request: Request, backing: In, text: Text, sent: Ids) -> Response:
    """Show the widgets of a link's dashboard, as it declares them; nothing else can be asked."""
    found = Embedded(backing.context.workspace, text)
    order = sent.ids or [one.id for one in found.layout.widgets]
    return lines_of(request, (one.as_dict() for one in found.show(sent.ids, backing.gate.turn)), order)


def _told(link: Link) -> dict[str, Any]:
    told = plain_row({name: getattr(link, name) for name in LinkTold.model_fields})
    return {**told, "permissions": list(link.permissions), "frame_ancestors": list(link.frame_ancestors)}
