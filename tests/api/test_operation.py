"""The server as something to run: health, metrics, the first page, deliveries, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from finopsmetrics.api.server import BackgroundServer
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
    assert body == reconcile(held.opened).as_dict()
    assert {line["currency"] for line in body["invoices"]} == {"USD", "EUR"}


def test_the_page_shows_costs_freshness_and_whether_it_ties(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    text = answer.text
    for shown in ("Compute", "7.10", "EUR", "aws", "2026-05-31 00:00 UTC", "Reconciliation", "/api/v1/costs", "Total"):
        assert shown in text
    assert MARKUP not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    receipt = re.search(r"/api/v1/receipts/(r-[0-9a-f]+)", text)
    assert receipt is not None
    assert client.post(f"/api/v1/receipts/{receipt[1]}/verify").json()["reproduced"] is True


def test_the_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    import base64
    import hashlib

    answer = client.get("/")
    assert not re.search(r"<script|<link|<img|<iframe|src=|href=.http|url\(|javascript:|\son[a-z]+=", answer.text)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    allowed = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in answer.headers["content-security-policy"]
    assert "style=" not in answer.text
    assert "prefers-color-scheme: dark" in answer.text
    for link in set(re.findall(r'href="([^"]+)"', answer.text)):
        assert client.get(link.replace("&amp;", "&")).status_code == 200


def test_the_page_of_an_empty_home_says_what_to_do(fresh: httpx.Client) -> None:
    answer = fresh.get("/")
    assert answer.status_code == 200
    assert "finopsmetrics ingest" in answer.text
    assert fresh.get("/readyz").status_code == 200
    assert fresh.get("/api/v1/costs").json()["rows"] == []


def test_a_synthetic_estate_says_so_and_a_real_one_does_not(client: httpx.Client, fresh: httpx.Client) -> None:
    assert "Synthetic data." in client.get("/").text
    entry = {"id": "e", "timestamp": "2026-05-17T10:00:00Z", "cost": "1", "service": "Real", "focus": {"x_Synthetic": "false"}}
    assert fresh.post("/api/v1/cost-entries", json=[entry]).status_code == 201
    assert "Real" in fresh.get("/").text
    assert "Synthetic" not in fresh.get("/").text


def test_where_the_last_days_are_empty_the_latest_month_shows(copied: Path) -> None:
    late = Workspace(copied, now=lambda: NOW.replace(year=2027))
    with late, BackgroundServer(late) as server, httpx.Client(base_url=server.url) as client:
        text = client.get("/").text
        assert "2026-05-01 … 2026-05-31" in text
        assert "7.10" in text
        assert client.get("/").text == text


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
