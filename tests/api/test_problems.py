"""What goes wrong is told as a problem document, and what must be refused is."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from finopsmetrics.api.app import create_app
from finopsmetrics.api.gate import Gate
from finopsmetrics.api.guards import MAX_BODY
from finopsmetrics.api.problems import BusyError
from finopsmetrics.api.server import listening, serve
from finopsmetrics.core.errors import StoreError, UsageError
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.runtime.workspace import Workspace
from tests.api.bill import opened

COSTS = "/api/v1/costs"


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The body of a problem document, after checking that it is one."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "cure", "retryable"} <= set(body)
    assert (body["status"], body["code"], body["instance"]) == (status, code, answer.request.url.path)
    assert body["type"] == f"urn:finopsmetrics:problem:{code.replace('_', '-')}"
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        ({"range": "soon"}, "window", "30d"),
        ({"filter": "ServiceName =="}, "condition", ""),
        ({"filter": "x_nothing == 1"}, "query", "FOCUS"),
        ({"group_by": "Servicename2"}, "query", "ServiceName"),
        ({"group_by": "service", "grain": "day", "compare": "true"}, "query", "one after the other"),
        ({"range": "all", "compare": "true"}, "window", "start"),
        ({"as_of": "yesterday-ish"}, "query", "2026-10-03"),
        ({"as_of": "0001-01-01T00:00:00+14:00"}, "query", "2026-10-03"),
        ({"as_of": "9999-12-31T23:59:59-14:00"}, "query", "2026-10-03"),
        ({"group_by": ",".join(f"tags.k{number}" for number in range(13))}, "query", "12"),
        ({"group_by": "service,service"}, "query", "once"),
    ],
)
def test_a_wrong_question_is_400_with_its_cure(client: httpx.Client, asked: dict[str, str], code: str, told: str) -> None:
    body = problem(client.get(COSTS, params=asked), 400, code)
    assert body["retryable"] is False
    assert told in str(body["cure"])


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"metric": "guessed"}, "/metric"),
        ({"top": "0"}, "/top"),
        ({"top": "many"}, "/top"),
        ({"groupby": "service"}, "/groupby"),
        ({"metric": ["billed", "list"]}, "/metric"),
        ({"group_by": [f"tags.k{number}" for number in range(13)]}, "/group_by"),
        ({"group_by": "a" * 301}, "/group_by/0"),
        ({"group_by": "tags.a\0b"}, "/group_by/0"),
        ({"filter": "a" * 10_001}, "/filter"),
        ({"format": "xml"}, "/format"),
    ],
)
def test_what_breaks_the_schema_is_422_with_its_place(client: httpx.Client, asked: dict[str, str], pointer: str) -> None:
    body = problem(client.get(COSTS, params=asked), 422, "invalid")
    errors = body["errors"]
    assert isinstance(errors, list)
    assert (errors[0]["where"], errors[0]["pointer"]) == ("query", pointer)
    assert errors[0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "no_route"),
        ("GET", "/api/v1/costs/", 404, "no_route"),
        ("GET", "/docs", 404, "no_route"),
        ("GET", "/api/v1/receipts/r-00", 404, "not_found"),
        ("GET", "/api/v1/receipts/not-an-id", 404, "no_route"),
        ("GET", "/api/v1/deliveries/d-00", 404, "not_found"),
        ("POST", "/api/v1/receipts/r-00/verify", 404, "not_found"),
        ("DELETE", "/api/v1/costs", 405, "method"),
        ("GET", "/api/v1/receipts/verify", 405, "method"),
        ("BREW", "/api/v1/costs", 405, "method"),
    ],
)
def test_no_route_and_no_method(client: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.request(method, path)
    problem(answer, status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("path", ["/api/v1/cost-entries", "/api/v1/receipts/verify"])
def test_bodies_are_json_of_a_bounded_length(client: httpx.Client, path: str) -> None:
    problem(client.post(path, content="[]", headers={"Content-Type": "text/plain"}), 415, "media_type")
    problem(client.post(path, content="[]"), 415, "media_type")
    kind = {"Content-Type": "application/json"}
    problem(client.post(path, content=b"{", headers=kind), 400, "not_json")
    problem(client.post(path, content=b"\xff\xfe", headers=kind), 400, "not_json")
    problem(client.post(path, content=b"[" * 100_000, headers=kind), 400, "not_json")
    problem(client.post(path, content=b"[" + b"9" * 5_000 + b"]", headers=kind), 400, "not_json")
    problem(client.post(path, content=b" " * (MAX_BODY + 1), headers=kind), 413, "too_long")
    problem(client.post(path, content=(b" " * 1000 for _ in range(2000)), headers=kind), 413, "too_long")
    problem(client.post(path, content=b" " * MAX_BODY, headers=kind), 400, "not_json")


def ask_as(client: httpx.Client, host: str, path: str = "/healthz") -> tuple[int, dict[str, object]]:
    """A request with a Host header of our own."""
    plain = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=10)
    plain.putrequest("GET", path, skip_host=True)
    plain.putheader("Host", host)
    plain.endheaders()
    answer = plain.getresponse()
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:99", "[::1]", "[::1]:80"])
def test_this_machine_is_answered(client: httpx.Client, host: str) -> None:
    assert ask_as(client, host)[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
        ("localhost.evil.example", 421),
        ("192.168.0.7:8080", 421),
        ("127.0.0.1@evil.example", 400),
        ("localhost:8080:80", 400),
        ("", 400),
    ],
)
def test_other_names_of_this_machine_are_refused(client: httpx.Client, host: str, status: int) -> None:
    found, body = ask_as(client, host)
    assert (found, body["code"], body["instance"]) == (status, "host", "/healthz")


def test_pages_of_other_sites_cannot_write(client: httpx.Client) -> None:
    own = f"http://{client.base_url.host}:{client.base_url.port}"
    path = "/api/v1/receipts/r-00/verify"
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        problem(client.post(path, headers=headers), 403, "cross_origin")
    for headers in ({"Origin": own}, {"Sec-Fetch-Site": "same-origin"}, {}):
        problem(client.post(path, headers=headers), 404, "not_found")


def test_no_response_may_be_shared_sniffed_or_kept(client: httpx.Client) -> None:
    for path in (COSTS, "/healthz", "/", "/openapi.json", "/api/v1/nothing"):
        headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not [name for name in headers if name.startswith("access-control")]
        assert "server" not in headers


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_only_this_machine_is_listened_on(host: str, held: Workspace) -> None:
    with pytest.raises(UsageError, match="from other machines"):
        serve(held, host=host, port=0)


def test_a_port_in_use_or_no_address_is_told() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(UsageError, match="Cannot listen"):
        listening("127.0.0.1", taken.getsockname()[1])
    for host, port in (("no such host", 80), ("127.0.0.1", 99_999)):
        with pytest.raises(UsageError):
            listening(host, port)
    with listening("0.0.0.0", 0, allow_remote=True) as wide:
        assert wide.getsockname()[0] == "0.0.0.0"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Workspace]:
    with opened(tmp_path / "home") as workspace:
        yield workspace


async def ask(workspace: Workspace, path: str, **options: object) -> httpx.Response:
    tokens = IAMManager(workspace.opened).tokens
    if not tokens.all():
        workspace.token = tokens.create("test", roles=["admin"], by=OWNER)[1]  # type: ignore[attr-defined]
    proof = {"Authorization": f"Bearer {workspace.token}"}  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(create_app(workspace, **options))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://some.example", headers=proof) as made:
        return await made.get(path)


def test_remote_names_are_answered_when_that_was_allowed(bare: Workspace) -> None:
    import anyio

    assert anyio.run(lambda: ask(bare, "/healthz")).status_code == 421
    assert anyio.run(lambda: ask(bare, "/healthz", allow_remote=True)).status_code == 200


def test_the_unforeseen_is_a_500_that_tells_nothing(
    bare: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import anyio

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(CostObservatory, "ask", broken)
    answer = anyio.run(lambda: ask(bare, COSTS, allow_remote=True))
    problem(answer, 500, "unforeseen")
    assert "secret" not in answer.text
    assert "secret of the inside" in caplog.text


@pytest.mark.parametrize(("retryable", "status"), [(True, 503), (False, 500)])
def test_a_store_that_fails_says_whether_to_try_again(
    bare: Workspace, monkeypatch: pytest.MonkeyPatch, retryable: bool, status: int
) -> None:
    import anyio

    def broken(*_: object, **__: object) -> None:
        raise StoreError("The lake is away.", cure="Bring it back.", retryable=retryable)

    monkeypatch.setattr(CostObservatory, "ask", broken)
    answer = anyio.run(lambda: ask(bare, COSTS, allow_remote=True))
    body = problem(answer, status, "store")
    assert body["retryable"] is retryable
    assert ("retry-after" in answer.headers) is retryable


def test_one_question_too_many_is_told_to_come_back(bare: Workspace) -> None:
    import anyio

    gate = Gate(running=1, waiting=0)
    with gate.turn():
        answer = anyio.run(lambda: ask(bare, COSTS, allow_remote=True, gate=gate))
    problem(answer, 503, "busy")
    assert answer.headers["retry-after"]
    assert anyio.run(lambda: ask(bare, COSTS, allow_remote=True, gate=gate)).status_code == 200


def test_the_gate_lets_so_many_through_and_keeps_the_rest_waiting() -> None:
    gate, most, seen = Gate(running=2, waiting=8, patience=10), 0, threading.Lock()
    inside = threading.Barrier(2, timeout=10)

    def work() -> None:
        nonlocal most
        with gate.turn():
            with seen:
                most = max(most, gate.running)
            inside.wait()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (most, gate.running, gate.waiting) == (2, 0, 0)


def test_patience_ends() -> None:
    gate = Gate(running=1, waiting=1, patience=0.05)
    with gate.turn(), pytest.raises(BusyError, match="took more than"), gate.turn():
        pass
    assert (gate.running, gate.waiting) == (0, 0)
