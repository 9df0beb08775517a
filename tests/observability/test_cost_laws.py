"""Laws of answers: however a question is cut, the parts sum to the whole, to the last digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.answers import digest
from finopsmetrics.observability.plan import plan
from finopsmetrics.observability.query import METRICS, OTHER, CostQuery, build
from finopsmetrics.runtime.workspace import Workspace
from tests.observability.charges import FIRST, LAST, awkward

MANY = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
Sums = dict[str, Decimal]

days = st.dates(FIRST, LAST)
moments = st.one_of(
    days.map(lambda day: datetime(day.year, day.month, day.day)),
    st.datetimes(datetime(2026, 4, 20), datetime(2026, 7, 5)).map(lambda moment: moment.replace(microsecond=0)),
)
metrics = st.sampled_from(sorted(METRICS))
bases = st.sampled_from(["accrual", "cash"])
groups = st.lists(
    st.sampled_from(["ServiceName", "account", "tags.team", "tags.id", "charge_category", "ResourceId", "x_fm_source"]),
    max_size=3,
    unique=True,
).map(tuple)
filters = st.sampled_from(
    [
        None,
        'service == "Compute"',
        'tags.team == "red" OR ChargeCategory != "Usage"',
        'ServiceName IN ["Storage", "Network"] AND NOT (account == "sub-1")',
        "BilledCost > 0",
        'BillingCurrency == "EUR"',
    ]
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime | None, datetime | None]:
    first, last = sorted(draw(st.tuples(moments, moments).filter(lambda pair: pair[0] != pair[1])))
    return draw(st.sampled_from([(first, last), (None, last), (first, None), (None, None)]))


@st.composite
def questions(draw: st.DrawFn) -> CostQuery:
    start, end = draw(windows())
    return CostQuery(draw(metrics), draw(groups), start, end, draw(filters), draw(bases))


def sums(rows: Iterable[Mapping[str, Any]], column: str = "cost") -> Sums:
    """Sums by currency; a currency of nothing is left out, as a window without a charge of it has no row."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["currency"]] += row[column] or 0
    return {currency: amount for currency, amount in found.items() if amount}


def asked(lake: Workspace, query: CostQuery) -> list[dict[str, Any]]:
    return lake.costs.ask(query, keep_receipt=False).rows


@MANY
@given(questions(), st.sampled_from([None, "day", "week", "month", "quarter", "year"]))
def test_the_rollup_answers_as_the_charges_do(lake: Workspace, query: CostQuery, grain: str | None) -> None:
    query = replace(query, grain=grain)
    opened = lake.opened
    snapshot = opened.lake.snapshot()
    answers = []
    for allowed in (True, False):
        planned = plan(query, snapshot, allow_rollup=allowed)
        answers.append(digest(opened.engine.query(planned.sql, [planned.source])))
    assert answers[0] == answers[1]


def test_the_rollup_serves_what_it_holds_and_nothing_else(lake: Workspace) -> None:
    snapshot = lake.opened.lake.snapshot()

    def served(**asked: Any) -> bool:
        return plan(build(window=Window.parse("2026-05", now=lake.now()), **asked), snapshot).rollup

    assert served(group_by=["service", "tags.team"], grain="day")
    assert served(filters='account == "sub-1"', basis="cash")
    assert not served(group_by="ResourceId")
    assert not served(grain="hour")
    assert not served(filters="BilledCost > 0")


@MANY
@given(questions(), st.sampled_from(["hour", "day", "week", "month", "quarter", "year"]))
def test_the_parts_of_a_grain_sum_to_the_window(lake: Workspace, query: CostQuery, grain: str) -> None:
    assert sums(asked(lake, replace(query, grain=grain))) == sums(asked(lake, query))


@MANY
@given(questions(), st.lists(moments, max_size=4, unique=True))
def test_any_partition_of_a_window_sums_to_the_window(lake: Workspace, query: CostQuery, cuts: list[datetime]) -> None:
    inside = [cut for cut in sorted(cuts) if (query.start or cut) <= cut <= (query.end or cut)]
    edges = [query.start, *(cut for cut in inside if cut not in {query.start, query.end}), query.end]
    parts = [replace(query, start=first, end=last) for first, last in pairwise(edges)]
    assert sums(row for part in parts for row in asked(lake, part)) == sums(asked(lake, query))


@MANY
@given(questions(), st.integers(1, 3), st.sampled_from([None, "month"]))
def test_the_greatest_and_the_others_sum_to_the_total(lake: Workspace, query: CostQuery, top: int, grain: str | None) -> None:
    whole = asked(lake, replace(query, grain=grain))
    kept = asked(lake, replace(query, grain=grain, top=top))
    assert sums(kept) == sums(whole)
    if query.group_by:
        names = {
            (row["currency"], tuple(row[name] for name in query.group_by))
            for row in kept
            if any(row[name] != OTHER for name in query.group_by)
        }
        assert all(sum(1 for currency, _ in names if currency == one) <= top for one in ("USD", "EUR"))


@MANY
@given(questions().filter(lambda query: query.start is not None and query.end is not None))
def test_the_window_before_is_what_it_would_be_if_asked(lake: Workspace, query: CostQuery) -> None:
    assert query.start is not None
    assert query.end is not None
    first = query.start - (query.end - query.start)
    compared = asked(lake, replace(query, previous_start=first, previous_end=query.start))
    before, now = asked(lake, replace(query, start=first, end=query.start)), asked(lake, query)
    assert sums(compared, "previous") == sums(before)
    assert sums(compared) == sums(now)

    def by_group(rows: list[dict[str, Any]], column: str) -> dict[tuple[Any, ...], Decimal]:
        keys = [*query.group_by, "currency"]
        return {tuple(row[key] for key in keys): row[column] for row in rows if row[column]}

    assert by_group(compared, "previous") == by_group(before, "cost")
    assert all(row["change"] == row["cost"] - row["previous"] for row in compared if None not in (row["cost"], row["previous"]))


def test_all_cash_is_all_accrual_and_all_that_was_delivered(lake: Workspace) -> None:
    for metric, column in METRICS.items():
        told: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in awkward():
            told[row["BillingCurrency"]] += Decimal(row[column])
        for basis in ("accrual", "cash"):
            answer = lake.costs.get_costs(metric=metric, basis=basis, time_range="all")
            assert {row["currency"]: row["cost"] for row in answer} == told
            assert {currency: money.amount for currency, money in answer.total.items()} == told


def test_a_change_from_nothing_is_the_whole_and_to_nothing_is_its_loss(lake: Workspace) -> None:
    rows = lake.costs.get_costs(group_by="ResourceId", time_range="2026-05-10..2026-05-12", compare=True).rows
    gone = [row for row in rows if row["cost"] is None]
    new = [row for row in rows if row["previous"] is None]
    assert [row["change"] for row in gone] == [-row["previous"] for row in gone]
    assert [row["change"] for row in new] == [row["cost"] for row in new]


@settings(MANY, max_examples=4)
@given(st.dates(FIRST, LAST), st.integers(1, 15))
def test_a_window_by_days_is_the_sum_of_its_days(lake: Workspace, first: date, length: int) -> None:
    last = first + timedelta(days=length)
    whole = lake.costs.get_costs(time_range=f"{first}..{last}", group_by="account")
    single = [
        row
        for n in range(length + 1)
        for row in lake.costs.get_costs(time_range=f"{first + timedelta(days=n)}", group_by="account")
    ]
    assert sums(single) == sums(whole)


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ({"team": "red"}, 'tags.team == "red"'),
        ({"service": "Compute", "team": "blue"}, 'ServiceName == "Compute" AND tags.team == "blue"'),
        ({"ServiceName": ["Compute", "Storage"]}, 'service IN ["Compute", "Storage"]'),
        ({"tags.team": "red", "sub_account_id": "sub-1"}, 'account == "sub-1" AND tags.team == "red"'),
    ],
)
def test_filters_as_a_dict_are_the_condition_that_they_stand_for(lake: Workspace, named: dict[str, Any], text: str) -> None:
    by_dict, by_text = (lake.costs.get_costs(filters=one, group_by="service", time_range="all") for one in (named, text))
    assert by_dict.rows == by_text.rows
    assert by_dict.rows


@pytest.mark.parametrize("name", ["ServiceName", "service_name", "service", "SERVICE", "tags.team", "x_fm_source", "Provider"])
def test_groups_are_named_as_they_were_asked_for(lake: Workspace, name: str) -> None:
    answer = lake.costs.get_costs(group_by=name, time_range="all")
    assert answer.table.column_names == [name, "currency", "cost"]


def test_two_currencies_never_mix(lake: Workspace) -> None:
    rows = lake.costs.get_costs(time_range="all").rows
    assert sorted(row["currency"] for row in rows) == ["EUR", "USD"]
    topped = lake.costs.get_costs(group_by="service", top=1, time_range="all").rows
    others = [row for row in topped if row["service"] == OTHER]
    assert sorted(row["currency"] for row in others) == ["EUR", "USD"]


@pytest.mark.parametrize(
    "asked_for",
    [
        {"group_by": "Servcie"},
        {"group_by": ["service", "Service"]},
        {"metric": "paid"},
        {"basis": "both"},
        {"grain": "decade"},
        {"top": 0},
        {"compare": True, "time_range": "all"},
        {"compare": True, "grain": "day", "time_range": "2026-05"},
        {"filters": "nothing.of.this == 1"},
        {"as_of": "soon"},
    ],
)
def test_a_question_that_cannot_be_answered_says_how_to_ask(lake: Workspace, asked_for: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        lake.costs.get_costs(**asked_for)
    assert caught.value.cure
