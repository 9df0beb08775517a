"""Windows: what people write, and the laws that hold for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from finopsmetrics.core.errors import WindowError
from finopsmetrics.core.windows import Window

NOW = datetime(2026, 5, 17, 10, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def parse(text: str, now: datetime = NOW, fiscal: int = 1) -> Window:
    return Window.parse(text, now=now, fiscal_start_month=fiscal)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("30d", "2026-04-18 … 2026-05-17"),
        ("1d", "2026-05-17"),
        ("4w", "2026-04-20 … 2026-05-17"),
        ("12h", "2026-05-16 23:00 … 2026-05-17 11:00 UTC"),
        ("12m", "2025-06-01 … 2026-05-31"),
        ("1M", "2026-05-01 … 2026-05-31"),
        ("2y", "2025-01-01 … 2026-12-31"),
        ("today", "2026-05-17"),
        ("yesterday", "2026-05-16"),
        ("mtd", "2026-05-01 … 2026-05-17"),
        ("QTD", "2026-04-01 … 2026-05-17"),
        ("ytd", "2026-01-01 … 2026-05-17"),
        ("last-month", "2026-04-01 … 2026-04-30"),
        ("last-quarter", "2026-01-01 … 2026-03-31"),
        ("last-year", "2025-01-01 … 2025-12-31"),
        ("2026-05", "2026-05-01 … 2026-05-31"),
        ("2026-05-17", "2026-05-17"),
        ("2026", "2026-01-01 … 2026-12-31"),
        ("2026-Q2", "2026-04-01 … 2026-06-30"),
        ("FY2026", "2026-01-01 … 2026-12-31"),
        ("all", "all time"),
        ("2026-05..2026-07", "2026-05-01 … 2026-07-31"),
        ("2026-05-01..2026-05-31", "2026-05-01 … 2026-05-31"),
        ("2026-Q1..2026", "2026-01-01 … 2026-12-31"),
        ("2026-05-01..", "from 2026-05-01"),
        ("..2026-05-31", "until 2026-05-31"),
        ("2026-05-01T10:00Z..2026-05-01T12:30:15+02:00", "2026-05-01 10:00 … 2026-05-01 10:30:15 UTC"),
        ("2026-05-01 00:00..2026-05-02 00:00", "2026-05-01"),
    ],
)
def test_forms(text: str, label: str) -> None:
    assert parse(text).label() == label
    assert parse(f" {text} ").text == text


@pytest.mark.parametrize(
    ("text", "fiscal", "label"),
    [
        ("FY2026", 4, "2025-04-01 … 2026-03-31"),
        ("FY2026-Q1", 4, "2025-04-01 … 2025-06-30"),
        ("fy2026-q4", 10, "2026-07-01 … 2026-09-30"),
        ("fytd", 7, "2025-07-01 … 2026-05-17"),
        ("fytd", 1, "2026-01-01 … 2026-05-17"),
        ("fytd", 5, "2026-05-01 … 2026-05-17"),
        ("2026-Q1", 4, "2026-01-01 … 2026-03-31"),
    ],
)
def test_fiscal_years_carry_the_year_they_end_in(text: str, fiscal: int, label: str) -> None:
    assert parse(text, fiscal=fiscal).label() == label


@pytest.mark.parametrize(
    ("text", "now", "label"),
    [
        ("2026-05", NOW, "2026-04-01 … 2026-04-30"),
        ("2026-03", NOW, "2026-02-01 … 2026-02-28"),
        ("2026-Q1", NOW, "2025-10-01 … 2025-12-31"),
        ("2026-05..2026-07", NOW, "2026-02-01 … 2026-04-30"),
        ("2026-05-01..2026-05-31", NOW, "2026-04-01 … 2026-04-30"),
        ("2026-05-02..2026-05-03", NOW, "2026-04-30 … 2026-05-01"),
        ("30d", NOW, "2026-03-19 … 2026-04-17"),
        ("30d", datetime(2026, 4, 30, tzinfo=UTC), "2026-03-02 … 2026-03-31"),
        ("12h", NOW, "2026-05-16 11:00 … 2026-05-16 23:00 UTC"),
        ("mtd", NOW, "2026-04-01 … 2026-04-17"),
        ("mtd", datetime(2026, 3, 31, tzinfo=UTC), "2026-02-01 … 2026-02-28"),
        ("qtd", NOW, "2026-01-01 … 2026-02-16"),
        ("ytd", datetime(2024, 12, 31, tzinfo=UTC), "2023-01-01 … 2023-12-31"),
    ],
)
def test_previous(text: str, now: datetime, label: str) -> None:
    assert parse(text, now).previous().label() == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "0d",
        "99999999d",
        "-1d",
        "30",
        "2026-13",
        "2026-02-30",
        "2026-Q5",
        "9999",
        "0000-01",
        "last-week",
        "1.5d",
        "2026-05..2026-04",
        "30d..today",
        "2026-05-01T25:00..",
        "2026-05...2026-06",
        "٣٠d",
        "a..b",
        "2026-05-01T10:00",
    ],
)
def test_errors_name_the_cure(text: str) -> None:
    with pytest.raises(WindowError) as caught:
        parse(text)
    assert caught.value.cure


def test_unbounded_windows_say_so() -> None:
    for text in ("all", "2026-05-01..", "..2026-05-01"):
        for method in (Window.previous, Window.days, Window.months):
            with pytest.raises(WindowError, match="unbounded"):
                method(parse(text))
    assert parse("all").start is None
    assert parse("all").contains(NOW)
    assert not parse("2026-05-18..").contains(NOW)


def test_naive_times_are_refused() -> None:
    with pytest.raises(WindowError, match="time zone"):
        parse("30d", now=datetime(2026, 5, 17))
    with pytest.raises(WindowError, match="time zone"):
        parse("30d").contains(datetime(2026, 5, 17))
    with pytest.raises(WindowError, match="time zone"):
        Window(datetime(2026, 5, 17), None)
    with pytest.raises(WindowError, match="month"):
        parse("30d", fiscal=13)


nows = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
dates = st.dates(datetime(1990, 1, 1).date(), datetime(2100, 1, 1).date())
years = st.integers(1990, 2100)
rolling = st.builds(lambda count, unit: f"{count}{unit}", st.integers(1, 400), st.sampled_from("hdwmy"))
named = st.sampled_from(["today", "yesterday", "mtd", "qtd", "ytd", "fytd", "last-month", "last-quarter", "last-year"])
periods = st.one_of(
    years.map(str),
    years.map("FY{}".format),
    st.builds("{}-Q{}".format, years, st.integers(1, 4)),
    st.builds("FY{}-Q{}".format, years, st.integers(1, 4)),
    st.builds("{}-{:02}".format, years, st.integers(1, 12)),
    dates.map(str),
)
ranges = st.builds(lambda sides: "{}..{}".format(*sorted(sides)), st.tuples(dates, dates))
bounded = st.one_of(rolling, named, periods, ranges)


@given(bounded, nows, st.integers(1, 12))
@example("mtd", datetime(2026, 1, 1, tzinfo=UTC), 1)
def test_laws_of_bounded_windows(text: str, now: datetime, fiscal: int) -> None:
    window = parse(text, now, fiscal)
    assert window.start is not None
    assert window.end is not None
    assert window.start.tzinfo is UTC
    assert window.end.tzinfo is UTC
    assert window.start < window.end
    assert window.contains(window.start)
    assert window.contains(window.end - timedelta(microseconds=1))
    assert not window.contains(window.end)
    months = window.months()
    assert months[0][0] <= window.start < months[0][1]
    assert months[-1][0] < window.end <= months[-1][1]
    assert all(before[1] == after[0] for before, after in pairwise(months))
    assert all(start.day == 1 and 28 <= (end - start).days <= 31 for start, end in months)
    if window.kind != "hours":
        assert window.days() * DAY == window.end - window.start


@given(bounded, nows, st.integers(1, 12))
def test_laws_of_previous(text: str, now: datetime, fiscal: int) -> None:
    window = parse(text, now, fiscal)
    before = window.previous()
    assert before.kind == window.kind
    assert before.end is not None
    assert window.start is not None
    if window.kind == "to-date":
        assert before.end <= window.start
        assert before.days() <= window.days()
        assert before.end == window.start or before.days() == window.days()
    else:
        assert before.end == window.start
    if window.kind == "months":
        assert len(before.months()) == len(window.months())
    if window.kind in ("days", "hours"):
        assert before.days() == window.days() or window.kind == "hours"


@given(bounded, nows, st.integers(1, 12))
def test_the_text_of_a_computed_window_reads_back(text: str, now: datetime, fiscal: int) -> None:
    before = parse(text, now, fiscal).previous()
    assert parse(before.text, now) == before


@given(rolling, nows, st.integers(-14, 14))
def test_the_zone_of_now_does_not_matter(text: str, now: datetime, hours: int) -> None:
    assert parse(text, now.astimezone(timezone(timedelta(hours=hours)))) == parse(text, now)


@given(st.one_of(rolling, named), nows)
def test_windows_up_to_now_reach_now(text: str, now: datetime) -> None:
    assume(text != "yesterday" and not text.startswith("last"))
    assert parse(text, now).contains(now)


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[0-9fyq.dhwm:TZ+-]{1,30}", fullmatch=True)))
def test_any_text_gives_a_window_or_a_window_error(text: str) -> None:
    try:
        window = parse(text)
    except WindowError:
        return
    assert window.text == text.strip()
