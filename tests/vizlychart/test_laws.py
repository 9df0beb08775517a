"""Laws of charts: what is in stays in, whatever text it has."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finopsmetrics import VizlyChart
from finopsmetrics.core.exact import total
from finopsmetrics.vizlychart import ChartSpec, drawing
from finopsmetrics.vizlychart.spec import Sort
from tests.vizlychart.samples import DAY, HOSTILE, one_of_each

TEXT = st.text(min_size=1, max_size=60)
AMOUNT = st.decimals(-(10**12), 10**12, places=6, allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.tuples(st.integers(0, 6), TEXT, AMOUNT), min_size=1, max_size=24)
SVG = "{http://www.w3.org/2000/svg}"
INERT = {
    "svg",
    "g",
    "path",
    "text",
    "tspan",
    "defs",
    "clipPath",
    "pattern",
    "rect",
    "circle",
    "polygon",
    "stop",
    "linearGradient",
}


def costs(given_: list[tuple[int, str, Decimal]]) -> list[dict[str, Any]]:
    days = [DAY.replace(day=1 + day) for day, _, _ in given_]
    return [
        {"period": day, "service": service, "cost": cost, "currency": "USD"}
        for day, (_, service, cost) in zip(days, given_, strict=True)
    ]


def inert(drawn: str) -> None:
    """Well-formed, of elements that do nothing, with no handler and nothing from elsewhere."""
    for element in ElementTree.fromstring(drawn).iter():
        assert element.tag.removeprefix(SVG) in INERT, element.tag
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "href" not in name or value.startswith(("#", "data:image/png"))


def test_there_is_a_sample_of_each_sort() -> None:
    assert set(one_of_each()) == set(get_args(Sort))


@pytest.mark.parametrize("sort", get_args(Sort))
def test_a_spec_comes_back_from_json_and_draws_the_same_bytes(sort: str) -> None:
    chart = one_of_each()[sort]
    again = VizlyChart.from_json(chart.to_json())
    assert again.spec == chart.spec
    assert again.to_svg() == chart.to_svg()


@pytest.mark.parametrize("sort", get_args(Sort))
@pytest.mark.parametrize("size", [(900, 360), (360, 220), (40, 40)])
def test_each_sort_draws_hostile_text_as_text(sort: str, size: tuple[int, int]) -> None:
    for theme in ("light", "dark"):
        drawn = one_of_each()[sort].to_svg(theme=theme, width=size[0], height=size[1])  # type: ignore[arg-type]
        inert(drawn)
        assert "<img" not in drawn
        assert "Arimo" in drawn or size == (40, 40) or sort == "sparkline"


@given(ROWS, TEXT)
@settings(max_examples=20)
@example([(0, HOSTILE, Decimal(1)), (1, "\x00\x0b\ufffe", Decimal(-1)), (2, "__proto__", Decimal(0))], "constructor")
def test_any_text_and_any_amount_is_drawn(given_: list[tuple[int, str, Decimal]], title: str) -> None:
    rows = costs(given_)
    for chart in (
        VizlyChart.line(rows, series="service", title=title),
        VizlyChart.stacked_bar(rows, series="service", title=title),
        VizlyChart.bar(rows, x="service", title=title),
        VizlyChart.heatmap(rows, x="period", series="service", title=title),
        VizlyChart.treemap(rows, path="service", title=title),
        VizlyChart.donut(rows, path="service", title=title),
        VizlyChart.sankey(rows, "service", "service", title=title),
        VizlyChart.waterfall(rows, x="service", y="cost", title=title),
        VizlyChart.kpi(rows, title=title),
        VizlyChart.table(rows, title=title),
    ):
        inert(chart.to_svg(width=400, height=240))


@given(ROWS, st.integers(1, 5))
@settings(max_examples=60)
def test_what_is_summed_as_other_keeps_the_sum_of_every_day(given_: list[tuple[int, str, Decimal]], top: int) -> None:
    rows = costs(given_)
    spec = VizlyChart.area(rows, series="service", top=top).spec
    before: dict[str, list[Decimal]] = defaultdict(list)
    after: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        before[row["period"].isoformat()].append(row["cost"])
    for day, _, cost in spec.rows:
        after[str(day)].append(Decimal(str(cost)))
    assert {day: total(found) for day, found in after.items()} == {day: total(found) for day, found in before.items()}
    assert len({row[1] for row in spec.rows} - {"(other)"}) <= top


@given(ROWS)
@settings(max_examples=40)
def test_the_table_twin_holds_every_amount_to_the_cent(given_: list[tuple[int, str, Decimal]]) -> None:
    rows = costs(given_)
    chart = VizlyChart.line(rows, series="service")
    assert [column["align"] for column in chart.twin["columns"]] == ["left", "left", "right"]
    for row, told in zip(rows, chart.twin["rows"], strict=True):
        places = 2 if row["cost"] == 0 or abs(row["cost"]) >= Decimal("0.01") else 6
        cents = round(row["cost"], places)  # half to even, as the twin rounds
        text = f"{cents:,.{places}f}".replace("-", "−") if cents else f"{0:.{places}f}"
        assert told[1:] == [row["service"], f"{text} USD"]


def test_an_amount_that_no_float_holds_stays_exact() -> None:
    chart = VizlyChart.table([{"cost": Decimal("123456789012345678901.239999999999999999"), "currency": "EUR"}])
    assert chart.spec.rows == (("123456789012345678901.239999999999999999", "EUR"),)
    assert chart.twin["rows"][0][0] == "123,456,789,012,345,678,901.24 EUR"


def test_a_spec_of_the_most_rows_is_drawn() -> None:
    rows = [{"period": DAY, "service": f"s{at}", "cost": Decimal(at), "currency": "USD"} for at in range(20_000)]
    inert(VizlyChart.bar(rows, x="service").to_svg())
    assert isinstance(VizlyChart.bar(rows, x="service").spec, ChartSpec)


PLACES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4), st.integers(1, 999)), min_size=1, max_size=16
)


@given(PLACES)
@settings(max_examples=25)
def test_a_flow_goes_from_stage_to_stage(flows: list[tuple[int, int, int, int]]) -> None:
    rows = [{"a": f"{stage}-{one}", "b": f"{stage + 1}-{other}", "cost": cost} for stage, one, other, cost in flows]
    series = drawing.option(VizlyChart.sankey(rows, "a", "b", currency="USD").spec)["series"][0]
    depths = {node["name"]: node["depth"] for node in series["data"]}
    assert len(depths) == len(series["data"]) == len({row[name] for row in rows for name in ("a", "b")})
    assert all(depths[link["source"]] < depths[link["target"]] for link in series["links"])
    assert total(Decimal(str(link["value"])) for link in series["links"]) == sum(cost for *_, cost in flows)


def test_a_flow_in_a_circle_has_each_name_on_its_side() -> None:
    rows = [{"a": "x", "b": "y", "cost": 1}, {"a": "y", "b": "x", "cost": 2}]
    series = drawing.option(VizlyChart.sankey(rows, "a", "b", currency="USD").spec)["series"][0]
    assert sorted((node["name"], node["depth"]) for node in series["data"]) == [("0 x", 0), ("0 y", 0), ("1 x", 1), ("1 y", 1)]
