"""Whatever senders do, a message has one life: nothing is lost, lanes keep their order, every attempt is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.store import outbox, outbox_lease
from finopsmetrics.store.database import Database
from finopsmetrics.store.outbox import SETTLED, Outgoing
from finopsmetrics.store.outbox_lease import Held
from tests.notifications.channels.conftest import NOON, NOTICE

LEASE = timedelta(minutes=2)


class Lives(RuleBasedStateMachine):
    """Two lanes of one channel, and senders that succeed, fail, refuse, are slow, or are never heard of again."""

    @initialize()
    def made(self) -> None:
        self.room = TemporaryDirectory()
        self.database = Database(f"sqlite:///{self.room.name}/state.db")
        self.database.upgrade()
        self.now = NOON
        self.put: list[Outgoing] = []
        self.held: list[Held] = []

    @rule(lane=st.sampled_from("ab"), later=st.integers(0, 2))
    def put_one(self, lane: str, later: int) -> None:
        one = Outgoing(f"k{len(self.put)}", "c", "", replace(NOTICE, about=lane), self.now + timedelta(minutes=later))
        with self.database.write() as connection:
            assert outbox.put(connection, [one, one], self.now) == [one.id]
            assert outbox.put(connection, [one], self.now) == []
        self.put.append(one)

    @rule()
    def take(self) -> None:
        with self.database.change() as connection:
            held = outbox_lease.take(connection, self.now, f"w{len(self.held)}", self.now + LEASE, "c")
        if held is None:
            return
        states = self.states()
        earlier = [one.id for one in self.put if one.notice.about == held.notice.about]
        assert all(states[one] in SETTLED for one in earlier[: earlier.index(held.id)])
        self.held.append(held)

    @precondition(lambda self: getattr(self, "held", None))
    @rule(how=st.sampled_from(["sent", "failed", "refused", "lost"]), which=st.integers(0, 9))
    def settle(self, how: str, which: int) -> None:
        held = self.held.pop(which % len(self.held))
        before = self.states()[held.id]
        with self.database.change() as connection:
            own = outbox.get(connection, held.id).attempts == held.number and before == "sending"
            if how == "sent":
                outbox_lease.sent(connection, held, self.now, {"reference": "x"})
            elif how != "lost":
                outbox_lease.failed(connection, held, self.now, "no", again=how == "failed", wait=None)
        after = self.states()[held.id]
        if how == "sent":
            assert after == ("dropped" if before == "dropped" else "sent")
        elif not own or how == "lost":
            assert after == before
        else:
            assert after in ({"waiting", "dead"} if how == "failed" else {"dead"})

    @rule(minutes=st.sampled_from([1, 3, 70, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: getattr(self, "put", None))
    @rule(which=st.integers(0, 9), how=st.sampled_from(["retry", "drop"]))
    def steer(self, which: int, how: str) -> None:
        one = self.put[which % len(self.put)].id
        before = self.states()[one]
        try:
            with self.database.write() as connection:
                (outbox.retry if how == "retry" else outbox.drop)(connection, one, self.now)
        except ConflictError:
            assert before in {"sent", "sending"}
        else:
            assert self.states()[one] == ("waiting" if how == "retry" else "dropped")

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "put"):
            return
        with self.database.read() as connection:
            kept = {one.id: one for one in outbox.page(connection, limit=1_000)}
            assert set(kept) == {one.id for one in self.put}
            for one in kept.values():
                tried = outbox.attempts(connection, one.id)
                assert [attempt.number for attempt in tried] == list(range(1, one.attempts + 1))
                assert (one.state != "sent") or (one.proof is not None and "sent" in {attempt.outcome for attempt in tried})
                assert (one.state != "dead") or one.error

    def states(self) -> dict[str, str]:
        with self.database.read() as connection:
            return {one.id: one.state for one in outbox.page(connection, limit=1_000)}

    def teardown(self) -> None:
        if hasattr(self, "room"):
            self.database.close()
            self.room.cleanup()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=12, stateful_step_count=30)
