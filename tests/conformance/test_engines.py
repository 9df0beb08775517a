"""One question, one answer: from DuckDB, from Sail with two workers, from the rollup, and by the definition in Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics import Workspace
from finopsmetrics.observability.plan import plan
from finopsmetrics.observability.query import OTHER, Basis, CostQuery, Grain, Metric
from finopsmetrics.store.engines.spark import SparkEngine
from tests.conformance import estate, oracle

SEED = 1
QUESTIONS = estate.questions(SEED)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    filled = estate.fill(tmp_path_factory.mktemp("conformance"))
    yield filled
    filled.close()


@pytest.fixture(scope="module")
def charges() -> list[oracle.Charge]:
    """The charges in effect, as delivered: the second delivery of March replaced the first."""
    return [oracle.read(row, source) for source, month, seed in estate.IN_EFFECT for row in estate.delivered(source, month, seed)]


@pytest.fixture(scope="module")
def sail(sail_server: str) -> Iterator[SparkEngine]:
    engine = SparkEngine(sail_server)
    yield engine
    engine.close()


def on_duckdb(workspace: Workspace, query: CostQuery, *, rollup: bool = False) -> pa.Table:
    planned = plan(query, workspace.opened.lake.snapshot(), "duckdb", allow_rollup=rollup)
    return workspace.opened.engine.query(planned.sql, [planned.source])


def rows(table: pa.Table) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row.values()) for row in table.to_pylist())


@pytest.mark.parametrize("name", QUESTIONS)
def test_sail_answers_as_duckdb(workspace: Workspace, sail: SparkEngine, name: str) -> None:
    """The same rows in the same order with the same types, to the last digit; the rollup where it serves, else charges."""
    query = QUESTIONS[name]
    snapshot = workspace.opened.lake.snapshot()
    planned = plan(query, snapshot, "spark", allow_rollup=int(name.split("-", maxsplit=1)[0]) % 2 == 0)
    spark = sail.query(planned.sql, [planned.source])
    duck = on_duckdb(workspace, query)
    assert spark.to_pylist() == duck.to_pylist()
    assert spark.schema.types == duck.schema.types


def test_sail_reads_by_metadata(workspace: Workspace) -> None:
    """Whole tables are read from the Iceberg metadata, not by a list of files."""
    sources = [plan(query, workspace.opened.lake.snapshot()).source for query in QUESTIONS.values()]
    by_metadata = [source for source in sources if source.metadata_location]
    assert len(by_metadata) > len(sources) // 3
    assert {source.name for source in sources} == {"cost_and_usage", "cost_daily"}


def test_the_questions_are_worth_asking(workspace: Workspace) -> None:
    """Most have answers, on either table, with every filter and group among them."""
    answers = [on_duckdb(workspace, query).num_rows for query in QUESTIONS.values()]
    assert sum(count > 0 for count in answers) > len(answers) * 0.6
    planned = [plan(query, workspace.opened.lake.snapshot()).rollup for query in QUESTIONS.values()]
    assert sum(planned) > 20
    assert {query.group_by for query in QUESTIONS.values()} == set(estate.GROUPS)
    assert {query.where for query in QUESTIONS.values()} == {estate.condition(text) for text in estate.FILTERS}


@st.composite
def asked(draw: st.DrawFn, *, top: bool = True) -> CostQuery:
    shape = draw(st.sampled_from([None, "compare", *get_args(Grain)]))
    metric, basis = draw(st.sampled_from(get_args(Metric))), draw(st.sampled_from(get_args(Basis)))
    most = draw(st.sampled_from([None, 1, 3])) if top else None
    return estate.draw(random.Random(draw(st.integers(0, 2**32))), metric, basis, shape, most)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(asked())
def test_the_rollup_answers_as_the_charges(workspace: Workspace, query: CostQuery) -> None:
    assert rows(on_duckdb(workspace, query, rollup=True)) == rows(on_duckdb(workspace, query))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(asked(top=False))
def test_duckdb_answers_by_the_definition(workspace: Workspace, charges: list[oracle.Charge], query: CostQuery) -> None:
    assert rows(on_duckdb(workspace, query)) == oracle.answer(query, charges)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(asked(top=False))
def test_the_parts_of_time_sum_to_the_whole(workspace: Workspace, query: CostQuery) -> None:
    """The buckets of a grain sum to the question without it; two halves of a window sum to the window."""
    whole = replace(query, grain=None, previous_start=None, previous_end=None)
    if query.grain:
        assert _sums(on_duckdb(workspace, query)) == _sums(on_duckdb(workspace, whole))
    if query.start and query.end:
        middle = query.start + (query.end - query.start) / 3
        halves = [replace(whole, end=middle), replace(whole, start=middle)]
        joined = _sums(pa.concat_tables([on_duckdb(workspace, half) for half in halves]))
        assert joined == _sums(on_duckdb(workspace, whole))


def _sums(table: pa.Table) -> dict[tuple[Any, ...], Decimal]:
    """The cost of each group over all periods; groups of nothing left out."""
    sums: dict[tuple[Any, ...], Decimal] = {}
    for row in table.to_pylist():
        key = tuple(value for name, value in row.items() if name not in ("period", "cost"))
        sums[key] = oracle.WIDE.add(sums.get(key, Decimal(0)), row["cost"] or Decimal(0))
    return {key: amount for key, amount in sums.items() if amount}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(asked(top=False), st.integers(1, 4))
def test_the_greatest_and_the_others_sum_to_all(workspace: Workspace, query: CostQuery, top: int) -> None:
    if not query.group_by:
        return
    every, most = on_duckdb(workspace, query), on_duckdb(workspace, replace(query, top=top))
    ungrouped = ["currency", "cost"]
    assert _sums(every.select(ungrouped)) == _sums(most.select(ungrouped))
    for currency in ("USD", "EUR"):
        names = [name for name in query.group_by if name != "currency"]
        kept = {tuple(row[name] for name in names) for row in most.to_pylist() if row["currency"] == currency}
        assert len(kept - {(OTHER,) * len(names)}) <= top
