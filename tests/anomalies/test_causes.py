"""Causes: every part of a change sums to it exactly, whatever the charges; what is said of it is in the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.exact import minus, total
from finopsmetrics.ml import Anomaly
from finopsmetrics.observability.anomalies.causes import Explained, Span, explain
from finopsmetrics.observability.anomalies.incidents import Incident, gather, without_doubles
from finopsmetrics.observability.anomalies.quantities import Split, effects
from finopsmetrics.observability.anomalies.watch import Watch, holidays
from finopsmetrics.observability.anomalies.words import cause, title
from finopsmetrics.runtime.workspace import Workspace
from tests.anomalies.estate import END, background, day, deliver, quiet, rows

amounts = st.decimals(-(10**12), 10**12, places=18, allow_nan=False)
quantities = st.one_of(st.none(), st.decimals(0, 10**9, places=9, allow_nan=False))


@given(st.tuples(amounts, amounts), st.tuples(quantities, quantities))
def test_price_and_use_sum_to_the_change(cost: tuple[Decimal, Decimal], quantity: tuple[Decimal | None, Decimal | None]) -> None:
    found = effects(cost, quantity)
    assert found.change == minus(cost[1], cost[0])
    assert sum(bool(one) for one in (found.new, found.gone, found.unmeasured)) <= 1


def test_price_and_use_are_told_apart() -> None:
    assert effects((Decimal(10), Decimal(30)), (Decimal(5), Decimal(15))) == Split(usage=Decimal(20), price=Decimal(0))
    assert effects((Decimal(10), Decimal(12)), (Decimal(5), Decimal(5))) == Split(usage=Decimal(0), price=Decimal(2))
    assert effects((Decimal(0), Decimal(12)), (Decimal(0), Decimal(5))) == Split(new=Decimal(12))
    assert effects((Decimal(9), Decimal(0)), (Decimal(3), Decimal(0))) == Split(gone=Decimal(-9))


@given(st.integers(1, 14), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_the_days_before_are_the_same_weekdays_and_do_not_overlap(days: int, start: date) -> None:
    span = Span(start, days)
    seen: set[date] = set()
    for first in [start, *span.blocks]:
        block = {first + timedelta(days=number) for number in range(days)}
        assert first.weekday() == start.weekday()
        assert not block & seen
        seen |= block
    assert len(span.blocks) == 4
    assert max(span.blocks) + timedelta(days=days) <= start


groups = st.fixed_dictionaries(
    {
        "SubAccountId": st.sampled_from(["a", "b", None]),
        "ServiceName": st.sampled_from(["x", "y", "z", None]),
        "currency": st.sampled_from(["USD", "EUR"]),
    }
)


@st.composite
def anomalies(draw: st.DrawFn) -> Anomaly:
    start = date(2026, 5, 1) + timedelta(days=draw(st.integers(0, 9)))
    actual = Decimal(draw(st.integers(1, 1000)))
    expected = Decimal(draw(st.integers(0, 1000)))
    end = start + timedelta(days=draw(st.integers(1, 8)))
    group = draw(groups)
    return Anomaly(str(group["ServiceName"]), start, end, expected, actual, actual - expected, 2.0, 0.7, None, group)


@given(st.lists(anomalies(), max_size=12), st.randoms())
def test_incidents_part_the_anomalies_whatever_their_order(found: list[Anomaly], shuffled: Any) -> None:
    made = gather(Watch(), found)
    assert sorted((part for one in made for part in one.parts), key=repr) == sorted(found, key=repr)
    for one in made:
        assert len({(part.group["currency"], part.impact < 0) for part in one.parts}) == 1
        assert one.impact == total(part.impact for part in one.parts)
    again = list(found)
    shuffled.shuffle(again)
    assert {frozenset(map(id, one.parts)) for one in gather(Watch(), again)} == {frozenset(map(id, one.parts)) for one in made}
    assert without_doubles(made) == made  # one watch tells nothing twice


def incident(service: str, first: int, last: int = 0, impact: int = 900, watch: Watch | None = None) -> Incident:
    group = {"SubAccountId": "sub-1", "ServiceName": service, "currency": "USD"}
    start, end = day(first).date(), day(last).date() + timedelta(days=1)
    one = Anomaly(service, start, end, Decimal(100), Decimal(100 + impact), Decimal(impact), 9.0, 0.9, None, group)
    return Incident(watch or Watch(), (one,))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home", now=lambda: END + timedelta(hours=5)) as workspace:
        yield workspace


def of_two(height: float) -> list[Any]:
    """One service of two resources, of which the second rises on the last two days."""
    still = rows("compute", quiet, ResourceId="still", SkuId="sku-1")
    rising = rows("compute", lambda back: 40 + (height if back < 2 else 0), ResourceId="rising", SkuId="sku-2")
    return [*still, *rising]


def check(found: Explained) -> None:
    for those in found.drivers.values():
        assert total(one.change for one in those) == found.change or len(those) == 5
        for one in those:
            assert one.change == one.during - one.before
            assert one.new == (one.before == 0 and one.during != 0)
    if found.split:
        assert found.split.change == found.change


def test_the_resource_that_rose_is_named(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *of_two(860)])
    found = explain(home.costs, incident("compute", 1), ["team"])
    check(found)
    first = found.drivers["ResourceId"][0]
    assert (first.value, first.before, first.during, first.change) == ("rising", Decimal(80), Decimal(1800), Decimal(1720))
    assert (
        found.during
        == home.costs.get_costs(filters={"ServiceName": "compute"}, time_range="2026-05-19..2026-05-20").rows[0]["cost"]
    )
    sort, sentence = cause(incident("compute", 1), found)
    assert sort == "usage"
    assert "the resource rising explains all of it; all of it is use, not price." in sentence
    assert "tags.team" not in found.drivers  # one value tells nothing apart


def test_a_price_is_told_from_use(home: Workspace, tmp_path: Path) -> None:
    dear = rows("compute", lambda back: quiet(back) * (3 if back < 3 else 1))
    for row in dear:
        row["PricingQuantity"] = "50"  # type: ignore[index]
    deliver(home, tmp_path / "bills", [*background(), *dear])
    found = explain(home.costs, incident("compute", 2))
    check(found)
    assert found.split is not None
    assert (found.split.usage, found.split.price) == (0, found.change)
    assert cause(incident("compute", 2), found)[0] == "price"


def test_new_resources_of_a_new_sku_are_named(home: Workspace, tmp_path: Path) -> None:
    fresh = [
        row
        for number in range(7)
        for row in rows("compute", lambda back: 90 if back < 2 else 0, ResourceId=f"new-{number}", SkuId="gpu")
    ]
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", quiet), *fresh])
    found = explain(home.costs, incident("compute", 1))
    check(found)
    assert found.more["ResourceId"] == 3  # seven new ones and the old one's small change; five are shown
    assert found.new["ResourceId"] == (7, Decimal(7 * 180))
    sort, sentence = cause(incident("compute", 1), found)
    assert (sort, "7 new resources (new-0, new-1, new-2 and 4 more)" in sentence) == ("new_resource", True)
    assert "the SKU gpu was not used before" in sentence


def test_what_is_left_out_is_not_in_the_cause(home: Workspace, tmp_path: Path) -> None:
    test = rows("compute", lambda back: 5000 if back < 2 else 0, ResourceId="test-box", Tags='{"env":"test"}')
    deliver(home, tmp_path / "bills", [*background(), *of_two(860), *test])
    watch = Watch(excluded='tags.env == "test"')
    found = explain(home.costs, incident("compute", 1, watch=watch))
    check(found)
    assert found.change == explain(home.costs, incident("compute", 1)).change - 10000
    assert {one.value for one in found.drivers["ResourceId"]} == {"rising", "still"}


def test_charges_without_quantities_have_no_split(home: Workspace, tmp_path: Path) -> None:
    bare = [{**row, "PricingQuantity": ""} for row in of_two(860)]
    deliver(home, tmp_path / "bills", [*background(), *bare])
    found = explain(home.costs, incident("compute", 1))
    check(found)
    assert found.split is None


def test_a_return_is_called_one(home: Workspace, tmp_path: Path) -> None:
    deliver(home, tmp_path / "bills", [*background(), *rows("compute", quiet)])
    one = incident("compute", 1)
    assert cause(one, explain(home.costs, one))[0] in {"return", "usage"}
    lower = replace(explain(home.costs, one), during=Decimal(1))
    assert cause(one, lower)[0] == "return"


def test_titles_fit_however_long_the_names_are() -> None:
    told = title(incident("x" * 5000, 1))
    assert len(told) == 300
    assert told.endswith("cost 900.00 USD more than expected from 2026-05-19 to 2026-05-20")


def test_holidays_are_dates_or_calendars() -> None:
    now = datetime(2026, 5, 1)
    assert holidays(["2026-12-24"]) == {date(2026, 12, 24)}
    assert date(2026, 10, 3) in holidays(["DE"], now)
    assert date(2026, 1, 6) in holidays(["DE-BW"], now)
    assert date(2026, 1, 6) not in holidays(["DE"], now)
    for odd in ("XX", "DE-XX", "24.12.2026"):
        with pytest.raises(UsageError, match="No calendar is known"):
            holidays([odd], now)
