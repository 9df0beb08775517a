"""The first page: costs by service, how fresh the data is, whether it ties. Plain HTML, made on the server."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from finopsmetrics.api.access import needs
from finopsmetrics.api.context import Backing, In
from finopsmetrics.api.page_html import POLICY, render
from finopsmetrics.api.problems import problems
from finopsmetrics.core.errors import WindowError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import Answer
from finopsmetrics.observability.query import CostQuery, build
from finopsmetrics.observability.reconcile import Reconciliation
from finopsmetrics.plugins.results import Widget
from finopsmetrics.runtime.plugin_runs import PluginRuns
from finopsmetrics.store.lake import CHARGES, Snapshot

router = APIRouter(include_in_schema=False)
MOST_SERVICES = 40
SYNTHETIC = "x_Synthetic"


@dataclass(frozen=True)
class Facts:
    """What the page shows."""

    synthetic: bool
    window: Window
    costs: Answer
    sources: list[dict[str, Any]] | None  # None for who may see only some charges, or not how they came
    reconciliation: Reconciliation | None
    now: datetime
    asker: str
    session: bool  # whether there is one to end
    widgets: list[Widget]  # of plugins


@router.get("/", response_class=HTMLResponse, responses=problems())
@needs("costs:read")
def page(backing: In) -> HTMLResponse:
    """The page for people; a web app will take its place."""
    with backing.gate.turn():
        facts = gather(backing)
    return HTMLResponse(render(facts), headers={"Content-Security-Policy": POLICY})


def gather(backing: Backing) -> Facts:
    """Look up what the page shows: the last 30 days, or the latest month with charges where those are empty."""
    acting, now = backing.acting, backing.now
    workspace, principal = acting.workspace, acting.principal
    acting.costs.refresh()
    snapshot = workspace.opened.lake.snapshot()
    window = Window.parse("30d", now=now)
    costs = _by_service(backing, window)
    latest = _latest_month(snapshot, now)
    if not len(costs) and latest is not None:
        window, costs = latest, _by_service(backing, latest)
    whole = principal.scope is None
    sources = _sources(backing) if whole and principal.may("deliveries:read") else None
    tied = acting.reconcile() if whole and principal.may("reconciliation:read") else None
    held = backing.asker.held if backing.asker else None
    plain = now.astimezone(UTC).replace(tzinfo=None)
    return Facts(
        _synthetic(backing, snapshot),
        window,
        costs,
        sources,
        tied,
        plain,
        principal.name,
        held is not None,
        PluginRuns(acting).widgets("first page", window),
    )


def _sources(backing: Backing) -> list[dict[str, Any]]:
    return sorted(backing.acting.workspace.sources(), key=lambda one: (one["source"], one["dataset"]))


def _by_service(backing: Backing, window: Window) -> Answer:
    return backing.acting.costs.ask(build(group_by="ServiceName", window=window, top=MOST_SERVICES))


def _latest_month(snapshot: Snapshot, now: datetime) -> Window | None:
    periods = sorted({file.period for file in snapshot.files.get(CHARGES, ()) if file.rows})
    try:
        return Window.parse(periods[-1][:7], now=now) if periods else None
    except WindowError:
        return Window.parse("all", now=now)


_seen: dict[tuple[str, int], bool] = {}
_seen_lock = threading.Lock()


def _synthetic(backing: Backing, snapshot: Snapshot) -> bool:
    """Whether any charge says that it is made up; looked up once for each version of the lake."""
    if SYNTHETIC not in snapshot.extras():
        return False
    key = (str(snapshot.home.root), snapshot.version)
    with _seen_lock:
        if key in _seen:
            return _seen[key]
    answer = backing.context.workspace.costs.ask(CostQuery(group_by=(SYNTHETIC,)), keep_receipt=False)
    found = any(str(row[SYNTHETIC]).lower() in {"true", "1", "yes"} for row in answer)
    with _seen_lock:
        _seen.clear()
        _seen[key] = found
    return found
