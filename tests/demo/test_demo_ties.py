"""The sums: invoices, billing periods, commitments and single charges, read back from the files alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from finopsmetrics.demo import build_estate
from finopsmetrics.demo.charges import connect, make_charges
from finopsmetrics.demo.planted import commitments

Con = duckdb.DuckDBPyConnection
EXACT = pc.ConvertOptions(column_types={"BilledCost": pa.decimal128(38, 18)})


def test_periods_tie_to_the_ledger(demo: Any, charges: Con) -> None:
    found = charges.execute(
        """SELECT source, period, count(*), sum(BilledCost), sum(EffectiveCost), sum(ListCost), sum(ContractedCost)
        FROM charges GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    told = [
        (p["source"], p["period"], p["rows"], *(Decimal(p[cost]) for cost in ("billed", "effective", "list", "contracted")))
        for p in demo.truth["periods"]
    ]
    assert found == told
    assert len(found) == 18


def test_invoices_tie_to_the_ledger_and_to_the_cent(demo: Any, charges: Con) -> None:
    found = charges.execute(
        """SELECT source, period, InvoiceId, BillingCurrency, sum(BilledCost) FROM charges
        WHERE InvoiceId IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    told = [
        (i["source"], i["period"], i["invoice_id"], i["currency"], Decimal(i["billed_total"])) for i in demo.truth["invoices"]
    ]
    assert found == told
    for invoice in demo.truth["invoices"]:
        total, billed = Decimal(invoice["invoice_total"]), Decimal(invoice["billed_total"])
        assert total == total.quantize(Decimal("0.01"))
        assert total - billed == Decimal(invoice["residual"])


def test_only_the_restated_month_has_a_residual(demo: Any) -> None:
    restated = {(c["source"], c["period"]): Decimal(c["difference"]) for c in demo.truth["inconsistencies"]}
    off = {(i["source"], i["period"]): -Decimal(i["residual"]) for i in demo.truth["invoices"] if Decimal(i["residual"])}
    assert off == {key: difference for key, difference in restated.items() if difference}
    assert len(off) == 1
    assert 0 in restated.values()


def test_invoice_details_equal_the_final_delivery_line_by_line(demo: Any, charges: Con) -> None:
    loud = {(c["source"], c["period"]) for c in demo.truth["inconsistencies"] if Decimal(c["difference"])}
    checked = 0
    for told, path in demo.deliveries("InvoiceDetail"):
        key = (told["source"], told["billing_periods"][0])
        if key in loud:
            continue
        table = pq.read_table(path) if path.suffix == ".parquet" else pc.read_csv(path, convert_options=EXACT)
        rows = table.select(["InvoiceId", "ChargeCategory", "BilledCost"]).to_pylist()
        found = charges.execute(
            "SELECT InvoiceId, ChargeCategory, sum(BilledCost) FROM charges WHERE source = ? AND period = ? GROUP BY ALL", key
        ).fetchall()
        assert sorted(found) == sorted(tuple(row.values()) for row in rows)
        checked += 1
    assert checked >= 9


def test_open_periods_have_no_invoice(demo: Any, charges: Con) -> None:
    still_open = {(p["source"], p["period"]) for p in demo.truth["periods"] if p["status"] == "Open"}
    without = charges.execute("SELECT DISTINCT source, period FROM charges WHERE InvoiceId IS NULL").fetchall()
    assert set(without) == still_open


def test_recurring_purchase_is_used_plus_unused_in_every_step(charges: Con) -> None:
    steps = charges.execute(
        """SELECT CommitmentDiscountId, ChargePeriodStart, sum(BilledCost) AS paid, sum(EffectiveCost) AS amortised
        FROM charges WHERE CommitmentDiscountId IS NOT NULL AND source IN ('aws', 'gcp') GROUP BY ALL"""
    ).fetchall()
    assert len(steps) > 1000
    assert all(paid == amortised for _, _, paid, amortised in steps)


def test_commitments_tie_to_the_ledger(demo: Any, charges: Con) -> None:
    for told in demo.truth["commitments"]:
        found = charges.execute(
            """SELECT coalesce(sum(BilledCost), 0), coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Used'), 0),
            coalesce(sum(EffectiveCost) FILTER (CommitmentDiscountStatus = 'Unused'), 0)
            FROM charges WHERE CommitmentDiscountId = ?""",
            [told["id"]],
        ).fetchall()[0]
        assert found == tuple(Decimal(told[name]) for name in ("purchased", "used", "unused"))
        assert Decimal(told["remaining"]) == found[0] - found[1] - found[2]
        assert found[1] > 0


def test_a_reservation_amortises_its_fee_exactly() -> None:
    """Over 14 months the first reservation runs out: nothing of the fee is left, the renewal has its rest."""
    estate = build_estate(end=date(2026, 9, 20), scale=0.05)
    with connect() as con:
        make_charges(estate, con)
        first, second = (c for c in commitments(estate, con) if c["payment"] == "upfront")
    assert Decimal(first["used"]) + Decimal(first["unused"]) == Decimal(first["upfront_fee"]) == Decimal(first["purchased"])
    assert first["remaining"] == "0"
    assert 0 < Decimal(second["remaining"]) < Decimal(second["upfront_fee"])


def test_costs_are_exact_products_of_price_and_quantity(charges: Con) -> None:
    wrong = charges.execute(
        """SELECT count(*), count(*) FILTER (
            ContractedUnitPrice::DECIMAL(18, 12) * PricingQuantity::DECIMAL(18, 6) <> ContractedCost
            OR ListUnitPrice::DECIMAL(18, 12) * PricingQuantity::DECIMAL(18, 6) <> ListCost
            OR (CommitmentDiscountStatus IS NULL AND BilledCost <> ContractedCost))
        FROM charges WHERE PricingQuantity IS NOT NULL"""
    ).fetchall()[0]
    assert wrong[0] > 5000
    assert wrong[1] == 0


def test_used_charges_bill_nothing_and_purchases_are_not_counted_twice(charges: Con) -> None:
    rules = """SELECT count(*) FROM charges WHERE CommitmentDiscountId IS NOT NULL AND (
        (CommitmentDiscountStatus IS NOT NULL AND BilledCost <> 0) OR (ChargeCategory = 'Purchase' AND EffectiveCost <> 0))"""
    assert charges.execute(rules).fetchall() == [(0,)]


def test_marketplace_credits_free_use_and_two_currencies_are_there(charges: Con) -> None:
    def count(condition: str) -> int:
        return int(charges.execute(f"SELECT count(*) FROM charges WHERE {condition}").fetchall()[0][0])

    assert count("ServiceProviderName <> InvoiceIssuerName") > 0
    assert count("ChargeCategory = 'Credit' AND BilledCost < 0") > 0
    assert count("ChargeCategory = 'Tax' AND BilledCost > 0") > 0
    assert count("PricingQuantity > 0 AND ListCost = 0 AND CommitmentDiscountId IS NULL") > 0
    assert count("ServiceName = 'AWSSupportBusiness' AND ChargeCategory = 'Usage'") == 3
    assert count("ChargePeriodEnd - ChargePeriodStart = INTERVAL 1 HOUR") > 5000
    per_source = charges.execute("SELECT source, list(DISTINCT BillingCurrency) FROM charges GROUP BY 1").fetchall()
    assert dict(per_source)["exampleforge"] == ["EUR"]
    assert {len(currencies) for _, currencies in per_source} == {1}


def test_corrections_lie_in_the_next_open_month(charges: Con) -> None:
    found = charges.execute(
        """SELECT source, BillingPeriodStart, date_trunc('month', ChargePeriodStart) + INTERVAL 1 MONTH, BilledCost
        FROM charges WHERE ChargeClass = 'Correction'"""
    ).fetchall()
    assert {source for source, *_ in found} == {"aws", "azure", "gcp"}
    assert all(billed_in == expected and cost < 0 for _, billed_in, expected, cost in found)
    outside = """SELECT count(*) FROM charges WHERE ChargeClass IS NULL
        AND NOT (ChargePeriodStart >= BillingPeriodStart AND ChargePeriodEnd <= BillingPeriodEnd)"""
    assert charges.execute(outside).fetchall() == [(0,)]


def test_tag_gaps_tie_to_the_ledger(demo: Any, charges: Con) -> None:
    for told in demo.truth["tags"]:
        found = charges.execute(
            """SELECT sum(EffectiveCost), sum(EffectiveCost) FILTER (Tags IS NULL OR NOT contains(Tags, '"team":'))
            FROM charges WHERE source = ? AND ResourceId IS NOT NULL AND ResourceId IS DISTINCT FROM CommitmentDiscountId""",
            [told["source"]],
        ).fetchall()[0]
        assert (found[0], found[1] or 0) == (Decimal(told["resource_cost"]), Decimal(told["cost_without_team"]))
