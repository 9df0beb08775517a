"""Ingest of AWS CUR 2.0 from Parquet against a raw DuckDB COPY of the same file, in rows per CPU second, with peak memory.

Run it: `python -m benchmarks.native 5_000_000 /tmp/bench-native`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.ingest import RAW
from benchmarks.measure import apart, show

# Usage, covered usage with its negation, reserved usage, and a savings plan's hourly fee, over 30 days, 200 accounts and 20 services.
MAKE = """
import duckdb
rows, target = int(sys.argv[1]), sys.argv[2]
c = duckdb.connect(config={"threads": "2", "memory_limit": "850MB", "temp_directory": target + ".tmp"})
c.execute(f'''COPY (
SELECT md5(i::VARCHAR) AS identity_line_item_id, NULL::VARCHAR AS bill_invoice_id, 'Anniversary' AS bill_bill_type, 'AWS' AS bill_billing_entity,
 'Amazon Web Services, Inc.' AS bill_invoicing_entity, '000111122223' AS bill_payer_account_id,
 TIMESTAMP '2026-09-01' AS bill_billing_period_start_date, TIMESTAMP '2026-10-01' AS bill_billing_period_end_date,
 printf('%012d', 100000 + i % 200) AS line_item_usage_account_id, k AS line_item_line_item_type,
 TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (i % 720) AS line_item_usage_start_date,
 TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (i % 720 + 1) AS line_item_usage_end_date,
 'USD' AS line_item_currency_code, 'AmazonService' || (i % 20) AS line_item_product_code, 'BoxUsage:m5.' || (i % 37) AS line_item_usage_type,
 'RunInstances:' || (i % 50) AS line_item_operation, 'us-east-1' || chr(97 + (i % 3)::INT) AS line_item_availability_zone,
 'i-' || substr(md5((i % 100000)::VARCHAR), 1, 17) AS line_item_resource_id, 1.0 + (i % 7) AS line_item_usage_amount,
 CASE WHEN k = 'SavingsPlanNegation' THEN -cost WHEN k = 'DiscountedUsage' THEN 0 ELSE cost END AS line_item_unblended_cost,
 0.0123 AS line_item_unblended_rate, cost AS line_item_blended_cost, 0.0123 AS line_item_blended_rate, 'per hour ' || (i % 500) AS line_item_line_item_description,
 'Amazon Web Services, Inc.' AS line_item_legal_entity, NULL::VARCHAR AS line_item_tax_type, 'Hrs' AS pricing_unit, 'OnDemand' AS pricing_term,
 'R' || (i % 5000) AS pricing_rate_id, 'SKU' || (i % 5000) || '.JRTC.6YS6' AS pricing_rate_code, cost * 1.25 AS pricing_public_on_demand_cost, 0.0154 AS pricing_public_on_demand_rate,
 NULL::VARCHAR AS pricing_purchase_option, 'SKU' || (i % 5000) AS product_sku, 'us-east-1' AS product_region_code, 'm5.' || (i % 37) AS product_instance_type,
 'Compute Instance' AS product_product_family, MAP {{'product_name': 'Amazon Service ' || (i % 20), 'vcpu': (i % 16)::VARCHAR}} AS product,
 MAP {{'user_team': 'team-' || (i % 30), 'user_env': CASE i % 3 WHEN 0 THEN 'prod' ELSE 'dev' END}} AS resource_tags,
 CASE WHEN k LIKE 'SavingsPlan%' THEN 'arn:aws:savingsplans::1:savingsplan/' || (i % 5) END AS savings_plan_savings_plan_a_r_n,
 CASE WHEN k = 'SavingsPlanCoveredUsage' THEN cost * 0.7 END AS savings_plan_savings_plan_effective_cost,
 CASE WHEN k = 'SavingsPlanRecurringFee' THEN 10.0 END AS savings_plan_total_commitment_to_date, CASE WHEN k = 'SavingsPlanRecurringFee' THEN 9.5 END AS savings_plan_used_commitment,
 CASE WHEN k = 'DiscountedUsage' THEN 'arn:aws:ec2:us-east-1:1:reserved-instances/' || (i % 9) END AS reservation_reservation_a_r_n,
 CASE WHEN k = 'DiscountedUsage' THEN cost * 0.6 END AS reservation_effective_cost
FROM (SELECT i, round(0.001 + (i * 7919 % 100000) / 31337.0, 10) AS cost, CASE WHEN i % 1000 = 999 THEN 'SavingsPlanRecurringFee' WHEN i % 10 = 7 THEN 'SavingsPlanCoveredUsage'
 WHEN i % 10 = 8 THEN 'SavingsPlanNegation' WHEN i % 10 = 9 THEN 'DiscountedUsage' ELSE 'Usage' END AS k FROM range({rows}) t(i))
) TO '{target}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)''')
result = {}
"""

OURS = """
import resource
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF); return u.ru_utime + u.ru_stime
source, home = sys.argv[1:3]
began = cpu()
import finopsmetrics.store.draft as draft, finopsmetrics.store.ingest as ingest
from finopsmetrics import Workspace
spent = {}
def watch(module, name, label):
    inner = getattr(module, name)
    def outer(*a, **k):
        t = cpu()
        try:
            return inner(*a, **k)
        finally:
            spent[label] = spent.get(label, 0) + cpu() - t
    setattr(module, name, outer)
watch(ingest, "take", "copy and hash"); watch(draft, "as_focus", "map to FOCUS"); watch(draft, "profile", "look, check, sum"); watch(ingest, "write", "write, read back, roll up")
with Workspace(home) as w:
    report = w.ingest([source])[0]
result = {"cpu": cpu() - began, "rows": report.rows, "parts": spent, "billed": report.totals["USD"]["billed"], "mapping": report.mapping}
"""


def main(rows: int, folder: Path) -> None:
    """Make the report, measure both, and print the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    source, home = folder / f"cur2-{rows}.parquet", folder / "home"
    if not source.exists():
        apart(MAKE, str(rows), str(source))
    shutil.rmtree(home, ignore_errors=True)
    raw = min((apart(RAW, str(source), str(folder / "raw.parquet")) for _ in range(2)), key=lambda run: float(run["cpu"]))
    ours = apart(OURS, str(source), str(home))
    table = [
        {
            "what": what,
            "CPU s": run["cpu"],
            "rows per CPU s": rows / run["cpu"],
            "peak MB": run["peak_mb"],
            "ratio": raw["cpu"] / run["cpu"],
        }
        for what, run in (("raw DuckDB COPY", raw), (f"ingest by {ours['mapping']}", ours))
    ]
    show(f"Ingest of {rows:,} lines of CUR 2.0 from Parquet ({source.stat().st_size >> 20} MB)", table)
    show("What it is spent on", [{"part": name, "CPU s": seconds} for name, seconds in ours["parts"].items()])


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")), Path(sys.argv[2]))
