"""What is beyond doubt is repaired and counted; an amount is never guessed at."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.sqltext import NULL_WORDS
from tests.focus.reading import read_file, read_rows
from tests.store.bills import charge, write_csv

AS_FOCUS_WRITES_TIMES = "time written as FOCUS writes it (UTC)"


def test_a_clean_bill_is_read_without_any_repair(tmp_path: Path) -> None:
    read = read_rows(tmp_path, charge("1.25"), charge("-0.000000000000000001", "Storage", day=2, Tags=""))
    assert (read.repairs, read.warnings, read.rejected) == ({}, {}, [])
    assert [row["BilledCost"] for row in read.rows] == [Decimal("1.25"), Decimal("-1e-18")]
    assert read.rows[0]["ChargePeriodStart"] == datetime(2026, 5, 1)
    assert (read.rows[0]["Tags"], read.rows[1]["Tags"]) == ('{"team":"red"}', None)
    assert read.found.periods == ["2026-05"]


def test_words_for_nothing_are_nothing(tmp_path: Path) -> None:
    rows = [
        charge(day=day, ResourceId=word, Tags=word, EffectiveCost=word) for day, word in enumerate(["", *NULL_WORDS], start=1)
    ]
    read = read_rows(tmp_path, *rows, charge(day=9, ResourceId="NULLABLE", ServiceName="None"))
    assert read.rejected == []
    for name in ("ResourceId", "Tags", "EffectiveCost"):
        assert {row[name] for row in read.rows[:-1]} == {None}
        assert read.repairs[name, "a word for nothing read as NULL"] == len(NULL_WORDS)
    assert (read.rows[-1]["ResourceId"], read.rows[-1]["ServiceName"]) == ("NULLABLE", "None")


def test_odd_times_are_read_as_utc(tmp_path: Path) -> None:
    odd = {
        "2026-05-02T00:00:00": datetime(2026, 5, 2),  # no zone
        "2026-05-02 00:00:00": datetime(2026, 5, 2),
        "2026-05-02T00:00Z": datetime(2026, 5, 2),  # no seconds
        "2026-05-02T02:00:00+02:00": datetime(2026, 5, 2),
        "2026-05-01T19:00:00-05:00": datetime(2026, 5, 2),
        "2026-05-02": datetime(2026, 5, 2),
        "2026-05-02T00:00:00.000Z": datetime(2026, 5, 2),
        " 2026-05-02T00:00:00Z ": datetime(2026, 5, 2),
        "2026-05-02T00:00:00.123456Z": datetime(2026, 5, 2, 0, 0, 0, 123456),
    }
    rows = [charge(ChargePeriodStart=text, ChargePeriodEnd="2026-05-03T00:00:00Z") for text in odd]
    read = read_rows(tmp_path, *rows, charge())
    assert read.rejected == []
    assert [row["ChargePeriodStart"] for row in read.rows[:-1]] == list(odd.values())
    # Blanks around a time that is else as FOCUS writes it are nothing to tell of.
    assert read.repairs["ChargePeriodStart", AS_FOCUS_WRITES_TIMES] == len(odd) - 1


@pytest.mark.parametrize(
    ("start", "end", "read_as"),
    [
        ("5/1/2026", "6/1/2026", datetime(2026, 5, 1)),
        ("5/1/26", "6/1/26", datetime(2026, 5, 1)),
        ("1/5/2026", "1/6/2026", datetime(2026, 5, 1)),  # a month from 1 May, where the other reading is one day in January
        ("12/1/2026", "1/1/2027", datetime(2026, 12, 1)),
        ("2026/05/01", "2026/06/01", datetime(2026, 5, 1)),
    ],
)
def test_dates_with_slashes_are_read_where_whole_months_prove_the_order(
    tmp_path: Path, start: str, end: str, read_as: datetime
) -> None:
    row = charge(BillingPeriodStart=start, BillingPeriodEnd=end, ChargePeriodStart=start, ChargePeriodEnd=end)
    read = read_rows(tmp_path, row)
    assert read.rows[0]["BillingPeriodStart"] == read.rows[0]["ChargePeriodStart"] == read_as
    assert read.repairs["BillingPeriodStart", AS_FOCUS_WRITES_TIMES] == 1


@pytest.mark.parametrize(("start", "end"), [("5/1/2026", "5/31/2026"), ("13/13/2026", "14/14/2026")])
def test_dates_with_slashes_are_refused_where_nothing_proves_the_order(tmp_path: Path, start: str, end: str) -> None:
    read = read_rows(tmp_path, charge(), charge("7", BillingPeriodStart=start, BillingPeriodEnd=end))
    assert read.places == [(3, "BillingPeriodEnd")]
    assert read.rejected[0].reason == "not a date or time"
    assert read.quarantined == {"USD": {"billed": "7.000000000000000000", "effective": "7.000000000000000000"}}


def test_one_billing_period_that_is_no_month_leaves_the_order_unproved_for_all(tmp_path: Path) -> None:
    months = charge(BillingPeriodStart="5/1/2026", BillingPeriodEnd="6/1/2026")
    odd = charge(day=2, BillingPeriodStart="5/4/2026", BillingPeriodEnd="6/4/2026")
    assert read_rows(tmp_path, charge(), months, odd).places == [(3, "BillingPeriodEnd"), (4, "BillingPeriodEnd")]


def test_values_of_closed_lists_are_written_as_focus_writes_them(tmp_path: Path) -> None:
    rows = [
        charge(ChargeCategory="usage", ChargeFrequency="usage based", PricingCategory="STANDARD"),
        charge(ChargeCategory="TAX", ChargeFrequency="One-Time", PricingCategory="", day=2),
        charge(ChargeCategory="Usages", day=3),
    ]
    read = read_rows(tmp_path, *rows)
    assert [row["ChargeCategory"] for row in read.rows] == ["Usage", "Tax"]
    assert [row["ChargeFrequency"] for row in read.rows] == ["Usage-Based", "One-Time"]
    assert [row["PricingCategory"] for row in read.rows] == ["Standard", None]
    assert read.repairs["ChargeCategory", "written as FOCUS writes the value"] == 2
    assert read.places == [(4, "ChargeCategory")]
    assert read.rejected[0].reason.startswith("not one of ")
    assert "Usage" in read.rejected[0].reason


def test_open_lists_keep_what_is_not_on_them_and_say_so(tmp_path: Path) -> None:
    read = read_rows(tmp_path, charge(ServiceCategory="compute"), charge(ServiceCategory="Robots", day=2))
    assert [row["ServiceCategory"] for row in read.rows] == ["Compute", "Robots"]
    assert read.warnings == {("ServiceCategory", "not on the FOCUS list"): 1}


def test_tags_without_braces_get_them_and_what_is_no_object_is_rejected(tmp_path: Path) -> None:
    tags = ['{"a":"1"}', '"a":"1", "b":"2"', "", "a=1", "[1]", '"a"']
    read = read_rows(tmp_path, *(charge(day=day, Tags=text) for day, text in enumerate(tags, start=1)))
    assert [json.loads(row["Tags"]) if row["Tags"] else None for row in read.rows] == [{"a": "1"}, {"a": "1", "b": "2"}, None]
    assert read.repairs["Tags", "braces added"] == 1
    assert [(row.line, row.column, row.reason) for row in read.rejected] == [(n, "Tags", "not a JSON object") for n in (5, 6, 7)]


def test_amounts_are_mended_where_it_is_sure(tmp_path: Path) -> None:
    amounts = {"$10,000.00": "10000", "(3.20)": "-3.2", "1.5e3": "1500", " 2.50 ": "2.5", "1,234,567.8": "1234567.8"}
    rows = [charge(day=day, BilledCost=text) for day, text in enumerate(amounts, start=1)]
    rows += [charge(day=9, BilledCost="0.1234567890123456785"), charge(day=10, BilledCost="1,234")]
    read = read_rows(tmp_path, *rows)
    assert [row["BilledCost"] for row in read.rows] == [*map(Decimal, amounts.values()), Decimal("0.123456789012345678")]
    assert read.repairs["BilledCost", "currency sign, grouping commas or brackets taken off"] == 3
    assert read.repairs["BilledCost", "rounded half-even to 18 fractional digits"] == 1
    # 1,234 is a thousand or a bit more than one: nobody can tell.
    assert [(row.line, row.column, row.reason) for row in read.rejected] == [(8, "BilledCost", "not a number")]
    assert '"BilledCost": "1,234"' in read.rejected[0].row


def test_unknown_columns_are_kept(tmp_path: Path) -> None:
    read = read_rows(
        tmp_path, charge(**{"Cost Center": "42", "x_Team": "NULL"}), charge(day=2, **{"Cost Center": "", "x_Team": "a,b"})
    )
    assert [(row["x_Cost_Center"], row["x_Team"]) for row in read.rows] == [("42", None), (None, "a,b")]
    assert read.rejected == []


@pytest.mark.parametrize(
    ("provider", "publisher", "service", "host"),
    [
        ("AWS", "Amazon Web Services, Inc.", "AWS", "AWS"),
        ("Microsoft", "Databricks", "Databricks", "Microsoft"),
        ("Oracle", "oracle", "Oracle", "Oracle"),
        ("AWS", "", "AWS", "AWS"),
    ],
)
def test_provider_and_publisher_of_old_versions_become_the_entities_of_1_4(
    tmp_path: Path, provider: str, publisher: str, service: str, host: str
) -> None:
    row = charge(ProviderName=provider, PublisherName=publisher)
    del row["ServiceProviderName"]
    path = tmp_path / "old.csv"
    path.write_text(",".join(row) + "\n" + ",".join('"' + value.replace('"', '""') + '"' for value in row.values()) + "\n")
    found = read_file(path).rows[0]
    assert (found["ServiceProviderName"], found["HostProviderName"]) == (service, host)
    assert (found["x_ProviderName"], found["x_PublisherName"]) == (provider, publisher or None)


@pytest.mark.parametrize(("given", "service"), [("", "redis.io"), ("Redis", "Redis")])
def test_a_publisher_alone_is_who_provides_and_is_kept(tmp_path: Path, given: str, service: str) -> None:
    row = charge(PublisherName="redis.io", ServiceProviderName=given)
    path = tmp_path / "old.csv"
    path.write_text(",".join(row) + "\n" + ",".join('"' + value.replace('"', '""') + '"' for value in row.values()) + "\n")
    found = read_file(path).rows[0]
    assert (found["ServiceProviderName"], found["x_PublisherName"]) == (service, "redis.io")
    assert "x_ProviderName" not in found


def test_a_bill_without_currency_is_kept_apart_or_gets_the_one_that_is_given(tmp_path: Path) -> None:
    row = {name: value for name, value in charge().items() if name != "BillingCurrency"}
    path = tmp_path / "bare.csv"
    path.write_text(",".join(row) + "\n" + ",".join('"' + value.replace('"', '""') + '"' for value in row.values()) + "\n")
    assert read_file(path).rows[0]["BillingCurrency"] == "XXX"
    assert any("--currency" in note for note in read_file(path).found.plan.notes)
    assert read_file(path, currency="EUR").rows[0]["BillingCurrency"] == "EUR"


@pytest.mark.parametrize(("text", "told"), [("1e300", "too large for an amount"), ("-1e20", "too large for an amount")])
def test_an_amount_beyond_all_measure_refuses_the_delivery(tmp_path: Path, text: str, told: str) -> None:
    path = write_csv(tmp_path / "bill.csv", [charge(), charge(day=2, BilledCost=text)])
    with pytest.raises(DeliveryError, match=told) as caught:
        read_file(path)
    assert "bill.csv, line 3: BilledCost" in str(caught.value)
