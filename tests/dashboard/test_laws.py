"""Laws: what a widget draws sums to what the same question comes to, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.exact import total
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import FORMULA, MARKUP, QUOTES, shown

DAYS = st.dates(min_value=date(2026, 4, 25), max_value=date(2026, 6, 25))
FILTERS = st.sampled_from(
    [None, {"service": ["Compute", MARKUP]}, {"team": "ml"}, {"tags.team": None}, f"ServiceName != {'x'!r}"]
)
METRICS = st.sampled_from(["billed", "effective", "list", "contracted"])
GROUPS = st.sampled_from([None, "service", "tags.team", "SubAccountId", "ResourceName"])
some = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def amounts(chart: dict[str, Any], column: str = "cost", rows: Iterable[list[Any]] | None = None) -> Decimal:
    place = next(number for number, one in enumerate(chart["columns"]) if one["name"] == column)
    return total(Decimal(row[place]) for row in (chart["rows"] if rows is None else rows) if row[place] is not None)


@some
@given(first=DAYS, second=DAYS, filters=FILTERS, metric=METRICS, group=GROUPS, top=st.integers(1, 6))
def test_charts_sum_to_the_answer(
    held: Workspace, first: Any, second: Any, filters: Any, metric: str, group: str | None, top: int
) -> None:
    span = f"{min(first, second)}..{max(first, second)}"
    costs = Acting(held, OWNER).costs
    answer = costs.get_costs(time_range=span, filters=filters, metric=metric)
    frame, own = Frame(span, filters, "USD"), {"metric": metric, "top": top}
    if "USD" not in answer.total:
        assert shown(held, "cost_trend", {"metric": metric}, frame).state == "empty"
        return
    whole = answer.total["USD"].amount
    by = group or "service"
    asked: list[tuple[str, dict[str, Any]]] = [
        ("cost_trend", {**own, "group_by": group}),
        ("cost_by", {**own, "group_by": by}),
        ("cost_by", {**own, "group_by": [by, "RegionId"], "chart": "treemap"}),
        ("cross_cloud", {"metric": metric}),
        ("kpi", {"metric": metric}),
    ]
    for name, config in asked:
        chart = shown(held, name, config, frame).as_dict()["chart"]
        assert amounts(chart) == whole, (name, config)
    flow = shown(held, "cost_flow", {**own, "through": ["provider", by, "RegionId"]}, frame).as_dict()["chart"]
    assert amounts(flow) == whole * 2  # once for each pair of neighbours
    steps = shown(held, "cost_changes", {**own, "group_by": by}, frame).as_dict()["chart"]
    before, *changes, now = steps["rows"]
    assert Decimal(now[1]) == whole
    assert amounts(steps, rows=[before, *changes]) == whole
    assert [before[0], now[0]] == steps["totals"]


@some
@given(filters=FILTERS, metric=METRICS)
def test_spend_so_far_ends_at_the_whole(held: Workspace, filters: Any, metric: str) -> None:
    frame = Frame("2026-05", filters, "USD")
    answer = Acting(held, OWNER).costs.get_costs(time_range="2026-05", filters=filters, metric=metric)
    drawn = shown(held, "cumulative", {"metric": metric}, frame)
    assert drawn.shown is not None
    assert drawn.shown.chart is not None
    mine = [row for row in drawn.shown.chart.rows if row[2] == "2026-05-01 … 2026-05-31"]
    assert Decimal(str(mine[-1][3])) == answer.total["USD"].amount
    assert f"{answer.total['USD'].amount:,.2f} USD" in drawn.sentence


def test_tags_and_nobody_make_the_whole(held: Workspace) -> None:
    coverage = shown(held, "tag_coverage").as_dict()["chart"]
    nobody = shown(held, "unallocated_cost", {"keys": ["team"]}).as_dict()["chart"]
    whole = Acting(held, OWNER).costs.get_costs(time_range="2026-06-01..2026-06-19").total["USD"].amount
    for key, _, tagged, untagged in coverage["rows"]:
        assert Decimal(tagged) + Decimal(untagged) == whole
        assert key != "team" or Decimal(untagged) == amounts(nobody)


def test_currencies_are_never_summed(held: Workspace) -> None:
    usd, eur = (shown(held, "kpi", {}, Frame("2026-06", None, currency)) for currency in ("USD", "EUR"))
    assert "0.0000001 EUR" in eur.sentence
    assert "charges in USD are not in these figures" in eur.sentence
    assert "charges in EUR are not in these figures" in usd.sentence
    unsaid = shown(held, "kpi", {}, Frame("2026-06"))
    assert unsaid.sentence == usd.sentence  # that of the most charges
    other = shown(held, "kpi", {}, Frame("2026-06", None, "CHF"))
    assert (other.state, other.shown and other.shown.empty) == ("empty", "Show EUR or USD on this dashboard instead.")


def test_sentences_are_worked_out_by_hand(held: Workspace) -> None:
    """Compute in June: the days 1 to 19 with their sums, as they were delivered."""
    frame = Frame("2026-06-01..2026-06-19", {"service": "Compute"}, "USD")
    assert shown(held, "kpi", {}, frame).sentence == (
        "190.00 USD in 2026-06-01 … 2026-06-19, down 54.5 % on 2026-05-13 … 2026-05-31."
    )
    covered = shown(held, "commitment_coverage", {"time_range": "2026-06"}, frame).sentence
    assert covered.startswith("Commitments covered 5.0 % of use in 2026-06-01 … 2026-06-30 and were used to 75.0 %; ")
    assert covered.endswith("; 2.00 USD was committed and not used.")
    movers = shown(
        held, "top_movers", {"time_range": "2026-06", "group_by": "service"}, Frame(None, {"service": [FORMULA, "Compute"]})
    ).sentence
    assert movers.endswith("Compute fell the most, by 306.00 USD (61.7 %) to 190.00 USD.")
    prices = shown(held, "unit_price", {}, Frame("2026-06-05")).as_dict()["chart"]
    assert [row[3] for row in prices["rows"]] == ["1.0000000000"] * 2
    assert QUOTES not in movers


def test_no_name_of_a_flow_stands_on_both_sides(held: Workspace) -> None:
    """A service and a resource of one name would make a circle, which no picture of flows can show."""
    chart = shown(held, "cost_flow", {"through": ["service", "ResourceName"]}).as_dict()["chart"]
    sides = [{row[side] for row in chart["rows"]} for side in (0, 1)]
    assert sides[0].isdisjoint(sides[1])
    assert MARKUP in sides[0]
    assert f"{MARKUP} (resource)" in sides[1]


def test_a_window_before_that_is_not_held_whole_is_not_compared_with(held: Workspace) -> None:
    whole = shown(held, "kpi", frame=Frame("2026-06-01..2026-06-19"))
    assert "up " in whole.sentence or "down " in whole.sentence
    for span in ("2026-05-15..2026-06-19", "2026-05-01..2026-05-31"):
        for name in ("kpi", "cost_trend", "cost_changes"):
            told = shown(held, name, frame=Frame(span))
            assert "charges are held from 2026-05-01 on" in told.sentence, name
            assert " %" not in told.sentence.split(";")[0]
    assert shown(held, "kpi", frame=Frame("2026-05-01..2026-05-31")).as_dict()["chart"]["previous"] is None
    moved = shown(held, "top_movers", frame=Frame("2026-05-15..2026-06-19"))
    assert (moved.state, moved.as_dict()["chart"]) == ("empty", None)
    assert "charges are held from 2026-05-01 on" in moved.sentence
    assert shown(held, "top_movers", frame=Frame("2026-06-01..2026-06-19")).state == "ok"
