"""Messages on the command line, over HTTP, by the schedule and through a plugin; and who may see and steer them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.kinds.role import Role
from finopsmetrics.plugins import Health, IntegrationPlugin, Message, plugin
from finopsmetrics.plugins.registry import isolated
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.built_in_steps import SweepInputs, notify_deliver, sweep
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.runtime.steps import Inputs
from finopsmetrics.store.audit import lines
from finopsmetrics.store.doctor import examine
from finopsmetrics.store.specs import SpecBook
from tests.cli.console import inside
from tests.collecting.fake_api import FakeApi, Reply
from tests.notifications.channels.conftest import NOTICE, Room


def test_the_command_line(room: Room, hook: FakeApi) -> None:
    home = room.workspace.home
    said = inside("notify", "test", "hook", home=home)
    assert (said.code, "hook: sent: reference m-test-" in said.text) == (0, True)
    assert "Nothing is to be done" in hook.asked[-1].json()["data"]["sentences"][0]
    assert inside("notify", "test", "webhook", "--to", "ann", "--format", "json", home=home).json[0]["proof"]["status"] == 204
    hook.faults = [Reply({}, 401)]
    said = inside("notify", "test", "hook", home=home)
    assert (said.code, "NOT SENT: 127.0.0.1 answered 401. Check its secret." in said.text) == (1, True)
    said = inside("notify", "test", "slack", home=home)
    assert (said.code, "Declare a connection" in said.err) == (1, True)
    assert "No message" in inside("notify", "outbox", home=home).err
    one = room.put("k", "hook")
    hook.faults = [Reply({}, 400)]
    assert inside("notify", "deliver", "--format", "json", home=home).json == {"sent": 0, "waiting": 0, "dead": 1}
    [listed] = inside("notify", "outbox", "--state", "dead", "--format", "json", home=home).json
    assert (listed["id"], listed["state"]) == (one, "dead")
    assert one in inside("notify", "outbox", home=home).text
    shown = inside("notify", "show", one, home=home).json
    assert [(tried["number"], tried["outcome"]) for tried in shown["tried"]] == [(1, "refused")]
    assert "goes out again" in inside("notify", "retry", one, home=home).text
    assert "1 sent" in inside("notify", "deliver", home=home).err
    assert inside("notify", "show", one, home=home).json["proof"] == {"reference": one, "status": 204}
    two = room.put("k2", "hook")
    assert "is dropped" in inside("notify", "drop", two, home=home).text
    for words, code in (
        (("notify", "drop", one), 1),
        (("notify", "retry", one), 1),
        (("notify", "show", "m-00"), 1),
        (("notify", "outbox", "--state", "lost"), 2),
    ):
        assert inside(*words, home=home).code == code
    with room.workspace.opened.database.read() as connection:
        actions = [line["action"] for line in lines(connection, 10)]
    assert (actions.count("message.retried"), actions.count("message.dropped")) == (1, 1)


@pytest.fixture
def client(room: Room) -> Iterator[Callable[..., httpx.Client]]:
    """Make a client whose token holds certain permissions."""
    made: list[httpx.Client] = []
    opened = room.workspace.opened
    with BackgroundServer(room.workspace) as server:

        def holding(*permissions: str) -> httpx.Client:
            name = f"r{len(made)}"
            body = {"name": name, "permissions": ["costs:read", *permissions], "sees": "everything"}
            SpecBook(opened.database, opened.now).put("role", name, Role.model_validate(body).model_dump(mode="json"), actor="t")
            token = IAMManager(opened).tokens.create(name, roles=[name], by=OWNER)[1]
            made.append(httpx.Client(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {token}"}))
            return made[-1]

        yield holding
        for one in made:
            one.close()


def test_over_http(room: Room, hook: FakeApi, client: Callable[..., httpx.Client]) -> None:
    reader, writer = client("notifications:read"), client("notifications:write")
    one = room.put("k", "hook")
    [listed] = reader.get("/outbox", params={"state": "waiting", "channel": "hook"}).json()["messages"]
    assert (listed["id"], listed["notice"]["title"]) == (one, NOTICE.title)
    assert reader.get("/outbox", params={"state": "dead"}).json() == {"messages": [], "next": None}
    assert reader.post(f"/outbox/{one}/drop").status_code == 403
    assert writer.get("/outbox").status_code == 403
    assert writer.post(f"/outbox/{one}/drop").json()["state"] == "dropped"
    assert writer.post(f"/outbox/{one}/retry").json()["state"] == "waiting"
    Delivering(room.acting).deliver()
    assert reader.get(f"/outbox/{one}").json()["tried"][0]["outcome"] == "sent"
    assert writer.post(f"/outbox/{one}/retry").status_code == 409
    assert reader.get("/outbox/m-00").status_code == 404
    assert reader.post("/connections/hook/test-message", json={}).status_code == 403
    sent = writer.post("/connections/hook/test-message", json={"recipient": "ann"}).json()
    assert (sent["ok"], sent["proof"]["status"], sent["error"]) == (True, 204, None)
    hook.faults = [Reply({}, 404)]
    sent = writer.post("/connections/hook/test-message", json={}).json()
    assert (sent["ok"], sent["proof"], sent["cure"]) == (False, None, "Check its address.")
    assert writer.post("/connections/nowhere/test-message", json={}).status_code == 404
    assert writer.post("/connections/webhook/test-message", json={}).status_code == 404  # a name, not a word for all of them


def test_who_sees_only_some_charges_sees_no_messages(room: Room, hook: FakeApi) -> None:
    scoped = Acting(
        room.workspace, Principal("ann", "person", frozenset({"*:*"}), scope=Condition.parse('ServiceName == "Compute"'))
    )
    outbox = Outbox(scoped)
    for act in (outbox.all, lambda: outbox.one("m-1"), lambda: outbox.retry("m-1"), lambda: outbox.drop("m-1")):
        with pytest.raises(ForbiddenError, match="only some charges"):
            act()
    with pytest.raises(ForbiddenError, match="only some charges"):
        Delivering(scoped)
    with pytest.raises(ForbiddenError, match="notifications:write"):
        Delivering(Acting(room.workspace, Principal("bob", "person", frozenset({"notifications:read"}))))


def test_the_step_delivers_and_sweeps(room: Room, hook: FakeApi) -> None:
    room.put("k", "hook")
    beats: list[int] = []
    acting = Acting(room.workspace, Principal("scheduler", "service", frozenset({"notifications:write"})))
    assert notify_deliver(acting, Inputs(), lambda: beats.append(1)) == {"sent": 1, "waiting": 0, "dead": 0}
    assert beats
    room.pass_(days=91)
    assert sweep(room.acting, SweepInputs(), lambda: None)["messages"] == 1


def test_a_step_that_is_told_to_stop_ends_after_the_message_at_hand(room: Room, hook: FakeApi) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    for number in range(60):
        room.put(f"k{number}", "hook")
    hook.answer = lambda _: (time.sleep(0.03), Reply(b"", 204))[1]
    with pytest.raises(StopError):
        Delivering(room.acting).deliver(beat=stop)
    assert len(hook.asked) < 60
    before = len(hook.asked)
    assert Delivering(room.acting).deliver().sent == 60 - before  # the message at hand was settled


def test_doctor_tells_of_what_did_not_go_out(room: Room, hook: FakeApi) -> None:
    def check() -> tuple[str, str]:
        found = next(one for one in examine(room.workspace.opened) if one["check"] == "outbox")
        return found["status"], found["detail"]

    assert check() == ("ok", "No message was put yet.")
    room.put("k", "hook")
    assert check()[0] == "ok"
    room.pass_(hours=1)
    assert check() == ("warn", "1 messages should have gone out before now.")
    hook.faults = [Reply({}, 400)]
    Delivering(room.acting).deliver()
    assert check() == ("warn", "1 messages are dead: they could not be delivered.")


def test_a_plugin_is_a_channel_too(room: Room) -> None:
    got: list[Message] = []

    with isolated():

        @plugin()
        class Pigeon(IntegrationPlugin):
            """Carries messages."""

            name = "pigeon"
            version = "1.0"
            capabilities = frozenset({"send"})

            def test_connection(self) -> Health:
                return Health(True)

            def send(self, message: Message) -> None:
                if not got:
                    got.append(message)
                    raise RuntimeError("rain")
                got.append(message)

        room.declare("loft", "pigeon")
        one = room.put("k", "loft")
        named = room.put("k2", "loft", recipient="ann")
        done = Delivering(room.acting).deliver()
        assert (done.sent, done.waiting, done.dead) == (0, 1, 1)
        assert "rain" in (room.message(one).error or "")
        assert "one place only" in (room.message(named).error or "")
        room.pass_(minutes=1)
        assert Delivering(room.acting).deliver().sent == 1
        assert room.message(one).proof == {"reference": one, "plugin": "pigeon"}
        assert (got[-1].title, got[-1].facts["Spent"]) == (NOTICE.title, "120.00 USD")
        assert timedelta(0) < room.at - room.message(one).created_at
