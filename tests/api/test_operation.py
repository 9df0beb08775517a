"""The server as something to run: health, metrics, the first page, deliveries, and how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from finopsmetrics.api import web
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.errors import StoreError
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import MARKUP, NOW, opened

RUN = """
import sys
from finopsmetrics.api.server import serve
from finopsmetrics.runtime.workspace import Workspace
with Workspace(sys.argv[1]) as workspace:
    serve(workspace, port=int(sys.argv[2]))
print("closed", flush=True)
"""


def samples(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(answer.text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json()["status"] == "alive"
    assert client.get("/readyz").json() == {"status": "ready", "lake_version": 3}


def test_a_lake_with_a_lost_file_is_not_ready_and_says_why(copied: Path) -> None:
    with opened(copied) as workspace, BackgroundServer(workspace) as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/readyz").status_code == 200
        for path in (workspace.home / "lake" / "cost_and_usage").rglob("*.parquet"):
            path.unlink()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert "lake" in answer.json()["detail"]
        assert client.get("/healthz").status_code == 200


def test_metrics_count_by_template_and_tell_how_fresh_the_data_is(client: httpx.Client) -> None:
    delivery = client.get("/api/v1/deliveries").json()["deliveries"][0]["id"]
    before = samples(client)
    for number in range(5):
        client.get("/api/v1/costs", params={"top": str(number + 1)})
        client.get(f"/api/v1/deliveries/{delivery}")
        client.get(f"/stranger/{number}")
        client.request(f"VERB{number}", "/api/v1/costs")
    after = samples(client)

    def grown(name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    total = "finopsmetrics_http_requests_total"
    assert grown(total, method="GET", route="/api/v1/costs", status="200") == 5
    assert grown(total, method="GET", route="/api/v1/deliveries/{delivery_id}", status="200") == 5
    assert grown(total, method="GET", route="unmatched", status="404") == 5
    assert grown(total, method="other", route="/api/v1/costs", status="405") == 5
    assert grown("finopsmetrics_http_request_seconds_count", method="GET", route="/api/v1/costs") == 5
    assert after[("finopsmetrics_lake_version", ())] == 3
    assert after[("finopsmetrics_lake_rows", (("table", "cost_and_usage"),))] == 7
    assert after[("finopsmetrics_deliveries_total", (("source", "aws"),))] == 3
    age = (NOW.replace(tzinfo=None) - NOW.replace(day=1, hour=0, minute=0, tzinfo=None)).total_seconds() + 24 * 3600
    assert after[("finopsmetrics_delivery_age_seconds", (("source", "aws"),))] == age
    assert after[("finopsmetrics_lake_readable", ())] == 1
    assert any(name == "finopsmetrics_build_info" for name, _ in after)
    routes = {label for name, labels in after if name == total for key, label in labels if key == "route"}
    assert routes <= {*client.get("/openapi.json").json()["paths"], "/", "unmatched", "/openapi.json"}


def test_deliveries_and_their_reports(client: httpx.Client, held: Workspace) -> None:
    body = client.get("/api/v1/deliveries", params={"limit": 2}).json()
    assert (body["total"], len(body["deliveries"])) == (3, 2)
    rest = client.get(body["next"]).json()
    assert (len(rest["deliveries"]), rest["next"]) == (1, None)
    assert [one["id"] for one in [*body["deliveries"], *rest["deliveries"]]] == [record.id for record in held.deliveries()]
    assert client.get("/api/v1/deliveries", params={"source": "nobody"}).json()["deliveries"] == []
    newest = body["deliveries"][0]
    assert (newest["source"], newest["delivered_at"], newest["periods"]) == ("aws", "2026-05-31T00:00:00Z", ["2026-05"])
    report = client.get(f"/api/v1/deliveries/{newest['id']}").json()
    assert report["replaced"][0]["delivery"] == body["deliveries"][1]["id"]
    assert report["rows"] == report["accepted"] + report["quarantined"] == 5
    assert re.fullmatch("[0-9a-f]{64}", report["delivered_files"][0]["sha256"])
    assert "raw" not in report["delivered_files"][0]


def test_reconciliation_is_the_one_of_the_workspace(client: httpx.Client, held: Workspace) -> None:
    from finopsmetrics.observability.reconcile import reconcile

    body = client.get("/api/v1/reconciliation").json()
    whole = reconcile(held.opened).as_dict()
    order = sorted(whole["invoices"], key=lambda one: one["period"], reverse=True)
    assert {**whole, "invoices": order} == {name: body[name] for name in whole}
    assert {line["currency"] for line in body["invoices"]} == {"USD", "EUR"}


def test_reconciliation_is_paged_and_its_sums_are_of_all_lines(client: httpx.Client) -> None:
    whole = client.get("/api/v1/reconciliation").json()
    lines = whole["invoices"]
    sums = {currency: {"charges": Decimal(0)} for currency in whole["totals"]}
    for line in lines:
        sums[line["currency"]]["charges"] += Decimal(line["charges"])
    assert {currency: Decimal(told["charges"]) for currency, told in whole["totals"].items()} == {
        currency: told["charges"] for currency, told in sums.items()
    }
    pages = [client.get("/api/v1/reconciliation", params={"limit": 1, "offset": at}).json() for at in range(len(lines) + 1)]
    assert [one for page in pages for one in page["invoices"]] == lines
    assert len(lines) > 1
    for page in pages:
        assert [page[name] for name in ("ties", "statuses", "totals", "issuers")] == [
            whole[name] for name in ("ties", "statuses", "totals", "issuers")
        ]
        assert page["counts"]["invoices"] == len(lines)
    wanted = lines[0]["status"]
    kept = client.get("/api/v1/reconciliation", params={"status": wanted}).json()
    assert kept["invoices"] == [line for line in lines if line["status"] == wanted]
    assert kept["totals"] == whole["totals"]
    assert client.get("/api/v1/reconciliation", params={"issuer": "nobody"}).json()["counts"]["invoices"] == 0
    assert client.get("/api/v1/reconciliation", params={"status": "nearly"}).status_code == 422


def facts(client: httpx.Client, path: str = "/") -> dict[str, Any]:
    found = re.search(r'<script id="facts" type="application/json">(.*?)</script>', client.get(path).text)
    assert found is not None
    return dict(json.loads(found[1]))


def test_a_page_carries_who_asks_and_what_the_data_is(client: httpx.Client, fresh: httpx.Client) -> None:
    told = facts(client)
    assert (told["me"]["name"], told["synthetic"], told["latest"]) == ("owner", True, "2026-05")
    assert (sorted(told["currencies"]), told["fresh"]) == (["EUR", "USD"], "2026-05-31T00:00:00Z")
    assert told["layout"]["name"] == "infrastructure_leader_default"
    assert "layout" not in facts(client, "/explorer?range=2026-05&group_by=RegionId")
    assert facts(client, "/clouds")["layout"]["name"] == "multi_cloud"
    assert facts(client, "/dashboards/cfo_default")["layout"]["name"] == "cfo_default"
    assert "layout" not in facts(client, "/dashboards/nothing%22%3E")
    empty = facts(fresh)
    assert (empty["currencies"], empty["fresh"], empty["latest"], empty["synthetic"]) == ([], None, None, False)
    entry = {"id": "e", "timestamp": "2026-05-17T10:00:00Z", "cost": "1", "service": MARKUP, "focus": {"x_Synthetic": "false"}}
    assert fresh.post("/api/v1/cost-entries", json=[entry]).status_code == 201
    after = facts(fresh)
    assert (after["synthetic"], after["latest"]) == (False, "2026-05")


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("/", "home"),
        ("/clouds", "multi_cloud"),
        ("/dashboards/cfo_default", "cfo_default"),
        ("/?range=2026-05", None),
        ("/dashboards/cfo_default?edit=1", None),
        ("/dashboards/nothing%22%3E", None),
        ("/explorer", None),
    ],
)
def test_a_page_asks_for_its_widgets_before_any_script_runs(client: httpx.Client, page: str, name: str | None) -> None:
    data = name and f"/api/v1/layouts/{name}/show?lines=true"
    told = re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', client.get(page).text)
    assert told == ([data] if data else [])
    if data is None:
        return
    answer = client.get(data, headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-type"], answer.headers["content-encoding"]) == ("application/x-ndjson", "gzip")
    assert answer.headers["cache-control"] == "no-store"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    plain = client.get(data.partition("?")[0], headers={"Accept-Encoding": "identity"}).json()["widgets"]
    assert sorted(one["id"] for one in lines) == sorted(one["id"] for one in plain)
    assert facts(client, page)["layout"]["widgets"][0]["id"] == plain[0]["id"]
    assert "content-encoding" not in client.get(data, headers={"Accept-Encoding": "br"}).headers


def test_a_page_needs_nothing_from_elsewhere_and_runs_no_script_of_its_own(client: httpx.Client) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*(src=\"/|type=\"application/json\"))|style=|\son[a-z]+=|url\(|javascript:", answer.text)
    links = set(re.findall(r'(?:href|src)="([^"]+)"', answer.text)) - {f"/api/v1/layouts/{'home'}/show?lines=true"}
    assert len(links) > 5
    for link in links:
        found = client.get(link, headers={"Accept-Encoding": "gzip"})
        assert (found.status_code, link.startswith("/assets/")) == (200, True)
        assert "immutable" in found.headers["cache-control"]
    script = next(link for link in links if link.endswith(".js"))
    assert client.get(script, headers={"Accept-Encoding": "br, gzip"}).headers["content-encoding"] == "br"
    assert "content-encoding" not in client.get(script, headers={"Accept-Encoding": "identity"}).headers
    for nothing in ("/assets/nothing.js", "/assets/..%2Findex.html", "/assets/manifest.json"):
        assert client.get(nothing).status_code == 404


def test_an_app_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make ui"):
        web.page({}, built=tmp_path)
    assert web.asset("index.js", "", built=tmp_path) is None


def test_facts_in_a_page_cannot_end_their_script(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script id="facts" type="application/json"></script>')
    (tmp_path / "manifest.json").write_text(json.dumps({"index.html": {"isEntry": True}}))
    text = web.page({"x": "</script><script>alert(1)</script>"}, built=tmp_path)
    assert text.count("<script") == 1
    assert json.loads(text[text.index("{") : text.rindex("}") + 1]) == {"x": "</script><script>alert(1)</script>"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_the_workspace_closed(tmp_path: Path, number: signal.Signals) -> None:
    with opened(tmp_path / "home"):
        pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", RUN, str(tmp_path / "home"), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                assert httpx.get(f"{url}/healthz").status_code == 200
                break
            except httpx.TransportError:
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
        process.send_signal(number)
        out, errors = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert (process.returncode, out, errors) == (0, "closed\n", "")
