"""Laws of samples: replays, order, compaction, exact figures, scopes. The referee is plain Python."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import QueryError
from finopsmetrics.core.samples import Sample
from finopsmetrics.observability.observability_hub import ObservabilityHub
from finopsmetrics.observability.samples import UsageAnswer, UsageQuery, ask_usage
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import sample_files
from finopsmetrics.store.sample_book import SampleBook
from tests.samples.reckoning import STATISTICS, kept, reckoned
from tests.store.homes import failures

BEGIN = datetime(2026, 5, 30)
slow = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

EVERYTHING: dict[str, Any] = {"start": None, "end": None, "grain": None, "group_by": (), "statistic": "sum"}
texts = st.sampled_from([None, "a", "it's", 'quo"te', "Größe"])
samples = st.builds(
    Sample,
    at=(st.integers(0, 40 * 24) | st.sampled_from([1, 2, 800])).map(lambda hour: BEGIN + timedelta(hours=hour, minutes=hour % 3)),
    measure=st.just("x"),
    value=st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**12), max_value=10**12),
    unit=st.just("GB"),
    resource=texts,
    account=st.sampled_from([None, "a"]),
    service=st.sampled_from([None, "Amazon EC2"]),
    source=st.sampled_from(["api", "agent"]),
    tags=st.sampled_from([{}, {"team": "ml"}, {"team": "web", "app": "web"}, {"it's.odd": "ml"}]),
    id=st.none() | st.sampled_from(["1", "2", "3"]),
)
batches = st.lists(st.lists(samples, min_size=1, max_size=12), min_size=1, max_size=5)
questions = st.fixed_dictionaries(
    {
        "start": st.none() | st.just(BEGIN + timedelta(days=1)),
        "end": st.none() | st.integers(1, 40).map(lambda days: BEGIN + timedelta(days=days, hours=3)),
        "grain": st.sampled_from([None, "hour", "day", "month"]),
        "group_by": st.lists(
            st.sampled_from(["resource", "account", "service", "source", "tags.team", "tags.it's.odd"]), max_size=2, unique=True
        ).map(tuple),
        "statistic": st.sampled_from(sorted(STATISTICS)),
    }
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home, closed, to be copied: each example has a home of its own."""
    home = tmp_path_factory.mktemp("empty") / "home"
    Workspace(home).close()
    return home


@contextmanager
def copied(empty: Path) -> Iterator[Workspace]:
    with TemporaryDirectory() as folder, Workspace(shutil.copytree(empty, Path(folder) / "home")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files so short that a handful of samples makes several, and some are left as they are."""
    monkeypatch.setattr(sample_files, "FILE_ROWS", 4)
    monkeypatch.setattr(sample_files, "SMALL_ROWS", 2)


def answer(workspace: Workspace, asked: dict[str, Any], scope: Condition | None = None) -> dict[Any, Any]:
    """An answer as the referee gives it."""
    query = question(asked)
    return by_group(ObservabilityHub(opened=workspace.opened, scope=scope).ask(query))


def afresh(workspace: Workspace, asked: dict[str, Any]) -> dict[Any, Any]:
    """The answer of one who remembers none."""
    return by_group(ask_usage(workspace.opened, question(asked)))


def question(asked: dict[str, Any]) -> UsageQuery:
    return UsageQuery("x", **asked)


def by_group(found: UsageAnswer) -> dict[Any, Any]:
    names = [*(["period"] if found.query.grain else []), *found.query.group_by]
    rows = found.rows
    assert rows == sorted(rows, key=lambda row: (row.get("period", BEGIN), -row["value"]))  # within a period the greatest first
    return {tuple(row[name] for name in names): (row["value"], row["samples"]) for row in rows}


@slow
@given(batches, st.lists(st.booleans(), min_size=5, max_size=5), questions)
def test_every_answer_is_what_plain_python_reckons(
    empty: Path, sent: list[list[Sample]], compacting: list[bool], asked: dict[str, Any]
) -> None:
    known: dict[Any, Sample] = {}
    with copied(empty) as workspace:
        book = SampleBook(workspace.opened)
        for batch, compacts in zip(sent, compacting, strict=False):
            after = kept([known.values(), batch])
            changed = {key for key, one in after.items() if known.get(key) != one}
            done = book.add(batch)
            assert (done.added, done.replaced) == (len(after) - len(known), len(changed & known.keys()))
            assert done.added + done.replaced + done.known == len(batch)
            known = after
            assert answer(workspace, asked) == reckoned(known.values(), **asked)
            if compacts:
                book.compact()
                assert book.waiting() == 0
            assert afresh(workspace, asked) == reckoned(known.values(), **asked)
        assert failures(workspace) == []


@slow
@given(samples, st.lists(samples, max_size=8), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_another_value_takes_the_place_of_the_one_before(
    empty: Path, first: Sample, others: list[Sample], values: list[int]
) -> None:
    with copied(empty) as workspace:
        book = SampleBook(workspace.opened)
        batches = [[first, *others], *([replace(first, value=Decimal(value))] for value in values)]
        for batch in batches:
            book.add(batch)
            book.compact()
        assert afresh(workspace, EVERYTHING) == reckoned(kept(batches).values())


@slow
@given(batches, st.booleans(), questions)
def test_a_replay_changes_nothing(empty: Path, sent: list[list[Sample]], compacts: bool, asked: dict[str, Any]) -> None:
    with copied(empty) as workspace:
        book = SampleBook(workspace.opened)
        book.add([one for batch in sent for one in batch])
        if compacts:
            book.compact()
        last = list(kept(sent).values())
        place, told = book.place(), answer(workspace, asked)
        again = book.add(last)
        assert (again.added, again.replaced, again.known, again.place) == (0, 0, len(last), place)
        assert book.waiting() == (0 if compacts else len(last))
        assert afresh(workspace, asked) == told


@slow
@given(batches, st.randoms(use_true_random=False), questions)
def test_the_order_of_distinct_samples_does_not_matter(
    empty: Path, sent: list[list[Sample]], chance: Any, asked: dict[str, Any]
) -> None:
    distinct = list(kept(sent).values())
    found = []
    for order in (distinct, chance.sample(distinct, len(distinct))):
        with copied(empty) as workspace:
            SampleBook(workspace.opened).add(order[:5])
            SampleBook(workspace.opened).compact()
            SampleBook(workspace.opened).add(order[5:])
            found.append(answer(workspace, asked))
    assert found[0] == found[1] == reckoned(distinct, **asked)


SCOPES = {
    'service == "Amazon EC2"': 'ServiceName == "Amazon EC2"',
    'SubAccountId != "a"': 'SubAccountId != "a"',
    'tags.team == "ml"': 'tags.team == "ml"',
    'tags.team IS NULL AND ResourceId IN ["a", "it\'s"]': 'tags.team IS NULL AND ResourceId IN ["a", "it\'s"]',
    'NOT (account == "a" OR tags.app == "web")': 'NOT (SubAccountId == "a" OR tags.app == "web")',
    'service CONTAINS "EC2" OR resource.ResourceId IS NOT NULL': 'ServiceName CONTAINS "EC2" OR ResourceId IS NOT NULL',
    'source == "agent"': 'x_fm_source == "agent"',
}
"""Conditions as people write them, and over the names of columns alone, as the referee reads them."""


@slow
@given(batches, st.sampled_from(sorted(SCOPES)), st.booleans(), questions)
def test_a_scope_shows_what_it_matches_and_nothing_else(
    empty: Path, sent: list[list[Sample]], condition: str, compacts: bool, asked: dict[str, Any]
) -> None:
    scope, plainly = Condition.parse(condition), Condition.parse(SCOPES[condition])
    with copied(empty) as workspace:
        book = SampleBook(workspace.opened)
        for batch in sent:
            book.add(batch)
        if compacts:
            book.compact()
        assert answer(workspace, asked, scope) == reckoned(kept(sent).values(), scope=plainly, **asked)
        hub = ObservabilityHub(opened=workspace.opened, scope=scope)
        whole = reckoned(kept(sent).values(), scope=plainly)
        number = sum(number for _, number in whole.values())
        assert sum(row["samples"] for row in hub.measures().to_pylist()) == number
        assert sum(row["new"] for row in hub.news()[0]) == number


@pytest.fixture(scope="module")
def one(empty: Path) -> Iterator[Workspace]:
    """A home with one sample of Amazon EC2, and two of another service in two units."""
    with copied(empty) as workspace:
        units = [Sample(BEGIN, "units", Decimal(1), unit, resource=unit, service="Other") for unit in ("GB", "MB")]
        SampleBook(workspace.opened).add([Sample(BEGIN, "x", Decimal(1), "GB", service="Amazon EC2"), *units])
        yield workspace


LACKING = ["SkuId", "BilledCost", "ServiceCategory", "x_Project", "no_such_thing"]
TESTS = [
    '{} == "x"',
    "{} IS NULL",
    "{} IS NOT NULL",
    'NOT ({} == "x")',
    "{} NOT IN []",
    '{} != "x"',
    "NOT ({} > 5)",
    "{} + 1 < 5",
]


@pytest.mark.parametrize("field", LACKING)
@pytest.mark.parametrize("test", TESTS)
def test_what_samples_do_not_have_is_unknown_and_shows_nothing(one: Workspace, field: str, test: str) -> None:
    told = test.format(field)
    closed = Condition.parse(told)
    hub = ObservabilityHub(opened=one.opened, scope=closed)
    assert answer(one, EVERYTHING, closed) == {}
    assert hub.measures().num_rows == 0
    assert hub.news()[0] == []
    # Three-valued as ever: what another part of the condition shows is seen, what none shows is not.
    assert answer(one, EVERYTHING, Condition.parse(f'({told}) OR ServiceName == "Amazon EC2"')) == {(): (Decimal(1), 1)}
    assert answer(one, EVERYTHING, Condition.parse(f'({told}) AND ServiceName == "Amazon EC2"')) == {}
    with pytest.raises(QueryError, match=f"Samples have no {field}"):
        ObservabilityHub(opened=one.opened).samples("x", filters=told)


def test_units_are_never_mixed(one: Workspace) -> None:
    hub = ObservabilityHub(opened=one.opened)
    with pytest.raises(QueryError, match="several units: GB, MB") as caught:
        hub.samples("units", time_range="all", group_by="resource")
    assert 'unit == "GB"' in caught.value.cure
    assert hub.samples("units", time_range="all", filters='unit == "MB"').unit == "MB"
    scoped = ObservabilityHub(opened=one.opened, scope=Condition.parse('ResourceId == "GB"'))
    assert scoped.samples("units", time_range="all").unit == "GB"  # nor does a scope tell of units beyond it


WRONG: list[dict[str, Any]] = [
    {"statistic": "median"},
    {"grain": "week"},
    {"group_by": ["resource", "account", "region"]},
    {"group_by": ["resource", "ResourceId"]},
    {"group_by": "SkuId"},
    {"group_by": "measure"},
    {"group_by": "Tags"},
    {"filters": "nonsense == 1"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_cannot_be_asked_is_refused_with_a_cure(one: Workspace, wrong: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as caught:
        ObservabilityHub(opened=one.opened).samples("x", **wrong)
    assert caught.value.cure
    with pytest.raises(QueryError):
        ObservabilityHub(opened=one.opened).samples("a b")
