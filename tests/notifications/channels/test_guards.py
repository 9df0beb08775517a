"""Where messages do not go: private addresses, names that change their mind, answers without an end; and what leaks nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from finopsmetrics.integrations.posting import send_json
from finopsmetrics.integrations.sending import ChannelError
from finopsmetrics.plugins import http
from finopsmetrics.plugins.errors import PluginError
from finopsmetrics.plugins.http import PRIVATE_HOSTS, AddressError, check_url, post, post_json
from finopsmetrics.runtime.channels import Channels
from finopsmetrics.runtime.delivering import Delivering
from tests.collecting.fake_api import FakeApi, Reply
from tests.notifications.channels.conftest import Room
from tests.notifications.channels.test_vendors import PARCEL

LOOKED_UP = socket.getaddrinfo


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """Names and the addresses that they stand for, one look-up after the other; the last one stays."""
    known: dict[str, list[str]] = {}

    def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in known:
            found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
            return LOOKED_UP(found, port, *rest, **more)
        return LOOKED_UP(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def port_of(server: FakeApi) -> str:
    return server.url.rpartition(":")[2]


def test_a_name_that_changes_its_mind_reaches_nothing_else(
    room: Room, serve: Callable[..., FakeApi], names: dict[str, list[str]]
) -> None:
    server = serve(lambda _: Reply({}, 200))
    names["hooks.example"] = ["127.0.0.1", "169.254.169.254"]
    url = f"http://hooks.example:{port_of(server)}/x"
    assert post(url, b"{}").status == 200  # looked up once: the address that was checked is the one that is asked
    assert server.asked[0].headers["host"] == f"hooks.example:{port_of(server)}"
    with pytest.raises(ChannelError, match=r"169\.254\.169\.254"):
        send_json(url, {})
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("listed", "url", "allowed"),
    [
        ("", "http://127.0.0.1/", False),
        ("10.0.0.0/8", "http://127.0.0.1/", False),
        ("127.0.0.0/8", "http://127.0.0.1/", True),
        ("localhost", "http://localhost/", True),
        ("localhost", "http://127.0.0.1/", False),
        ("relay.example", "https://relay.example/", True),
        ("relay.example", "http://relay.example/", True),
        ("127.0.0.1", "http://93.184.215.14/", False),
        ("127.0.0.1", "https://93.184.215.14/", True),
    ],
)
def test_only_the_keeper_allows_private_hosts(
    listed: str, url: str, allowed: bool, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["relay.example"] = ["10.1.2.3"]
    monkeypatch.setenv(PRIVATE_HOSTS, listed)
    if allowed:
        check_url(url)
    else:
        with pytest.raises(AddressError):
            check_url(url)


def test_a_connection_cannot_allow_itself(room: Room, hook: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PRIVATE_HOSTS)
    one = room.put("k", "hook")
    assert Delivering(room.acting).deliver().dead == 1
    assert PRIVATE_HOSTS in (room.message(one).error or "")
    assert hook.asked == []


def raw(answer: bytes) -> tuple[str, threading.Thread]:
    """A server that reads a request, sends these bytes, and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as peer:
            peer.recv(65_536)
            peer.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/x", thread


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", b"no http at all\r\n\r\n"]
)
def test_an_answer_that_is_cut_is_tried_again(room: Room, answer: bytes) -> None:
    url, thread = raw(answer)
    with pytest.raises(ChannelError, match="did not answer") as refused:
        send_json(url, {})
    assert refused.value.retryable
    thread.join()


def test_nobody_there_and_no_such_name(room: Room, names: dict[str, list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "https://no-such-name.invalid/"):
        with pytest.raises(ChannelError) as refused:
            send_json(url, {})
        assert refused.value.retryable


def test_who_never_answers_is_left_after_the_time(room: Room, hook: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()
    hook.fault = lambda _: (waiting.wait(20), Reply({}, 200))[1]
    one = room.put("k", "hook")
    assert Delivering(room.acting, limit=0.3).deliver().waiting == 1
    waiting.set()
    assert "may have arrived" in (room.message(one).error or "")
    monkeypatch.setattr(http, "MOST_BYTES", 10)
    hook.fault = lambda _: Reply(b"x" * 5_000, 200)
    assert post(hook.url, b"").body == b"x" * 10


def test_an_answer_that_drips_is_left(room: Room) -> None:
    listening, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        with listening, listening.accept()[0] as peer:
            peer.recv(65_536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
            while not stop.wait(0.02):
                peer.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        with pytest.raises(PluginError, match="in full"):
            post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"", timeout=0.1)
    finally:
        stop.set()
        thread.join()


def test_post_json_gives_the_answer(room: Room, hook: FakeApi) -> None:
    hook.answer = lambda _: Reply({"a": 1}, 201, {"Retry-After": "5"})
    answer = post_json(hook.url, {"x": 1})
    assert (answer.status, answer.json(), answer.wait) == (201, {"a": 1}, 5.0)
    assert hook.asked[0].headers["content-type"] == "application/json"


def test_what_nobody_foresaw_leaves_without_the_secret(room: Room, hook: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    from finopsmetrics.integrations.webhook import channel

    def burst(*_: object) -> bytes:
        raise RuntimeError(f"the key is {'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'}")

    monkeypatch.setattr(channel, "rendered", burst)
    with pytest.raises(ChannelError, match=r"RuntimeError: the key is \*\*\*") as told:
        Channels(room.workspace.opened).send("hook", PARCEL)
    assert told.value.__cause__ is None


def test_what_a_vendor_repeats_of_a_secret_is_hidden(
    room: Room, serve: Callable[..., FakeApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(
        lambda _: Reply(b"no such hook: T1/B1/hunter2hunter2 (sig s3cr%3Dt-value)", 404, {"Content-Type": "text/plain"})
    )
    monkeypatch.setenv("FLOW", f"{server.url}/workflows/hunter2hunter2?sig=s3cr%3Dt-value")
    room.declare("flow", "teams", {}, {"url": "env:FLOW"})
    with pytest.raises(ChannelError, match="404") as told:
        Channels(room.workspace.opened).send("flow", PARCEL)
    assert "hunter2" not in str(told.value)
    assert "t-value" not in str(told.value)
