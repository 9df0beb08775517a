"""Laws over made-up deliveries: no mapping gains or loses money, whatever the lines are."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.integrations.native import Native
from tests.integrations.cur import PLAN, RESERVED, as_legacy, line
from tests.integrations.reading import read_native, write_native
from tests.integrations.test_azure import row as azure_row

AMOUNTS = st.decimals(min_value=-(10**6), max_value=10**6, places=10, allow_nan=False).map(lambda value: f"{value:f}")
CREDITS = st.sampled_from(["PROMOTION", "DISCOUNT", "COMMITTED_USAGE_DISCOUNT", "SUSTAINED_USAGE_DISCOUNT"])
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
NET_KINDS = ("EdpDiscount", "PrivateRateDiscount", "Discount")
KINDS = (
    "Usage",
    "DiscountedUsage",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "RIFee",
    "Fee",
    "Tax",
    "Credit",
    "Refund",
    *NET_KINDS,
)


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, str]]:
    """Line items of any kind, with net costs or without, of two invoices and two currencies."""
    netted = draw(st.booleans())
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        kind, cost = draw(st.sampled_from(KINDS)), draw(AMOUNTS)
        more = {
            "bill_invoice_id": draw(st.sampled_from(["", "7"])),
            "line_item_currency_code": draw(st.sampled_from(["USD", "EUR"])),
        }
        if netted:
            more["line_item_net_unblended_cost"] = draw(st.one_of(st.just(""), AMOUNTS))
        if kind.startswith("SavingsPlan"):
            more |= {"savings_plan_savings_plan_a_r_n": PLAN, "savings_plan_savings_plan_effective_cost": draw(AMOUNTS)}
            more |= {"savings_plan_total_commitment_to_date": draw(AMOUNTS), "savings_plan_used_commitment": draw(AMOUNTS)}
        if kind in {"DiscountedUsage", "RIFee"}:
            more |= {"reservation_reservation_a_r_n": RESERVED, "reservation_effective_cost": draw(AMOUNTS)}
            more |= {"reservation_unused_recurring_fee": draw(AMOUNTS)}
        rows.append(line(kind, cost, **more))
    # Of negations alone nothing is left, and a delivery without a charge is refused.
    return [*rows, line("Usage", draw(AMOUNTS))]


def invoiced(rows: list[dict[str, str]]) -> dict[tuple[str, str], Decimal]:
    """What each invoice charges: gross with its discount lines, else the net costs where there are any."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    discounted = {_invoice(row) for row in rows if row["line_item_line_item_type"] in NET_KINDS}
    for row in rows:
        net = row.get("line_item_net_unblended_cost", "")
        gross = row["line_item_unblended_cost"]
        sums[_invoice(row)] += Decimal(gross if _invoice(row) in discounted else net or gross)
    return {key: total for key, total in sums.items() if total}


def _invoice(row: dict[str, str]) -> tuple[str, str]:
    return row["line_item_currency_code"], row["bill_invoice_id"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines(), st.booleans())
def test_a_cost_and_usage_report_sums_to_its_invoices(rows: list[dict[str, str]], legacy: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "cur.csv", as_legacy(rows) if legacy else rows))
    assert not found.rejected
    billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in found.rows:
        billed[row["BillingCurrency"], row["InvoiceId"] or ""] += row["BilledCost"]
    assert {key: total for key, total in billed.items() if total} == invoiced(rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines())
def test_fees_of_commitments_are_spread_and_never_counted_twice(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "cur.csv", rows))
    for row in found.rows:
        if row["CommitmentDiscountStatus"] == "Unused":
            assert row["BilledCost"] == 0
        if row["ChargeCategory"] == "Purchase" and row["CommitmentDiscountId"]:
            assert row["EffectiveCost"] == 0
    covered = [row for row in rows if row["line_item_line_item_type"] == "SavingsPlanCoveredUsage"]
    used = [
        row for row in found.rows if row["CommitmentDiscountType"] == "Savings Plan" and row["CommitmentDiscountStatus"] == "Used"
    ]
    told = sum((Decimal(row["savings_plan_savings_plan_effective_cost"]) for row in covered), Decimal(0))
    assert sum((row["EffectiveCost"] for row in used), Decimal(0)) == told


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.floats(-1e12, 1e12), st.decimals(-(10**5), 10**5, places=10).map(float)), min_size=1, max_size=20))
def test_a_double_is_the_number_that_its_shortest_text_says(numbers: list[float]) -> None:
    native = Native({"cost": "cost"}, {"cost": "DOUBLE"})
    native.amount("cost")
    table = duckdb.connect()
    table.execute("CREATE TABLE r (cost DOUBLE)")
    table.executemany("INSERT INTO r VALUES (?)", [[number] for number in numbers])
    read = [row[0] for row in table.execute(f"SELECT {native.steps['m:cost']} FROM r").fetchall()]
    assert read == [Decimal(repr(number)).quantize(Decimal("1e-18"), context=WIDE) for number in numbers]


def test_the_sql_of_an_odd_amount_stays_small() -> None:
    """What stands in an expression many times is bound many times: it was 40 times the work of the mapping."""
    native = Native({"cost": "cost", "day": "day"}, {"cost": "VARCHAR", "day": "VARCHAR"}, {"odd:cost": 1})
    native.amount("cost")
    native.time("day", "%d.%m.%Y", "%m/%d/%Y")
    assert all(sql.count('r."cost"') + sql.count('r."day"') < 30 for sql in [*native.texts.values(), *native.steps.values()])
    assert native.texts["a:cost"].count("regexp") < 5


CHARGE_TYPES = st.sampled_from(["Usage", "Purchase", "Refund", "Tax", "RoundingAdjustment"])
_DIGITS = st.from_regex(r"-?(0|[1-9][0-9]{0,5})[.][0-9]{1,6}", fullmatch=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_DIGITS, CHARGE_TYPES), min_size=1, max_size=8))
def test_an_actual_azure_view_sums_to_its_own_costs_with_points_or_commas(rows: list[tuple[str, str]]) -> None:
    made = [azure_row(cost, charge) for cost, charge in rows]
    commas = [{**row, "CostInBillingCurrency": row["CostInBillingCurrency"].replace(".", ",")} for row in made]
    proof = azure_row("0,05")
    with tempfile.TemporaryDirectory() as folder:
        points = read_native(write_native(Path(folder) / "points.csv", made))
        german = read_native(write_native(Path(folder) / "commas.csv", [*commas, proof]))
    own = sum((Decimal(cost) for cost, _ in rows), Decimal(0))
    assert not points.rejected
    assert points.total() == points.total("EffectiveCost") == own
    assert not german.rejected
    assert german.total() == own + Decimal("0.05")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(AMOUNTS, st.lists(st.tuples(CREDITS, AMOUNTS), max_size=3)), min_size=1, max_size=6))
def test_a_google_export_sums_to_its_costs_with_all_credits(rows: list[tuple[str, list[tuple[str, str]]]]) -> None:
    made = [google_row(cost, given) for cost, given in rows]
    with tempfile.TemporaryDirectory() as folder:
        found = read_native(write_native(Path(folder) / "export.csv", made))
    own = sum((Decimal(cost) + sum(Decimal(amount) for _, amount in given) for cost, given in rows), Decimal(0))
    assert not found.rejected
    assert found.total() == found.total("EffectiveCost") == own


def google_row(cost: str, given: list[tuple[str, str]]) -> dict[str, str]:
    listed = ", ".join(f'{{"type": "{kind}", "name": "c", "amount": {amount}}}' for kind, amount in given)
    row = {"billing_account_id": "1", "service.description": "Compute Engine", "sku.id": "s", "cost": cost, "currency": "USD"}
    times = {
        "usage_start_time": "2026-09-02 07:00:00 UTC",
        "usage_end_time": "2026-09-02 08:00:00 UTC",
        "invoice.month": "202609",
    }
    return {**row, **times, "credits": f"[{listed}]"}
