"""What access and declared things cost: `python -m benchmarks.access`.

A request by its owner, by a token and by a session beside one that nobody has to be known for; specs put and planned a second.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from statistics import median

import httpx

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iac.plan import make_plan
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace

REQUESTS, SPECS = 400, 200
PASSWORD = "a sentence nobody guesses"


def milliseconds(ask: Callable[[], object], times: int = REQUESTS) -> float:
    taken = []
    for _ in range(times):
        began = time.process_time()
        ask()
        taken.append(time.process_time() - began)
    return median(taken) * 1000


def of_requests(workspace: Workspace) -> None:
    """CPU of a request, client and server in one process."""
    iam = IAMManager(workspace.opened)
    with BackgroundServer(workspace) as server, httpx.Client(base_url=server.url) as client:
        public = milliseconds(lambda: client.get("/healthz"))
        owner = milliseconds(lambda: client.get("/api/v1/kinds/budget"))
        token = {"Authorization": f"Bearer {iam.tokens.create('bench', roles=['cfo'], by=OWNER)[1]}"}
        by_token = milliseconds(lambda: client.get("/api/v1/kinds/budget", headers=token))
        iam.users.add("ann", roles=["team_lead"], teams=["ml"], by=OWNER, password=PASSWORD)
        began = time.process_time()
        client.post("/api/v1/auth/login", json={"name": "ann", "password": PASSWORD})
        log_in = (time.process_time() - began) * 1000
        by_session = milliseconds(lambda: client.get("/api/v1/kinds/budget"))
    print(
        f"request without proof {public:.2f} ms CPU, by the owner {owner:.2f}, by a token {by_token:.2f}, by a session {by_session:.2f}"
    )
    print(f"log-in with Argon2id {log_in:.0f} ms CPU")


def of_specs(workspace: Workspace) -> None:
    acting = Acting(workspace, OWNER)
    body = {"amount": 100, "period": "monthly", "filters": {"team": "ml"}}
    began = time.perf_counter()
    for number in range(SPECS):
        acting.specs.put("budget", f"b-{number}", {**body, "name": f"b-{number}"})
    print(f"{SPECS / (time.perf_counter() - began):,.0f} specs put a second, each durable with history and audit line")
    began = time.process_time()
    acting.specs.preview(lambda actual: make_plan([], frozenset(), actual))
    print(f"plan over {SPECS} specs {(time.process_time() - began) * 1000:.0f} ms CPU")


def main() -> None:
    print(f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder, Workspace(folder) as workspace:
        of_requests(workspace)
        of_specs(workspace)


if __name__ == "__main__":
    main()
