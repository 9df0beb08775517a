"""Delivery: every message is attempted under a lease, proven or tried again, in order, and dead only with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from finopsmetrics.core.errors import ConflictError, NotFoundError
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.outbox import Outbox
from finopsmetrics.store import outbox, outbox_lease
from tests.collecting.fake_api import FakeApi, Reply
from tests.notifications.channels.conftest import NOTICE, Room


def deliver(room: Room, **asked: Any) -> tuple[int, int, int]:
    done = Delivering(room.acting, **asked).deliver()
    return done.sent, done.waiting, done.dead


def test_a_message_goes_out_once_and_leaves_a_proof(room: Room, hook: FakeApi) -> None:
    first = room.put("finding f-1", "hook")
    assert room.put("finding f-1", "hook") == first
    assert deliver(room) == (1, 0, 0)
    assert deliver(room) == (0, 0, 0)
    one = room.message(first)
    assert (one.state, one.attempts, one.proof) == ("sent", 1, {"reference": first, "status": 204})
    assert [(one.number, one.outcome) for one in room.tried(first)] == [(1, "sent")]
    [asked] = hook.asked
    assert asked.headers["webhook-id"] == first
    assert asked.json()["data"]["title"] == NOTICE.title


def test_what_is_not_due_waits(room: Room, hook: FakeApi) -> None:
    room.put("later", "hook", due=room.at + timedelta(hours=1))
    assert deliver(room) == (0, 0, 0)
    room.pass_(hours=1)
    assert deliver(room) == (1, 0, 0)


def test_a_failure_is_tried_again_later_each_time_later(room: Room, hook: FakeApi) -> None:
    hook.fault = lambda _: Reply({"message": "down"}, 500)
    one = room.put("k", "hook")
    pauses = []
    for number in range(1, 12):
        assert deliver(room) == (0, 1, 0)
        message = room.message(one)
        assert (message.state, message.attempts) == ("waiting", number)
        pauses.append((message.due - room.at).total_seconds())
        assert deliver(room) == (0, 0, 0)  # not due yet
        room.at = message.due
    plain = [min(30 * 2**number, 3600) for number in range(11)]
    assert all(0.75 * wanted <= pause <= 1.25 * wanted for wanted, pause in zip(plain, pauses, strict=True))
    hook.fault = lambda _: None
    assert deliver(room) == (1, 0, 0)
    assert [one.outcome for one in room.tried(one)] == ["failed"] * 11 + ["sent"]


def test_it_is_dead_after_a_day(room: Room, hook: FakeApi) -> None:
    hook.fault = lambda _: Reply({}, 503)
    one, begun = room.put("k", "hook"), room.at
    while room.message(one).state == "waiting":
        deliver(room)
        room.at = max(room.at, room.message(one).due)
    assert timedelta(hours=22) < room.message(one).changed_at - begun <= timedelta(hours=24)
    assert "answered 503" in (room.message(one).error or "")
    hook.fault = lambda _: None
    assert deliver(room) == (0, 0, 0)
    again = Outbox(room.acting).retry(one)
    assert (again.state, again.since) == ("waiting", room.at)
    assert deliver(room) == (1, 0, 0)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply({}, 400), "answered 400"),
        (Reply({}, 401), "Check its secret"),
        (Reply({}, 410), "It is gone"),
        (Reply(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"}), "Redirects are not followed"),
    ],
)
def test_a_refusal_is_dead_at_once_and_holds_up_nothing(room: Room, hook: FakeApi, reply: Reply, told: str) -> None:
    hook.faults = [reply]
    first = room.put("one", "hook")
    room.put("two", "hook", replace(NOTICE, about="f-2"))
    assert deliver(room) == (1, 0, 1)
    dead = room.message(first)
    assert dead.state == "dead"
    assert told in (dead.error or "")
    assert [one.outcome for one in room.tried(first)] == ["refused"]
    assert "hunter2" not in str(dead.error)
    assert "token" not in str(dead.error)


def test_who_asks_to_wait_is_left_alone(room: Room, hook: FakeApi) -> None:
    hook.fault = lambda _: Reply({}, 429, {"Retry-After": "900"})
    ids = [room.put(f"k{number}", "hook", replace(NOTICE, about=f"f-{number}")) for number in range(4)]
    assert deliver(room) == (0, 1, 0)
    assert len(hook.asked) == 1
    assert room.message(ids[0]).due - room.at == timedelta(seconds=900)


def test_a_channel_that_keeps_failing_does_not_hold_up_another(room: Room, hook: FakeApi, serve: Callable[..., FakeApi]) -> None:
    other = serve(lambda _: Reply(b"", 200))
    room.declare("other", "webhook", {"url": other.url}, {"signing_key": "env:SIGNING_KEY"})
    hook.fault = lambda _: Reply({}, 500)
    for number in range(6):
        room.put(f"h{number}", "hook", replace(NOTICE, about=f"f-{number}"))
        room.put(f"o{number}", "other", replace(NOTICE, about=f"f-{number}"))
    assert deliver(room) == (6, 3, 0)
    assert len(hook.asked) == 3


def test_about_one_thing_the_order_is_kept(room: Room, hook: FakeApi) -> None:
    hook.faults = [Reply({}, 500)]
    first = room.put("a trigger", "hook")
    second = room.put("b resolve", "hook", replace(NOTICE, stage="resolve"))
    other = room.put("c trigger", "hook", replace(NOTICE, about="f-2"))
    assert deliver(room) == (1, 1, 0)
    assert [room.message(one).state for one in (first, second, other)] == ["waiting", "waiting", "sent"]
    room.pass_(minutes=1)
    assert deliver(room) == (2, 0, 0)
    assert [asked.headers["webhook-id"] for asked in hook.asked] == [first, other, first, second]


def test_what_is_over_is_not_opened_again(room: Room, hook: FakeApi) -> None:
    hook.faults = [Reply({}, 400)]
    first = room.put("trigger", "hook")
    room.put("resolve", "hook", replace(NOTICE, stage="resolve"))
    assert deliver(room) == (1, 0, 1)
    with pytest.raises(ConflictError, match="open again"):
        Outbox(room.acting).retry(first)
    assert Outbox(room.acting).drop(first).state == "dropped"


def test_a_killed_senders_message_is_taken_over_after_its_lease(room: Room, hook: FakeApi) -> None:
    one = room.put("k", "hook")
    database = room.workspace.opened.database
    with database.change() as connection:
        held = outbox_lease.take(connection, room.at, "killed", room.at + timedelta(seconds=120), "hook")
    assert held is not None
    assert deliver(room) == (0, 0, 0)
    with pytest.raises(ConflictError, match="sending"):
        Outbox(room.acting).drop(one)
    room.pass_(seconds=121)
    assert deliver(room) == (1, 0, 0)
    assert [tried.outcome for tried in room.tried(one)] == ["begun", "sent"]
    with database.change() as connection:  # it was not dead after all, and only slow
        assert outbox_lease.failed(connection, held, room.at, "late", again=True, wait=None) == "waiting"
    assert room.message(one).state == "sent"
    with database.change() as connection:
        outbox_lease.sent(connection, held, room.at, {"reference": "x"})
    assert room.message(one).state == "sent"


def test_a_message_that_kills_its_senders_is_dead_in_the_end(room: Room, hook: FakeApi) -> None:
    one = room.put("k", "hook")
    for _ in range(outbox_lease.MOST_TRIES):
        with room.workspace.opened.database.change() as connection:
            assert outbox_lease.take(connection, room.at, "w", room.at + timedelta(seconds=1), "hook") is not None
        room.pass_(seconds=1)
    assert deliver(room) == (0, 0, 0)
    assert room.message(one).state == "dead"
    assert "lost" in (room.message(one).error or "")
    assert hook.asked == []


def test_what_is_declared_wrong_can_be_mended_within_the_day(room: Room, hook: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNING_KEY")
    ids = [room.put("a", "hook"), room.put("b", "nowhere")]
    assert deliver(room) == (0, 2, 0)
    assert "signing_key" in (room.message(ids[0]).error or "")
    assert "Declare a connection" in (room.message(ids[1]).error or "")
    room.pass_(minutes=1)
    monkeypatch.setenv("SIGNING_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    room.declare("nowhere", "webhook", {"url": hook.url}, {"signing_key": "env:SIGNING_KEY"})
    assert deliver(room) == (2, 0, 0)


def test_several_senders_send_each_message_once(room: Room, hook: FakeApi) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(30):
        room.put(f"k{number}", "hook", replace(NOTICE, about=f"f-{number % 7}"))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: deliver(room)[0], range(4)))
    assert sum(done) == 30
    assert set(Counter(asked.headers["webhook-id"] for asked in hook.asked).values()) == {1}


def test_an_idle_tick_asks_one_question(room: Room, hook: FakeApi) -> None:
    from sqlalchemy import event

    delivering = Delivering(room.acting)
    seen: list[str] = []
    event.listen(room.workspace.opened.database.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    assert delivering.deliver().as_dict() == {"sent": 0, "waiting": 0, "dead": 0}
    assert len([one for one in seen if one.startswith("SELECT")]) == 1


def test_settled_messages_are_swept(room: Room, hook: FakeApi) -> None:
    hook.faults = [Reply({}, 400)]
    dead = room.put("dead", "hook")
    gone = room.put("sent", "hook", replace(NOTICE, about="f-2"))
    deliver(room)
    room.pass_(days=91)
    with room.workspace.opened.database.write() as connection:
        assert outbox.forget(connection, room.at - timedelta(days=90)) == 1
    assert room.tried(gone) == []
    with pytest.raises(NotFoundError):
        room.message(gone)
    assert room.message(dead).state == "dead"
