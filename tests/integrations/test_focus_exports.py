"""The FOCUS that the clouds export themselves: each header is taken as FOCUS, exact, with its own columns kept."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.columns import charges
from finopsmetrics.focus.detect import detect
from finopsmetrics.runtime.workspace import Workspace
from tests.integrations.reading import NATIVE, Read, read_native, write_native

# What each vendor adds to the columns of the version that it exports.
AWS = "x_CostCategories x_Discounts x_Operation x_ServiceCode x_UsageType"
AZURE = """x_AccountId x_BilledCostInUsd x_BillingExchangeRate x_BillingExchangeRateDate x_BillingProfileId x_EffectiveUnitPrice
x_InvoiceSectionId x_PricingBlockSize x_PricingCurrency x_PublisherId x_ResourceGroupName x_ServicePeriodEnd
x_SkuDetails x_SkuIsCreditEligible x_SkuMeterId x_SkuTerm"""
OCI = """AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart
ChargeCategory ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart ChargeSubcategory
CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountType EffectiveCost
InvoiceIssuer ListCost ListUnitPrice PricingCategory PricingQuantity PricingUnit Provider Publisher Region ResourceId
ResourceName ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags UsageQuantity
UsageUnit oci_ReferenceNumber oci_CompartmentId oci_CompartmentName oci_OverageFlag oci_UnitPriceOverage
oci_BilledQuantityOverage oci_CostOverage oci_AttributedUsage oci_AttributedCost oci_BackReferenceNumber"""
ROW: dict[str, Any] = {
    "BilledCost": "0.1234567890123456",
    "EffectiveCost": "0.1",
    "ListCost": "0.2",
    "ContractedCost": "0.15",
    "BillingCurrency": "USD",
    "BillingAccountId": "000111122223",
    "SubAccountId": "000444455556",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00:00Z",
    "ChargePeriodStart": "2026-09-02T05:00:00Z",
    "ChargePeriodEnd": "2026-09-02T06:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeFrequency": "Usage-Based",
    "ServiceName": "Some service",
    "ServiceCategory": "Compute",
    "Tags": '{"team": "core"}',
}


def header(version: str, own: str) -> list[str]:
    return [*(column.name for column in charges().version_columns(version)), *own.split()]


def only_charge(found: Read) -> dict[str, Any]:
    """The one charge of a delivery that is FOCUS as it is."""
    assert found.mapping == ""
    assert not found.rejected
    [row] = found.rows
    assert row["BilledCost"] == Decimal("0.1234567890123456")
    assert f"{row['ChargePeriodStart']:%Y-%m-%dT%H:%M}/{row['BillingPeriodEnd']:%Y-%m-%d}" == "2026-09-02T05:00/2026-10-01"
    assert json.loads(row["Tags"]) == {"team": "core"}
    return row


def written(path: Path, columns: list[str], row: Mapping[str, Any]) -> Path:
    return write_native(path, [{name: row.get(name, "") for name in columns}], columns)


@pytest.mark.parametrize("version", ["1.0", "1.2"])
def test_aws_in_csv(tmp_path: Path, version: str) -> None:
    names = {
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "InvoiceIssuerName": "Amazon Web Services EMEA SARL",
    }
    text = io.StringIO()
    out = csv.DictWriter(text, header(version, AWS), restval="")
    out.writeheader()
    out.writerow({**ROW, **names, "x_Discounts": '{"bundled_discount":"0"}', "x_UsageType": "BoxUsage:m5.large"})
    target = tmp_path / "focus.csv.gz"
    target.write_bytes(gzip.compress(text.getvalue().encode()))
    row = only_charge(read_native(target))
    assert (row["ServiceProviderName"], row["HostProviderName"], row["x_PublisherName"]) == (
        "AWS",
        "AWS",
        "Amazon Web Services, Inc.",
    )
    assert (row["BillingAccountId"], row["x_UsageType"]) == ("000111122223", "BoxUsage:m5.large")
    assert detect(header(version, AWS)).version == version


def test_aws_in_parquet_with_maps_and_timestamps(tmp_path: Path) -> None:
    columns: dict[str, pa.Array] = {}
    for name in header("1.2", AWS):
        value = ROW.get(name)
        if name == "Tags" or name in {"x_Discounts", "x_CostCategories"}:
            columns[name] = pa.array([[("team", "core")]], pa.map_(pa.string(), pa.string()))
        elif name.endswith(("Cost", "Price", "Quantity")):
            columns[name] = pa.array([float(value) if value else None], pa.float64())
        elif name.endswith(("PeriodStart", "PeriodEnd")):
            columns[name] = pa.array([str(value)]).cast(pa.timestamp("ms", "UTC"))
        else:
            columns[name] = pa.array([value], pa.string())
    pq.write_table(pa.table(columns), tmp_path / "focus.parquet")
    row = only_charge(read_native(tmp_path / "focus.parquet"))
    assert json.loads(row["x_Discounts"]) == {"team": "core"}


@pytest.mark.parametrize(
    ("version", "start", "end"),
    [
        ("1.0", "2026-09-02T05:00Z", "2026-10-01T00:00Z"),  # the first version had no seconds
        ("1.0", "2026-09-02T05:00:00Z", "2026-10-01T00:00:00Z"),  # 1.0r2 has them
        ("1.2", "2026-09-02T05:00:00Z", "2026-10-01T00:00:00Z"),
    ],
)
def test_azure(tmp_path: Path, version: str, start: str, end: str) -> None:
    more = {"ProviderName": "Microsoft", "PublisherName": "Microsoft", "InvoiceIssuerName": "Microsoft", "Tags": '"team": "core"'}
    times = {"ChargePeriodStart": start, "BillingPeriodEnd": end, "x_ServicePeriodEnd": end, "x_PricingCurrency": "USD"}
    target = written(tmp_path / "focus.csv", header(version, AZURE), {**ROW, **more, **times})
    target.write_text("\ufeff" + target.read_text())
    row = only_charge(read_native(target))
    assert (row["x_ServicePeriodEnd"], row["x_PricingCurrency"]) == (end, "USD")


def test_oci_under_its_own_names_for_columns(tmp_path: Path) -> None:
    times = {
        "ChargePeriodStart": "2026-09-02T05:00Z",
        "ChargePeriodEnd": "2026-09-02T06:00Z",
        "BillingPeriodEnd": "2026-10-01T00:00Z",
    }
    names = {"Provider": "Oracle", "Publisher": "Oracle", "InvoiceIssuer": "Oracle", "Region": "us-ashburn-1"}
    more = {"ChargeFrequency": "Usage-based", "ChargeCategory": "usage", "UsageQuantity": "3.5", "UsageUnit": "GB"}
    own = {"ChargeSubcategory": "On-Demand", "oci_CostOverage": "", "oci_CompartmentName": "prod"}
    row = only_charge(read_native(written(tmp_path / "focus.csv", OCI.split(), {**ROW, **times, **names, **more, **own})))
    assert (row["ServiceProviderName"], row["HostProviderName"], row["InvoiceIssuerName"]) == ("Oracle", "Oracle", "Oracle")
    assert (row["RegionId"], row["ChargeFrequency"], row["ChargeCategory"]) == ("us-ashburn-1", "Usage-Based", "Usage")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (Decimal("3.5"), "GB")
    assert (row["x_ChargeSubcategory"], row["x_oci_CompartmentName"]) == ("On-Demand", "prod")


def test_a_whole_oci_report(workspace: Workspace) -> None:
    [report] = workspace.ingest([NATIVE / "oci" / "focus-report.csv"])
    assert (report.quarantined, report.totals["USD"]["billed"]) == (0, "0.123456789012345600")
    assert report.periods == ["2026-09"]


def test_google_with_tags_as_a_list(tmp_path: Path) -> None:
    tags = [{"key": "team", "value": "core"}, {"key": "team", "value": "second"}]
    row = {**ROW, "ProviderName": "Google Cloud", "PublisherName": "Google Cloud", "Tags": tags}
    target = tmp_path / "focus.jsonl"
    target.write_text(json.dumps(row) + "\n" + json.dumps({**row, "BilledCost": "1", "Tags": []}) + "\n")
    found = read_native(target)
    assert (found.mapping, found.total()) == ("", Decimal("1.1234567890123456"))
    assert [json.loads(row["Tags"]) for row in found.rows if row["BilledCost"] != 1] == [{"team": "core"}]
    text = written(tmp_path / "focus.csv", list(row), {**row, "Tags": json.dumps(tags)})
    assert only_charge(read_native(text))["ServiceProviderName"] == "Google Cloud"


def test_a_list_that_is_no_pairs_is_no_tags(tmp_path: Path) -> None:
    broken = [{**ROW, "ProviderName": "Google Cloud", "Tags": tags} for tags in ('["team"]', '[{"name": "team"}]', "[")]
    found = read_native(write_native(tmp_path / "focus.csv", [*broken, {**ROW, "ProviderName": "Google Cloud"}]))
    assert [(row.line, row.column, row.reason) for row in found.rejected] == [
        (line, "Tags", "not a JSON object") for line in (2, 3, 4)
    ]


def test_a_focus_header_without_what_it_must_have_names_it(tmp_path: Path) -> None:
    columns = [name for name in header("1.0", AZURE) if name != "ChargePeriodEnd"]
    with pytest.raises(DeliveryError, match="ChargePeriodEnd"):
        read_native(written(tmp_path / "focus.csv", columns, ROW))
