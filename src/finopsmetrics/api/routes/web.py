"""The web app: its pages, for people who are logged in, and its built files."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Any, NotRequired, TypedDict
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from finopsmetrics.api import web
from finopsmetrics.api.access import PUBLIC, needs
from finopsmetrics.api.context import PREFIX, Backing, In
from finopsmetrics.api.problems import problem
from finopsmetrics.api.routes.auth import me_shown
from finopsmetrics.api.routes.embedding import Text
from finopsmetrics.api.web_facts import facts
from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.runtime.embedding import Embedded
from finopsmetrics.runtime.layouts import Layouts

router = APIRouter(include_in_schema=False)
_TEXTS: dict[str, Any] = dict.fromkeys(("name", "sort"), "") | dict.fromkeys(("scope", "csrf"))
NOBODY: dict[str, Any] = {**_TEXTS, "roles": [], "teams": [], "permissions": [], "second_factor": False}
CHARTS = "src/vizly/index.ts"
CLOUDS = "multi_cloud"
OWN = {"range", "currency", "edit"}  # a page that is asked so shows its widgets otherwise than they are declared
FOREVER = "public, max-age=31536000, immutable"  # a built file's name holds a hash of what is in it


class PageTold(TypedDict):
    """A page of the app: its path, its title, what it needs, under which heading of the menu it stands, whether it draws."""

    path: str
    title: str
    page: str
    needs: str
    group: NotRequired[str]
    charts: NotRequired[bool]


PAGES: list[PageTold] = json.loads((files("finopsmetrics.api") / "design" / "pages.json").read_text("utf-8"))


def _shower(page: PageTold) -> Callable[..., Response]:
    """The route of a page: the app, for whoever is logged in; everybody else goes to the log-in and comes back."""
    modules = (f"src/pages/{page['page']}.svelte", *([CHARTS] if page.get("charts") else []))

    @needs(PUBLIC)
    def show(request: Request, backing: In) -> Response:
        if backing.asker is None:
            after = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(after, safe='')}", status_code=303)
        told = {"me": me_shown(backing), **facts(backing.acting)}
        address = _dashboard(page["path"], request, backing, told)
        headers = {"Content-Security-Policy": web.policy(), "Cache-Control": "no-store"}
        return HTMLResponse(web.page(told, *modules, data=address), headers=headers)

    return show


def _dashboard(path: str, request: Request, backing: Backing, told: dict[str, Any]) -> str | None:
    """Add the layout that a page shows to what is told, and give the address of its widgets; None where it shows no layout."""
    layouts = Layouts(backing.acting)
    if path == "/":
        told["layout"], name = layouts.home().as_dict(), "home"
    elif path == "/clouds":
        told["layout"], name = layouts.one(CLOUDS).as_dict(), CLOUDS
    elif path == "/dashboards/{name}":
        name = request.path_params["name"]
        try:
            told["layout"] = layouts.one(name).as_dict()
        except NotFoundError:  # the page says so
            return None
    else:
        return None
    return None if OWN & set(request.query_params) else f"{PREFIX}/layouts/{quote(name, safe='')}/show?lines=true"


for _page in PAGES:
    _path = _page["path"].replace("{name}", "{name:path}")
    router.add_api_route(_path, _shower(_page), methods=["GET"], response_class=HTMLResponse)


@router.get("/embed/{text}", response_class=HTMLResponse)
@needs(PUBLIC)
def embedded(backing: In, text: Text) -> HTMLResponse:
    """A dashboard for pages of others: those that its link names may frame it. Who looks needs no log-in, and can ask no more."""
    found = Embedded(backing.context.workspace, text)
    told = {"me": NOBODY, **facts(found.acting), "embed": {"token": text}}
    headers = {
        "Content-Security-Policy": web.policy(" ".join(found.link.frame_ancestors) or "'none'"),
        "Cache-Control": "no-store",
    }
    return HTMLResponse(web.page(told), headers=headers)


@router.get("/assets/{name}", response_class=FileResponse)
@needs(PUBLIC)
def asset(request: Request, name: Annotated[str, Path(max_length=200)]) -> Response:
    """A built file of the app. Nothing of a home is in it, so it is for everybody."""
    found = web.asset(name, request.headers.get("accept-encoding", ""))
    if found is None:
        return problem(404, f"There is no file {name!r}.", path=request.url.path, code="not_found")
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return FileResponse(found.path, media_type=found.media, headers=headers)
