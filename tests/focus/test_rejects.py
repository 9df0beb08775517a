"""Rejected rows: their line, column and reason; and accepted + quarantined = delivered."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.observability.sql import run_sql
from finopsmetrics.runtime.workspace import Workspace
from tests.focus.reading import csv_line, read_file, read_rows, write_lines
from tests.store.bills import charge, write_csv

REASONS = {
    "ChargePeriodStart": ("soon", "not a date or time"),
    "ChargePeriodEnd": ("2026-04-01T00:00:00Z", "ends before it starts"),
    "BillingPeriodEnd": ("2026-04-01T00:00:00Z", "ends before it starts"),
    "BillingPeriodStart": ("", "missing"),
    "BillingCurrency": ("", "missing"),
    "ChargeCategory": ("", "missing"),
    "BilledCost": ("12 apples", "not a number"),
    "ListCost": ("many", "not a number"),
    "Tags": ("red", "not a JSON object"),
}


def test_each_reason_is_told_with_its_column(tmp_path: Path) -> None:
    rows = [charge(**{name: text}) for name, (text, _) in REASONS.items()]
    read = read_rows(tmp_path, charge("100"), *rows)
    told = {row.column: row.reason for row in read.rejected}
    assert told == {name: reason for name, (_, reason) in REASONS.items()}
    assert [row.line for row in read.rejected] == list(range(3, 3 + len(REASONS)))


def test_a_year_that_cannot_be_is_rejected(tmp_path: Path) -> None:
    first, last = "0026-05-01T00:00:00Z", "0026-06-01T00:00:00Z"
    read = read_rows(tmp_path, charge(), charge(ChargePeriodStart=first, ChargePeriodEnd=last))
    assert [(row.column, row.reason) for row in read.rejected] == [("ChargePeriodStart", "outside the years 1990 to 2200")]


def test_lines_are_right_after_quoted_line_ends_and_lines_that_were_no_rows(tmp_path: Path) -> None:
    good, bad = charge(ResourceId="one\ntwo\r\nthree"), charge(BilledCost="x")
    lines = [csv_line(good), csv_line(bad), "too,few\n", csv_line(good), csv_line(bad), "a," * 40 + "\n", csv_line(bad)]
    path = write_lines(tmp_path / "bill.csv", *lines)
    wanted = []
    at = 2
    for line in lines:
        if line in (lines[1], lines[2], lines[5]):
            wanted.append((at, "BilledCost" if line == lines[1] else None))
        at += line.count("\n")
    read = read_file(path)
    assert [row.line for row in read.rejected] == [line for line, _ in wanted]
    assert [row.column for row in read.rejected if row.reason == "not a number"] == ["BilledCost"] * 3
    assert [row["ResourceId"] for row in read.rows] == ["one\ntwo\r\nthree"] * 2
    assert len(read.rows) + len(read.rejected) == len(lines)


def test_a_rejected_row_of_several_lines_is_named_by_its_first(tmp_path: Path) -> None:
    lines = [
        csv_line(charge(BilledCost="x", ResourceId="a\nb")),
        csv_line(charge()),
        csv_line(charge(BilledCost="y", ResourceId="c\nd\ne")),
    ]
    assert read_file(write_lines(tmp_path / "bill.csv", *lines)).places == [(2, "BilledCost"), (5, "BilledCost")]


def test_a_line_that_was_no_row_may_itself_span_lines(tmp_path: Path) -> None:
    lines = ['"a\nb",2\n', csv_line(charge(BilledCost="x")), csv_line(charge())]
    read = read_file(write_lines(tmp_path / "bill.csv", *lines))
    assert [row.line for row in read.rejected] == [2, 4]


def test_a_bill_of_nothing_but_bad_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"no row that can be accepted\. bill\.csv, line 2: BilledCost not a number"):
        read_rows(tmp_path, charge(BilledCost="x"))


GOOD, BAD_TAGS, BAD_TIME, BAD_COST, NO_ROW = "good", "tags", "time", "cost", "no row"
amounts = st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=18)
delivered = st.lists(st.tuples(st.sampled_from([GOOD, GOOD, BAD_TAGS, BAD_TIME, BAD_COST, NO_ROW]), amounts), max_size=12)


def line_of(kind: str, amount: Decimal) -> str:
    changes = {BAD_TAGS: {"Tags": "red"}, BAD_TIME: {"ChargePeriodStart": "soon"}}.get(kind, {})
    return (
        f"{amount:f},\n" if kind == NO_ROW else csv_line(charge(BilledCost="x" if kind == BAD_COST else f"{amount:f}", **changes))
    )


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(delivered)
def test_accepted_and_quarantined_are_what_was_delivered(parts: list[tuple[str, Decimal]]) -> None:
    parts = [(GOOD, Decimal("0.01")), *parts]
    with tempfile.TemporaryDirectory() as folder:
        read = read_file(write_lines(Path(folder, "bill.csv"), *(line_of(*part) for part in parts)))
    assert len(read.rows) + len(read.rejected) == len(parts)
    assert [row["BilledCost"] for row in read.rows] == [amount for kind, amount in parts if kind == GOOD]
    assert sum(entry.rows for entry in read.found.sums) == len(read.rows)
    summed = sum(Decimal(entry.billed or 0) for entry in read.found.sums)
    aside = Decimal(read.quarantined.get("USD", {}).get("billed", "0"))
    # An amount that cannot be read cannot be summed; every other one is in one of the two sums.
    assert summed + aside == sum(amount for kind, amount in parts if kind not in {BAD_COST, NO_ROW})
    assert [row.line for row in read.rejected] == [n for n, (kind, _) in enumerate(parts, start=2) if kind != GOOD]


def test_the_report_and_the_quarantine_table_tell_the_same(workspace: Workspace, tmp_path: Path) -> None:
    rows = [charge("1.10"), charge("2.20", ChargeCategory="Gift", day=2), charge("4.40", "Storage", day=3, x_Team="red")]
    path = write_csv(tmp_path / "bill.csv", [rows[0] | {"x_Team": "blue"}, *rows[1:]])
    report = workspace.ingest([path])[0]
    assert (report.rows, report.accepted, report.quarantined) == (3, 2, 1)
    assert Decimal(report.totals["USD"]["billed"]) + Decimal(report.quarantined_totals["USD"]["billed"]) == Decimal("7.7")
    assert [(row["file"], row["line"], row["column"]) for row in report.rejected] == [("bill.csv", 3, "ChargeCategory")]
    kept = run_sql(workspace.opened, 'SELECT file, line, "column", billed, x_fm_period FROM quarantine').to_pylist()
    assert kept == [
        {"file": "bill.csv", "line": 3, "column": "ChargeCategory", "billed": Decimal("2.2"), "x_fm_period": "2026-05"}
    ]
    teams = run_sql(workspace.opened, "SELECT x_Team FROM cost_and_usage ORDER BY 1").to_pylist()
    assert teams == [{"x_Team": "blue"}, {"x_Team": "red"}]
