"""The tag keys in use: those of the rollup, and within a scope only those that a visible charge carries."""

from __future__ import annotations

from finopsmetrics.core.conditions import Condition
from finopsmetrics.focus.columns import dimension
from finopsmetrics.observability.fields import value_sql
from finopsmetrics.observability.plan import charges_sql
from finopsmetrics.observability.query import CostQuery
from finopsmetrics.store.lake import CHARGES
from finopsmetrics.store.opened import OpenedHome
from finopsmetrics.store.rollup import ROLLUP_TABLE


def tag_keys(opened: OpenedHome, scope: Condition | None) -> list[str]:
    """The tag keys with values that can be grouped by, in order; within a scope, those that its charges carry."""
    snapshot = opened.lake.snapshot()
    keys = sorted({key for file in snapshot.files.get(ROLLUP_TABLE, ()) for key in file.extras})
    if scope is None or not keys:
        return keys
    carried = ", ".join(f"count({value_sql(dimension(f'tags.{key}'))}) AS k{place}" for place, key in enumerate(keys))
    query = CostQuery().narrowed(scope)
    found = opened.engine.query(charges_sql(carried, query, snapshot, opened.engine.dialect), [snapshot.source(CHARGES)])
    return [key for place, key in enumerate(keys) if found.column(f"k{place}")[0].as_py()]
