"""Made-up bills of the big formats, as large as is asked: SQL that writes them, and SQL that reads them as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import apart

MAKE = """
import duckdb
query, target, options = sys.argv[1:4]
c = duckdb.connect(config={"threads": "2", "memory_limit": "850MB", "temp_directory": target + ".tmp"})
c.execute(f"COPY ({query}) TO '{target}' ({options})")
result = {}
"""
PARQUET = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880"
CSV = "FORMAT csv, HEADER"
JSONL = "FORMAT json"
# Usage, covered usage with its negation, reserved usage, and a savings plan's hourly fee, over 30 days, 200 accounts and 20 services.
CUR2 = """
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
 'Compute Instance' AS product_product_family, MAP {'product_name': 'Amazon Service ' || (i % 20), 'vcpu': (i % 16)::VARCHAR} AS product,
 MAP {'user_team': 'team-' || (i % 30), 'user_env': CASE i % 3 WHEN 0 THEN 'prod' ELSE 'dev' END} AS resource_tags,
 CASE WHEN k LIKE 'SavingsPlan%' THEN 'arn:aws:savingsplans::1:savingsplan/' || (i % 5) END AS savings_plan_savings_plan_a_r_n,
 CASE WHEN k = 'SavingsPlanCoveredUsage' THEN cost * 0.7 END AS savings_plan_savings_plan_effective_cost,
 CASE WHEN k = 'SavingsPlanRecurringFee' THEN 10.0 END AS savings_plan_total_commitment_to_date, CASE WHEN k = 'SavingsPlanRecurringFee' THEN 9.5 END AS savings_plan_used_commitment,
 CASE WHEN k = 'DiscountedUsage' THEN 'arn:aws:ec2:us-east-1:1:reserved-instances/' || (i % 9) END AS reservation_reservation_a_r_n,
 CASE WHEN k = 'DiscountedUsage' THEN cost * 0.6 END AS reservation_effective_cost
FROM (SELECT i, round(0.001 + (i * 7919 % 100000) / 31337.0, 10) AS cost, CASE WHEN i % 1000 = 999 THEN 'SavingsPlanRecurringFee' WHEN i % 10 = 7 THEN 'SavingsPlanCoveredUsage'
 WHEN i % 10 = 8 THEN 'SavingsPlanNegation' WHEN i % 10 = 9 THEN 'DiscountedUsage' ELSE 'Usage' END AS k FROM range({rows}) t(i))
"""
# On-demand usage, usage that a reservation covers, its purchases and what it left unused, as the two views show them.
AZURE = """
SELECT 'sub-' || (i % 200) AS SubscriptionId, 'Subscription ' || (i % 200) AS SubscriptionName, strftime(DATE '2026-09-01' + (i % 30)::INT, '%m/%d/%Y') AS Date,
 '09/01/2026' AS BillingPeriodStartDate, '09/30/2026' AS BillingPeriodEndDate, '12345678' AS BillingAccountId, 'Contoso' AS BillingAccountName, 'EUR' AS BillingCurrencyCode,
 'Virtual Machines' AS MeterCategory, 'Dv' || (i % 9) || ' Series' AS MeterSubCategory, 'm-' || (i % 5000) AS MeterId, 'D' || (i % 50) || ' v3' AS MeterName,
 'Microsoft.Compute' AS ConsumedService, '/subscriptions/s/resourceGroups/rg' || (i % 300) || '/providers/Microsoft.Compute/virtualMachines/vm' || (i % 100000) AS ResourceId,
 'vm' || (i % 100000) AS ResourceName, CASE i % 3 WHEN 0 THEN 'US East' WHEN 1 THEN 'EU West' ELSE 'northeurope' END AS ResourceLocation, '1 Hour' AS UnitOfMeasure,
 printf('%.6f', 1 + (i % 7) / 8.0) AS Quantity, printf('%.10f', cost) AS UnitPrice, printf('%.10f', CASE WHEN k = 'covered' AND '{view}' = 'actual' THEN 0 ELSE cost END) AS CostInBillingCurrency,
 CASE k WHEN 'fee' THEN 'Purchase' WHEN 'unused' THEN 'UnusedReservation' ELSE 'Usage' END AS ChargeType, CASE WHEN k = 'usage' THEN 'OnDemand' ELSE 'Reservation' END AS PricingModel,
 CASE k WHEN 'fee' THEN 'OneTime' ELSE 'UsageBased' END AS Frequency, CASE WHEN k <> 'usage' THEN '/providers/Microsoft.Capacity/reservationOrders/' || (i % 9) END AS benefitId,
 'Azure' AS PublisherType, '' AS PublisherName, 'Compute' AS ServiceFamily, '"team": "team-' || (i % 30) || '","env": "prod"' AS Tags
FROM (SELECT i, round(0.001 + (i * 7919 % 100000) / 31337.0, 10) AS cost, CASE WHEN i % 1000 = 999 THEN '{fee}' WHEN i % 10 = 8 THEN 'covered' ELSE 'usage' END AS k FROM range({rows} // 2) t(i))
"""
# Usage with labels, every fifth row with a credit, every hundredth with a promotion.
GCP = """
SELECT '01ABCD-234567-89EFGH' AS billing_account_id, {'id': 's' || (i % 20), 'description': 'Service ' || (i % 20)} AS service, {'id': 'sku-' || (i % 5000), 'description': 'Core ' || (i % 500)} AS sku,
 {time} AS usage_start_time, {later} AS usage_end_time, {'id': 'project-' || (i % 200), 'name': 'Project ' || (i % 200), 'labels': [{'key': 'env', 'value': 'prod'}]} AS project,
 [{'key': 'team', 'value': 'team-' || (i % 30)}, {'key': 'app', 'value': 'a' || (i % 90)}] AS labels, [{'key': 'compute.googleapis.com/cores', 'value': (i % 16)::VARCHAR}] AS system_labels,
 {'location': 'us-central1', 'country': 'US', 'region': 'us-central1', 'zone': 'us-central1-' || chr(97 + (i % 3)::INT)} AS location,
 {'name': 'vm-' || (i % 100000), 'global_name': '//compute.googleapis.com/projects/p/zones/z/instances/' || (i % 100000)} AS resource,
 {'effective_price': 0.0316, 'tier_start_amount': 0.0, 'unit': 'hour'} AS price, cost, cost * 1.25 AS cost_at_list, 'USD' AS currency, 1.0 AS currency_conversion_rate,
 {'amount': 3600.0 + i % 7, 'unit': 'seconds', 'amount_in_pricing_units': 1.0 + i % 7, 'pricing_unit': 'hour'} AS usage,
 CASE WHEN i % 100 = 0 THEN [{'name': 'Trial', 'amount': -cost / 2, 'full_name': 'Trial', 'id': 't', 'type': 'PROMOTION'}]
  WHEN i % 5 = 0 THEN [{'name': 'Sustained', 'amount': -cost / 10, 'full_name': 'Sustained use', 'id': 's', 'type': 'SUSTAINED_USAGE_DISCOUNT'}] ELSE [] END AS credits,
 {'month': '202609'} AS invoice, 'regular' AS cost_type, 'GOOGLE' AS transaction_type, NULL::VARCHAR AS seller_name
FROM (SELECT i, round(0.001 + (i * 7919 % 100000) / 31337.0, 10)::DOUBLE AS cost, TIMESTAMP '2026-09-01 07:00:00' + INTERVAL 1 HOUR * (i % 700) AS began FROM range({rows}) t(i))
"""
OCI = """
SELECT md5(i::VARCHAR) AS "lineItem/referenceNo", 'ocid1.tenancy.oc1..aaaa' AS "lineItem/tenantId", strftime(TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (i % 700), '%Y-%m-%dT%H:%MZ') AS "lineItem/intervalUsageStart",
 strftime(TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * (i % 700 + 1), '%Y-%m-%dT%H:%MZ') AS "lineItem/intervalUsageEnd", CASE i % 4 WHEN 0 THEN 'COMPUTE' WHEN 1 THEN 'BLOCK_STORAGE' WHEN 2 THEN 'NETWORK' ELSE 'DATABASE' END AS "product/service",
 'ocid1.compartment.oc1..' || (i % 50) AS "product/compartmentId", 'team-' || (i % 50) AS "product/compartmentName", 'us-ashburn-1' AS "product/region", 'ad-1' AS "product/availabilityDomain",
 'ocid1.instance.oc1.iad.' || (i % 100000) AS "product/resourceId", printf('%.18f', 1 + (i % 7) / 8.0) AS "usage/billedQuantity", 'sub-1' AS "cost/subscriptionId", 'B' || (i % 900) AS "cost/productSku",
 'Product ' || (i % 900) AS "product/Description", printf('%.18f', cost) AS "cost/unitPrice", printf('%.18f', cost) AS "cost/myCost", '' AS "cost/myCostOverage", 'USD' AS "cost/currencyCode", 'Hours' AS "cost/skuUnitDescription",
 'false' AS "lineItem/isCorrection", '' AS "lineItem/backreferenceNo", 'user-' || (i % 40) AS "tags/Oracle-Tags.CreatedBy", CASE i % 3 WHEN 0 THEN 'prod' ELSE 'dev' END AS "tags/ops.env"
FROM (SELECT i, round(0.001 + (i * 7919 % 100000) / 31337.0, 10) AS cost FROM range({rows}) t(i))
"""
_AT = {"PARQUET": ("began::TIMESTAMPTZ", "(began + INTERVAL 1 HOUR)::TIMESTAMPTZ")}
_TEXT = tuple(f"strftime({time}, '%Y-%m-%d %H:%M:%S UTC')" for time in ("began", "began + INTERVAL 1 HOUR"))


@dataclass(frozen=True)
class Bill:
    """A bill of one format: its title, the files with the SQL and options that write them, and how they are read as they are."""

    title: str
    files: tuple[tuple[str, str, str], ...]
    read: str

    def make(self, folder: Path, rows: int) -> list[Path]:
        """Write the files that are not there yet."""
        made = []
        for name, query, options in self.files:
            target = folder / name.replace("ROWS", str(rows))
            if not target.exists():
                apart(MAKE, query.replace("{rows}", str(rows)), str(target), options)
            made.append(target)
        return made

    def relation(self, files: list[Path]) -> str:
        """The files as they are, as a relation."""
        return self.read.format(files=", ".join(f"'{file}'" for file in files))


def _google(start: str, end: str) -> str:
    return GCP.replace("{time}", start).replace("{later}", end)


def _azure(view: str, fee: str) -> str:
    return AZURE.replace("{view}", view).replace("{fee}", fee)


BILLS = {
    "cur2": Bill("AWS CUR 2.0 from Parquet", (("cur2-ROWS.parquet", CUR2, PARQUET),), "read_parquet([{files}])"),
    "azure": Bill(
        "an Azure export of an Enterprise Agreement, actual and amortised, from CSV",
        (("actual-ROWS.csv", _azure("actual", "fee"), CSV), ("amortized-ROWS.csv", _azure("amortized", "unused"), CSV)),
        "read_csv([{files}], all_varchar = true)",
    ),
    "gcp-parquet": Bill(
        "Google Cloud's detailed export from Parquet",
        (("gcp-ROWS.parquet", _google(*_AT["PARQUET"]), PARQUET),),
        "read_parquet([{files}])",
    ),
    "gcp-jsonl": Bill(
        "Google Cloud's detailed export from JSON lines", (("gcp-ROWS.jsonl", _google(*_TEXT), JSONL),), "read_json([{files}])"
    ),
    "oci": Bill("an OCI cost report from CSV", (("oci-ROWS.csv", OCI, CSV),), "read_csv([{files}], all_varchar = true)"),
}
