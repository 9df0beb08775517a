"""The laws of syncing, whatever the vendor: the lake is what the source offers last, however often it was cut on the way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import ConflictError, FinOpsError, StoreError
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.integrations.collecting import Batch, Piece, SourceError
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.maintain import maintain
from tests.collecting.conftest import Hand
from tests.collecting.scripted import CUT, Scripted, batch, piece, synced
from tests.store.bills import charge

BEGIN = datetime(2026, 7, 1)
AMOUNTS = st.decimals(min_value=-50, max_value=50, places=4)
VERSIONS = st.lists(
    st.tuples(st.lists(st.lists(AMOUNTS, min_size=1, max_size=3), min_size=1, max_size=3), st.integers(0, 3)),
    min_size=1,
    max_size=4,
)


def bill(*amounts: Any, period: str = "2026-05") -> bytes:
    rows = [charge(f"{amount:f}" if isinstance(amount, Decimal) else str(amount), period=period) for amount in amounts]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def billed(acting: Acting) -> Decimal:
    return Decimal(sum(row["cost"] for row in acting.workspace.costs.get_costs(time_range="all").rows))


@contextmanager
def home() -> Iterator[Acting]:
    with TemporaryDirectory() as folder, Workspace(Path(folder) / "home") as workspace:
        yield Acting(workspace, OWNER)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(versions=VERSIONS, mode=st.sampled_from(["replace", "append"]))
def test_whatever_is_cut_the_lake_is_the_newest_version(versions: list[tuple[list[list[Decimal]], int]], mode: Any) -> None:
    """Each version of a batch is cut some times on its way; what stands in the end is its last one, once."""
    with home() as acting:
        for number, (files, cuts) in enumerate(versions):
            pieces = [piece(f"part-{place}.csv", bill(*amounts)) for place, amounts in enumerate(files)]
            source = Scripted([batch("2026-05", *pieces, at=BEGIN + timedelta(days=number), mode=mode)])
            source.faults = [CUT] * cuts
            for _ in range(cuts):
                assert synced(acting, source).error
            assert synced(acting, source).error is None
            assert billed(acting) == sum((amount for amounts in files for amount in amounts), Decimal(0))
            assert {one.status for one in synced(acting, source).batches} == {"known"}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=st.permutations([0, 1, 2]))
def test_versions_out_of_order_end_with_the_latest(order: list[int]) -> None:
    with home() as acting:
        for number in order:
            made = piece("part.csv", bill(10 + number))
            took = synced(acting, Scripted([batch("2026-05", made, at=BEGIN + timedelta(days=number))])).batches[0]
            assert took.status in {"taken", "history"}
        assert billed(acting) == 12


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days=st.lists(st.lists(AMOUNTS, min_size=1, max_size=3), min_size=1, max_size=4), changed=st.data())
def test_appended_batches_sum_and_one_that_changed_counts_once(days: list[list[Decimal]], changed: st.DataObject) -> None:
    with home() as acting:
        source = Scripted()
        source.batches = [appended(number, amounts) for number, amounts in enumerate(days)]
        synced(acting, source)
        assert billed(acting) == total(days)
        place = changed.draw(st.integers(0, len(days) - 1))
        days[place] = changed.draw(st.lists(AMOUNTS, min_size=1, max_size=3))
        source.batches[place] = appended(place, days[place], later=True)
        synced(acting, source)
        assert billed(acting) == total(days)


def appended(number: int, amounts: list[Decimal], later: bool = False) -> Batch:
    at = BEGIN + timedelta(days=number, hours=1 if later else 0)
    return batch(f"day-{number}", piece(f"{number}.csv", bill(*amounts)), at=at, mode="append")


def total(days: list[list[Decimal]]) -> Decimal:
    return sum((amount for amounts in days for amount in amounts), Decimal(0))


def test_a_piece_that_is_not_what_was_offered_is_not_taken(acting: Acting) -> None:
    good = bill(1)
    for wrong in ({"size": len(good) + 1}, {"size": len(good) - 1}, {"md5": "0" * 32}):
        done = synced(acting, Scripted([batch("2026-05", piece("part.csv", good, **wrong), at=BEGIN)]))
        assert "cut short" in str(done.error) or "is not what was offered" in str(done.error)
    assert acting.workspace.deliveries() == []


def test_what_is_refused_holds_up_nothing_else_and_is_tried_again(acting: Acting) -> None:
    source = Scripted(
        [batch("2026-04", piece("a.csv", b"x,y\n1,2\n"), at=BEGIN), batch("2026-05", piece("b.csv", bill(3)), at=BEGIN)]
    )
    done = synced(acting, source)
    assert [one.status for one in done.batches] == ["refused", "taken"]
    assert "2026-04: " in str(done.error)
    assert synced(acting, source).batches[0].status == "refused"
    assert source.fetched == ["a.csv", "b.csv"]  # what was fetched is not fetched again
    source.batches[0] = batch("2026-04", piece("a.csv", bill(4, period="2026-04")), at=BEGIN)
    assert [one.status for one in synced(acting, source).batches] == ["taken", "known"]
    assert billed(acting) == 7


def test_a_source_that_is_not_well_is_left_alone(acting: Acting) -> None:
    source = Scripted([batch(f"2026-0{month}", piece("a.csv", bill(1)), at=BEGIN) for month in range(1, 8)])
    source.faults = [CUT] * 7
    with pytest.raises(SourceError, match="3 deliveries in a row could not be taken: the line was cut"):
        synced(acting, source)
    assert len(source.faults) == 4


def test_rows_that_are_gone_are_not_taken_for_none(acting: Acting) -> None:
    synced(acting, Scripted([batch("2026-05", piece("a.csv", bill(3)), at=BEGIN)]))
    header = bill(3).split(b"\n")[0] + b"\n"
    done = synced(acting, Scripted([batch("2026-05", piece("a.csv", header), at=BEGIN + timedelta(days=1))]))
    assert "gives no row for 2026-05 any more; what was delivered before stays" in str(done.error)
    assert billed(acting) == 3


def test_a_month_without_charges_is_known_as_empty(acting: Acting) -> None:
    empty = Batch("2026-05", (Piece("a.jsonl", place={"content": b""}),), settled=BEGIN)
    source = Scripted([empty])
    assert [one.status for one in synced(acting, source).batches] == ["empty"]
    assert [one.status for one in synced(acting, source).batches] == ["known"]


def test_an_open_month_is_fetched_each_time_and_taken_when_it_changed(acting: Acting, hand: Hand) -> None:
    def offer(amount: int) -> Scripted:
        hand.pass_(days=1)
        open_month = Batch("2026-05", (Piece("a.csv", place={"content": bill(amount)}),), settled=datetime(2999, 1, 1))
        return Scripted([open_month])

    assert [one.status for one in synced(acting, offer(1)).batches] == ["taken"]
    assert [one.status for one in synced(acting, offer(1)).batches] == ["same"]
    assert [one.status for one in synced(acting, offer(2)).batches] == ["taken"]
    assert [one.status for one in synced(acting, offer(1)).batches] == ["taken"]  # back to what it was
    assert billed(acting) == 1


def test_what_a_library_raises_is_told_as_ours(acting: Acting) -> None:
    source = Scripted([batch("2026-05", piece("a.csv", bill(1)), at=BEGIN)])
    source.faults = [KeyError("weird")]
    assert "The source failed: KeyError: 'weird'" in str(synced(acting, source).error)


def test_a_kill_between_the_delivery_and_its_note_doubles_nothing(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are one transaction: when the note fails, the delivery is not there."""
    from finopsmetrics.store import collected

    source = Scripted([batch("day-1", piece("a.csv", bill(3)), at=BEGIN, mode="append")])
    with monkeypatch.context() as patch:
        patch.setattr(collected, "put", fail)
        with pytest.raises(StoreError):
            synced(acting, source)
    assert acting.workspace.deliveries() == []
    synced(acting, source)
    assert billed(acting) == 3


def fail(*_: Any) -> None:
    raise StoreError("the disk is full")


def test_two_syncs_of_one_connection_do_not_run_at_once(acting: Acting) -> None:
    errors: list[FinOpsError] = []

    def meanwhile() -> None:
        try:
            synced(acting, Scripted())
        except ConflictError as error:
            errors.append(error)

    source = Scripted([batch("2026-05", piece("a.csv", bill(1)), at=BEGIN)])
    source.after = meanwhile
    synced(acting, source)
    assert [error.retryable for error in errors] == [True]


def test_what_was_fetched_and_never_taken_goes_with_maintain(acting: Acting) -> None:
    import os
    import time

    source = Scripted([batch("2026-05", piece("a.csv", bill(1)), at=BEGIN)])
    source.faults = [CUT]
    synced(acting, source)
    [part] = (acting.workspace.home / "fetched").rglob("*.part")
    maintain(acting.workspace.opened)
    assert part.exists()
    os.utime(part, (time.time() - 8 * 86_400,) * 2)
    maintain(acting.workspace.opened)
    assert not part.exists()
