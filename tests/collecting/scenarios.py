"""What every source of an API must stand: each vendor's test hands in a `Bench`, its API on loopback with two months of bills.

`EARLIER` is closed for good, `OPEN` is the running month. Both come in two parts (pages, or requests), so that a fault can fall
between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.batches import Synced
from finopsmetrics.runtime.syncing import Syncing
from tests.collecting.conftest import Hand
from tests.collecting.contract import Contract
from tests.collecting.fake_api import HTML, Asked, FakeApi, Reply

EARLIER, OPEN = "2026-08", "2026-10"
NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
REFUSED = Reply({"message": "Bad credentials"}, 401)
FAULTS = {
    "throttled": Reply({"message": "slow down"}, 429),
    "failing": Reply({"message": "backend error"}, 500),
    "html": HTML,
}


@dataclass
class Bench:
    """A vendor's API on loopback, a connection to it, and what its bills come to."""

    vendor: str
    api: FakeApi
    contract: Contract
    acting: Acting
    syncing: Syncing
    settings: dict[str, Any]
    secrets: dict[str, str]
    add: Callable[[str, str], None]
    """Adds a charge of an amount to a month; further ones of `EARLIER` come in its second part."""
    second: Callable[[Asked], bool]
    """Whether a request asks for the second part of `EARLIER`."""
    refusal: Reply = field(default_factory=lambda: REFUSED)

    def connect(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        """Declare the connection `bill`, its secrets in variables."""
        for name, value in self.secrets.items():
            monkeypatch.setenv(f"THE_{name.upper()}", value)
        references = {name: f"env:THE_{name.upper()}" for name in self.secrets}
        body = {"integration": self.vendor, "settings": {**self.settings, **settings}, "secrets": references}
        self.acting.specs.put("connection", "bill", body)

    def statuses(self) -> dict[str, str]:
        """Sync, and say what became of each delivery that was not known."""
        return told(self.syncing.sync("bill"))

    def billed(self) -> Decimal:
        rows = self.acting.workspace.costs.get_costs(time_range="all").rows
        return sum((Decimal(row["cost"]) for row in rows), Decimal())

    def shows_no_secret(self, *texts: str) -> None:
        """No secret stands in these texts, in a state, or in any file of the home."""
        files = [path.read_bytes() for path in Path(self.acting.workspace.home).rglob("*") if path.is_file()]
        seen = [text.encode() for text in (*texts, repr(self.syncing.states()))] + files
        for secret in self.secrets.values():
            assert not [text[:80] for text in seen if secret.encode() in text]


def told(synced: Synced) -> dict[str, str]:
    return {one.key: one.status for one in synced.batches if one.status not in {"known", "empty"}}


class Scenarios:
    """Inherited by each vendor's test, which makes the fixture `bench`; its bills are 1.25 + 2.5 earlier, and 4 in `OPEN`."""

    @pytest.fixture
    def hand(self) -> Hand:
        made = Hand()
        made.at = NOW
        return made

    def test_bills_are_fetched_in_parts_to_the_cent_and_closed_months_once(
        self, bench: Bench, hand: Hand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        assert bench.statuses() == {EARLIER: "taken", OPEN: "taken"}
        assert bench.billed() == Decimal("7.75")
        asked = len(bench.api.asked)
        bench.add(OPEN, "0.0000000001")
        hand.pass_(days=1)
        assert bench.statuses() == {OPEN: "taken"}
        assert bench.billed() == Decimal("7.7500000001")
        assert 0 < len(bench.api.asked) - asked < asked
        assert bench.statuses().get(OPEN, "same") == "same"
        assert bench.billed() == Decimal("7.7500000001")

    def test_a_month_without_charges_is_empty(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        found = {one.key: one.status for one in bench.syncing.sync("bill").batches}
        assert set(found.values()) <= {"taken", "empty"}
        assert found.get("2026-09", "empty") == "empty"

    @pytest.mark.parametrize("kind", FAULTS)
    def test_what_may_pass_is_tried_again_and_nothing_is_doubled(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, waits: list[float], kind: str
    ) -> None:
        bench.connect(monkeypatch)
        left = [FAULTS[kind]] * 2
        bench.api.fault = lambda asked: left.pop() if left and bench.second(asked) else None
        assert bench.statuses() == {EARLIER: "taken", OPEN: "taken"}
        assert not left
        assert len([wait for wait in waits if wait > 0]) >= 2
        assert bench.billed() == Decimal("7.75")

    def test_a_month_that_is_cut_is_not_taken_and_the_next_sync_takes_it_whole(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.connect(monkeypatch)
        bench.api.fault = lambda asked: FAULTS["failing"] if bench.second(asked) else None
        done = bench.syncing.sync("bill")
        assert told(done) == {EARLIER: "refused", OPEN: "taken"}
        assert "answered 500: backend error" in (done.error or "")
        assert bench.billed() == Decimal(4)
        bench.api.fault = lambda _: None
        assert bench.statuses()[EARLIER] == "taken"
        assert bench.billed() == Decimal("7.75")

    def test_refused_credentials_are_told_and_never_shown(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        assert bench.statuses() == {EARLIER: "taken", OPEN: "taken"}
        shown = " ".join(bench.secrets.values())  # a vendor may repeat what it refuses
        said = Reply({name: f"{text} {shown}" for name, text in bench.refusal.body.items()}, bench.refusal.status)
        bench.api.fault = lambda _: said
        try:
            error = bench.syncing.sync("bill").error or ""
        except Exception as raised:
            error = f"{raised} {raised!r} {getattr(raised, 'cure', '')}"
        assert f"answered {said.status}" in error
        assert bench.billed() == Decimal("7.75")
        bench.shows_no_secret(error)

    def test_check_says_what_is_there_and_what_is_missing(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        bench.connect(monkeypatch)
        spec = bench.syncing.connection("bill")
        assert all(one.ok for one in bench.syncing.check(spec))
        bench.api.fault = lambda _: bench.refusal
        last = bench.syncing.check(spec)[-1]
        assert not last.ok
        assert last.cure
        assert f"answered {bench.refusal.status}" in last.detail
        bench.shows_no_secret(repr(last))
