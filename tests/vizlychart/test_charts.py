"""What people write: data of every sort, errors that say what to do, files that are whole or not there."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pytest

import finopsmetrics
from finopsmetrics import VizlyChart
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.observability.answers import Answer
from finopsmetrics.vizlychart import ChartError
from tests.vizlychart.samples import HOSTILE, one_of_each, rows

SERVICES = ("a", "b", "c")


def table() -> pyarrow.Table:
    return pyarrow.Table.from_pylist(rows(3, SERVICES))


@pytest.mark.parametrize(
    "make",
    [
        table,
        lambda: rows(3, SERVICES),
        lambda: Answer(table()),
        lambda: polars.from_arrow(table()),
        lambda: pandas.DataFrame(rows(3, SERVICES)),
    ],
    ids=["arrow", "dicts", "answer", "polars", "pandas"],
)
def test_data_of_every_sort_makes_the_same_chart(make: Any) -> None:
    spec = VizlyChart.line(make(), series="service").spec
    assert spec == VizlyChart.line(rows(3, SERVICES), series="service").spec
    assert [(column.name, column.type, column.currency) for column in spec.columns] == [
        ("period", "time", None),
        ("service", "text", None),
        ("cost", "money", "USD"),
    ]
    assert spec.rows[0] == ("2026-05-01", "a", "100.015")


def test_currencies_are_never_added() -> None:
    mixed = rows(1, SERVICES) + rows(1, SERVICES, "EUR")
    with pytest.raises(ChartError, match=r"The rows are in EUR, USD\. Draw one of them: currency='EUR'"):
        VizlyChart.bar(mixed, x="service")
    assert VizlyChart.bar(mixed, x="service", currency="EUR").spec.columns[1].currency == "EUR"
    assert len(VizlyChart.bar(mixed, x="service", currency="EUR").spec.rows) == 3


def test_the_greatest_are_kept_and_the_rest_is_other() -> None:
    spec = VizlyChart.bar(rows(1, SERVICES), x="service", top=1).spec
    assert spec.rows == (("c", "300.015"), ("(other)", "300.030"))


def test_times_are_told_in_utc() -> None:
    east = datetime(2026, 5, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    spec = VizlyChart.line([{"period": east, "cost": 1}, {"period": datetime(2026, 5, 1, tzinfo=UTC), "cost": 2}]).spec
    assert [row[0] for row in spec.rows] == ["2026-04-30T23:00:00", "2026-05-01T00:00:00"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: VizlyChart.bar(rows(1), x="region"), "There is no column 'region'. There are period, service"),
        (lambda: VizlyChart.bar(7, x="service"), "int is no table. Give an Arrow table"),
        (lambda: VizlyChart.bar(rows(1), x="service", top=0), "top is 0"),
        (lambda: VizlyChart.bar(rows(1), x="service", y="team"), "is no number"),
        (lambda: VizlyChart.bar(rows(1), x="service", colour="red"), "colour: Extra inputs"),
        (lambda: VizlyChart.line(rows(4001), series="service"), "20,005 rows are too many"),
        (lambda: VizlyChart.from_json('{"chart": "pie"}'), "chart: Input should be 'line'"),
        (lambda: VizlyChart.from_spec({"chart": "kpi", "columns": [], "value": "cost"}), "there is no column 'cost'"),
        (lambda: one_of_each()["bar"].save("chart.gif"), "not saved as '.gif'. Use .svg, .png, .pdf, .html, .json"),
        (lambda: one_of_each()["bar"].save("/nowhere/at/all/chart.svg"), "cannot be written"),
        (lambda: one_of_each()["bar"].to_png(scale=9), "The scale is 9"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(make: Any, told: str) -> None:
    with pytest.raises(ChartError, match=re.escape(told)) as caught:
        make()
    assert isinstance(caught.value, FinOpsError)
    assert caught.value.cure


def test_a_file_is_what_it_is_called(tmp_path: Path) -> None:
    chart = one_of_each()["area"]
    begins = {"svg": b"<svg ", "png": b"\x89PNG", "pdf": b"%PDF-", "html": b"<!doctype html>", "json": b'{"version":1'}
    for suffix, begin in begins.items():
        assert chart.save(tmp_path / f"chart.{suffix}").read_bytes().startswith(begin)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"chart.{suffix}" for suffix in begins)
    assert VizlyChart.from_json((tmp_path / "chart.json").read_text()).spec == chart.spec


def test_a_file_that_cannot_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    path = one_of_each()["bar"].save(tmp_path / "chart.svg")
    before = path.read_bytes()
    with pytest.raises(ChartError):
        one_of_each()["bar"].save(path, width=1)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_holds_the_table_and_nothing_from_elsewhere() -> None:
    for interactive in (False, True):
        page = one_of_each()["table"].to_html(interactive=interactive)
        assert "default-src 'none'" in page
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
        assert page.count("<script") == (2 if interactive else 0), "only its own"
        assert '<td class="right">100.02 USD</td>' in page


def test_a_spec_cannot_end_its_block() -> None:
    page = one_of_each("</script><script>alert(1)</script><!--")["bar"].to_html(interactive=True)
    block = re.search(r"<script type=\"application/json\"[^>]*>(.*?)</script>", page, re.DOTALL)
    assert block is not None
    assert "<" not in block[1]
    assert json.loads(block[1])["title"] == "</script><script>alert(1)</script><!--"


def test_a_notebook_is_shown_the_picture_and_the_table() -> None:
    bundle = one_of_each()["bar"]._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["image/svg+xml"] in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert HOSTILE not in bundle["text/html"]
    assert bundle["text/plain"] == "<VizlyChart bar, 5 rows>"


def told(sort: str, currency: str | None, locale: str, amounts: list[str]) -> tuple[list[str], list[str]]:
    """What the axis and the table twin make of amounts: the axis of 0, 1,234.5 and -1,000,000."""
    from finopsmetrics.vizlychart import drawing

    data = [{"period": f"2026-0{at + 1}-01", "cost": Decimal(one), "currency": currency} for at, one in enumerate(amounts)]
    spec = getattr(VizlyChart, sort)(data, locale=locale).spec
    axis = drawing.option(spec)["yAxis"]["axisLabel"]["formatter"]
    return axis[:3], [row[1] for row in drawing.twin(spec)["rows"]]


@pytest.mark.parametrize(
    ("currency", "locale", "axis", "cells"),
    [
        ("USD", "en-US", ["$0", "$1.23k", "−$1M"], ["1,234.50 USD", "−0.01 USD"]),
        ("EUR", "de-DE", ["0 €", "1,23k €", "−1M €"], ["1.234,50 EUR", "−0,01 EUR"]),
        ("CHF", "en-US", ["0 CHF", "1.23k CHF", "−1M CHF"], ["1,234.50 CHF", "−0.01 CHF"]),
        ("XXX", "en-US", ["0 XXX", "1.23k XXX", "−1M XXX"], ["1,234.50 XXX", "−0.01 XXX"]),
        ("not a code", "no-such-locale-at-all", ["0 not a code", "1.23k not a code", "−1M not a code"], None),
        (None, "en-US", ["0", "1.23k", "−1M"], ["1,234.50", "−0.01"]),
    ],
)
def test_money_is_written_in_its_currency_and_locale(
    currency: str | None, locale: str, axis: list[str], cells: list[str] | None
) -> None:
    found = told("line", currency, locale, ["1234.5", "-0.011"])
    assert found[0] == axis
    assert cells is None or found[1] == cells


def test_a_month_is_named_in_its_locale() -> None:
    from finopsmetrics.vizlychart import drawing

    def tick(locale: str, days: list[datetime]) -> str:
        spec = VizlyChart.line([{"period": day, "cost": 1} for day in days], locale=locale).spec
        return str(drawing.option(spec)["xAxis"]["axisLabel"]["formatter"][3])

    daily = [datetime(2026, 5, 1), datetime(2026, 5, 2)]
    assert tick("en-US", daily) == "Nov 3"
    assert tick("de-DE", daily) == "3. Nov."
    assert tick("de-DE", [datetime(2026, 5, 1), datetime(2026, 6, 1)]) == "Nov. 2026"


def test_it_is_found_where_the_package_is() -> None:
    assert finopsmetrics.VizlyChart is VizlyChart
