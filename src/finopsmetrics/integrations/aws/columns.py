"""What every AWS line item says of itself: accounts, periods, service, resource, commitment, tags. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.aws.services import REGIONS, SERVICES
from finopsmetrics.integrations.native import NULL_TEXT, Native, object_text
from finopsmetrics.integrations.services import classified, looked_up

# Columns whose content stands in FOCUS, and blended costs, which tie to nothing; they are not kept beside it again.
CARRIED = frozenset(
    {
        "lineitemunblendedcost",
        "lineitemnetunblendedcost",
        "lineitemunblendedrate",
        "lineitemblendedcost",
        "lineitemblendedrate",
        "lineitemusagetype",
        "pricingratecode",
        "pricingpublicondemandcost",
        "pricingpublicondemandrate",
        "productregioncode",
        "reservationeffectivecost",
        "reservationneteffectivecost",
        "reservationreservationarn",
        "savingsplansavingsplanarn",
        "savingsplansavingsplaneffectivecost",
        "savingsplannetsavingsplaneffectivecost",
        "billpayeraccountid",
        "lineitemusageaccountid",
        "billbillingperiodstartdate",
        "billbillingperiodenddate",
        "lineitemusagestartdate",
        "lineitemusageenddate",
        "lineitemcurrencycode",
        "billinvoiceid",
        "lineitemlineitemdescription",
        "lineitemresourceid",
        "lineitemavailabilityzone",
        "resourcetags",
        "identitytimeinterval",
        "lineitemusageamount",
        "pricingunit",
        "pricingcurrency",
        "billpayeraccountname",
        "lineitemusageaccountname",
        "productsku",
    }
)
MARKETPLACE = "AWS Marketplace"


def sku(native: Native) -> str:
    """The SKU of a line; a rate's code is that of its SKU, of its terms, and its own."""
    return f"coalesce({native.text('productsku')}, nullif(split_part({native.text('pricingratecode')}, '.', 1), ''))"


def common(native: Native) -> dict[str, str]:
    """The columns that do not depend on the kind of line item."""
    billing_start, billing_end = (native.time(f"billbillingperiod{side}date") for side in ("start", "end"))
    commitment = native.text("savingsplansavingsplanarn", "reservationreservationarn")
    issuer = native.text("billinvoicingentity", "lineitemlegalentity")
    seller = native.text("lineitemlegalentity")
    code = native.text("lineitemproductcode")
    marketplace = f"{native.text('billbillingentity')} = {literal(MARKETPLACE)}"
    item, region = sku(native), native.text("productregioncode", "productregion")
    usage, resource = native.text("lineitemusagetype"), native.text("lineitemresourceid")
    return {
        "BillingAccountId": native.text("billpayeraccountid"),
        "BillingAccountName": native.text("billpayeraccountname"),
        "BillingAccountType": "'Billing Account'",
        "SubAccountId": native.text("lineitemusageaccountid"),
        "SubAccountName": native.text("lineitemusageaccountname"),
        "SubAccountType": "'Account'",
        "BillingPeriodStart": billing_start,
        "BillingPeriodEnd": billing_end,
        "ChargePeriodStart": native.time("lineitemusagestartdate"),
        "ChargePeriodEnd": native.time("lineitemusageenddate"),
        "BillingCurrency": native.text("lineitemcurrencycode"),
        "InvoiceId": native.text("billinvoiceid"),
        "InvoiceIssuerName": f"coalesce({issuer}, 'AWS')",
        "ServiceProviderName": f"CASE WHEN {marketplace} THEN coalesce({seller}, 'AWS Marketplace') ELSE 'AWS' END",
        "HostProviderName": "'AWS'",
        "ChargeDescription": native.text("lineitemlineitemdescription"),
        "ServiceName": _service(native),
        **classified(code, SERVICES),
        "SkuId": item,
        "SkuPriceId": f"CASE WHEN {item} IS NOT NULL THEN {native.text('pricingratecode', 'pricingrateid')} END",
        "SkuMeter": f"CASE WHEN {item} IS NOT NULL THEN {usage} END",
        **({"x_UsageType": f"CASE WHEN {item} IS NULL THEN {usage} END"} if native.facts.get("without_sku") else {}),
        "PricingCurrency": native.text("pricingcurrency", "lineitemcurrencycode"),
        "ResourceId": resource,
        "ResourceType": f"CASE WHEN {resource} IS NOT NULL THEN {native.text('productproductfamily')} END",
        "RegionId": region,
        "RegionName": looked_up(region, REGIONS),
        "AvailabilityZone": native.text("lineitemavailabilityzone"),
        "CommitmentDiscountId": commitment,
        "CommitmentDiscountCategory": _by_commitment(native, "Spend", "Usage"),
        "CommitmentDiscountType": _by_commitment(native, "Savings Plan", "Reserved Instance"),
        "Tags": _tags(native),
    }


def _service(native: Native) -> str:
    named = [native.text("productproductname", "productservicename"), native.key("product", "product_name")]
    there = [text for text in named if text != NULL_TEXT]
    return f"coalesce({', '.join([*there, native.text('lineitemproductcode')])}, 'AWS')"


def _by_commitment(native: Native, plan: str, reserved: str) -> str:
    plan_id = native.text("savingsplansavingsplanarn")
    reservation = native.text("reservationreservationarn")
    return f"CASE WHEN {plan_id} IS NOT NULL THEN {literal(plan)} WHEN {reservation} IS NOT NULL THEN {literal(reserved)} END"


def _tags(native: Native) -> str:
    """CUR 2.0 has one column of tags, `user_` or `aws_` before each key; the legacy report has a column a tag."""
    if native.has("resourcetags"):
        text = native.text("resourcetags")
        if native.kind("resourcetags").startswith("MAP"):
            bare = text
            for sign in "{,":  # our own text of a map has no spaces, and no bare quote within a value
                bare = f"""replace(replace({bare}, '{sign}"user_', '{sign}"'), '{sign}"aws_', '{sign}"aws:')"""
            return f"nullif({bare}, '{{}}')"
        # In the text of a flat JSON object only a key follows an opening brace or a comma.
        bare = rf"""regexp_replace({text}, '([{{,])\s*"user_', '\1"', 'g')"""
        return rf"""nullif(regexp_replace({bare}, '([{{,])\s*"aws_', '\1"aws:', 'g'), '{{}}')"""
    pairs = [(_tag_key(name), f"r.{quote(name)}") for name in native.names.values() if _tag_key(name)]
    return object_text(dict(pairs))


def _tag_key(column: str) -> str:
    """`resourceTags/user:app` and `resource_tags_user_app` are the tag `app`; AWS's own keep `aws:`."""
    for prefix in ("resourceTags/user:", "resource_tags_user_"):
        if column.startswith(prefix):
            return column.removeprefix(prefix)
    for prefix in ("resourceTags/aws:", "resource_tags_aws_"):
        if column.startswith(prefix):
            return "aws:" + column.removeprefix(prefix)
    return ""


def is_tag(column: str) -> bool:
    """Whether a delivered column holds one tag."""
    return bool(_tag_key(column))
