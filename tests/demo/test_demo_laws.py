"""The laws hold for any seed and any day on which one looks."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.demo import build_estate
from finopsmetrics.demo.charges import connect, make_charges

SEEDS = st.integers(min_value=0, max_value=2**40)
ENDS = st.dates(min_value=date(2024, 2, 1), max_value=date(2028, 12, 31))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, end=ENDS, months=st.integers(2, 5))
def test_commitments_split_their_money_exactly(seed: int, end: date, months: int) -> None:
    estate = build_estate(seed=seed, end=end, months=months, scale=0.05)
    fees = {c.key: c.fee for c in estate.commitments if c.payment == "upfront"}
    with connect() as con:
        make_charges(estate, con)
        off = """SELECT count(*) FROM (SELECT c.commitment, c.starts, sum(billed) AS paid, sum(effective) AS amortised
            FROM charge c JOIN commitment m ON m.n = c.commitment WHERE payment = 'recurring' GROUP BY ALL)
            WHERE paid <> amortised"""
        upfront = """SELECT m.key, sum(c.billed), sum(c.effective), count(DISTINCT c.starts), any_value(m.capacity)
            FROM charge c JOIN commitment m ON m.n = c.commitment WHERE payment = 'upfront' GROUP BY ALL"""
        assert con.execute(off).fetchall() == [(0,)]
        for key, paid, amortised, steps, capacity in con.execute(upfront).fetchall():
            assert paid == fees[key]
            assert amortised == Decimal(capacity) * steps / 10**12
        last = con.execute("SELECT max(ends), max(known) FROM charge").fetchall()[0]
        assert last[0].date() <= end
        assert last[1] <= end


@settings(max_examples=2, deadline=None)
@given(seed=SEEDS, end=ENDS)
def test_every_file_ties_to_the_ledger(writer: Any, seed: int, end: date) -> None:
    with tempfile.TemporaryDirectory() as folder:
        demo = writer(Path(folder), seed=seed, end=end, months=2, scale=0.05)
        with demo.load() as con:
            sums = con.execute("SELECT source, period, sum(BilledCost) FROM charges GROUP BY ALL ORDER BY ALL").fetchall()
            invoices = con.execute(
                "SELECT InvoiceId, sum(BilledCost) FROM charges WHERE InvoiceId IS NOT NULL GROUP BY ALL ORDER BY ALL"
            ).fetchall()
    assert sums == [(p["source"], p["period"], Decimal(p["billed"])) for p in demo.truth["periods"]]
    assert invoices == sorted((i["invoice_id"], Decimal(i["billed_total"])) for i in demo.truth["invoices"])
    for invoice in demo.truth["invoices"]:
        assert Decimal(invoice["invoice_total"]) % Decimal("0.01") == 0
