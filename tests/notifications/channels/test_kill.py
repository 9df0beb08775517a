"""A sender that is killed again and again loses no message; what arrives twice bears the same id."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from standardwebhooks import Webhook

from finopsmetrics.store import outbox
from finopsmetrics.store.outbox import Outgoing
from tests.collecting.fake_api import Asked, FakeApi, Reply
from tests.notifications.channels import sender
from tests.notifications.channels.conftest import KEY, NOTICE, Room

MESSAGES, KILLS = 200, 50


def test_a_sender_that_is_killed_fifty_times_loses_nothing(room: Room, serve: Callable[..., FakeApi]) -> None:
    drawn = random.Random(7)

    def answer(asked: Asked) -> Reply:
        Webhook(KEY).verify(asked.body, dict(asked.headers))
        time.sleep(drawn.uniform(0, 0.03))
        return Reply(b"", 204)

    server = serve(answer)
    for name in ("one", "two"):
        room.declare(name, "webhook", {"url": server.url}, {"signing_key": "env:SIGNING_KEY"})
    messages = [
        Outgoing(f"k{number}", ("one", "two")[number % 2], "", replace(NOTICE, about=f"f-{number % 20}"), room.at)
        for number in range(MESSAGES)
    ]
    with room.workspace.opened.database.write() as connection:
        outbox.put(connection, messages, room.at)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.notifications.channels.sender"])

    def begun() -> multiprocessing.process.BaseProcess:
        mine, theirs = context.Pipe(duplex=False)
        child = context.Process(target=sender.main, args=(room.workspace.home, theirs))
        child.start()
        theirs.close()
        assert mine.recv() == "ready"
        return child

    kills = 0
    while kills < KILLS:
        child = begun()
        child.join(drawn.uniform(0.0, 0.25))
        if child.exitcode is not None:
            break
        child.kill()
        child.join()
        kills += 1
    child = begun()
    child.join(60)
    assert child.exitcode == 0
    arrived = Counter(asked.headers["webhook-id"] for asked in server.asked)
    assert set(arrived) == {one.id for one in messages}
    with room.workspace.opened.database.read() as connection:
        kept = outbox.page(connection, limit=MESSAGES + 1)
        tried = {one.id: outbox.attempts(connection, one.id) for one in kept}
    assert {one.state for one in kept} == {"sent"}
    for message, times in arrived.items():
        assert times <= len(tried[message])
        assert tried[message][-1].outcome == "sent"
    broken = sum(attempt.outcome == "begun" for attempts in tried.values() for attempt in attempts)
    assert broken > 10
    once_more = arrived.total() - MESSAGES
    print(f"{kills} kills, {broken} attempts broken off, {MESSAGES} messages, {once_more} of them arrived once more")
