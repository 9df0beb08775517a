"""The outbox on PostgreSQL: many senders take each message once, each lane in its order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Lock

import pytest

from finopsmetrics.store import outbox, outbox_lease
from finopsmetrics.store.database import Database
from finopsmetrics.store.outbox import Outgoing
from tests.notifications.channels.conftest import NOON, NOTICE


@pytest.fixture
def shared(postgres_database: str) -> Iterator[Database]:
    made = Database(postgres_database)
    made.upgrade()
    yield made
    made.close()


def test_many_senders_take_each_message_once_and_in_order(shared: Database) -> None:
    messages = [Outgoing(f"k{number}", "c", "", replace(NOTICE, about=f"f-{number % 6}"), NOON) for number in range(60)]
    with shared.write() as connection:
        assert len(outbox.put(connection, messages, NOON)) == 60
        assert outbox.put(connection, messages, NOON) == []
    order: dict[str, list[str]] = defaultdict(list)
    lock = Lock()

    def work(name: str) -> int:
        sent = 0
        while True:
            with shared.read() as connection:
                if not outbox_lease.ready(connection, NOON) and outbox.counts(connection).get("sent") == 60:
                    return sent
            with shared.change() as connection:
                held = outbox_lease.take(connection, NOON, name, NOON + timedelta(minutes=1), "c")
            if held is None:
                continue
            with lock:
                order[held.notice.about].append(held.id)
            with shared.change() as connection:
                outbox_lease.sent(connection, held, NOON, {"reference": name})
            sent += 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, [f"w{number}" for number in range(6)])) == 60
    assert dict(order) == {f"f-{lane}": [one.id for one in messages if one.notice.about == f"f-{lane}"] for lane in range(6)}
