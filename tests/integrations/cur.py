"""Lines of an AWS bill, as CUR 2.0 writes them, made for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from finopsmetrics.integrations.manifest import canonical

PLAN = "arn:aws:savingsplans::111122223333:savingsplan/0a1b2c3d"
RESERVED = "arn:aws:ec2:us-east-1:111122223333:reserved-instances/4e5f6a7b"
BASE = {
    "identity_line_item_id": "l1",
    "bill_payer_account_id": "000111122223",
    "bill_billing_period_start_date": "2026-09-01T00:00:00.000Z",
    "bill_billing_period_end_date": "2026-10-01T00:00:00.000Z",
    "bill_invoice_id": "",
    "bill_bill_type": "Anniversary",
    "bill_billing_entity": "AWS",
    "bill_invoicing_entity": "Amazon Web Services EMEA SARL",
    "line_item_usage_account_id": "000444455556",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-09-02T00:00:00.000Z",
    "line_item_usage_end_date": "2026-09-02T01:00:00.000Z",
    "line_item_product_code": "AmazonEC2",
    "line_item_usage_type": "BoxUsage:m5.large",
    "line_item_usage_amount": "1",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "0",
    "line_item_resource_id": "i-0123456789abcdef0",
    "line_item_legal_entity": "Amazon Web Services EMEA SARL",
    "pricing_unit": "Hrs",
    "pricing_public_on_demand_cost": "0.096",
    "pricing_public_on_demand_rate": "0.096",
    "product_region_code": "eu-west-1",
    "resource_tags": '{"user_team":"core","aws_created_by":"Root"}',
}


def line(kind: str = "Usage", cost: object = "0", **more: object) -> dict[str, str]:
    """One line item; `more` are other columns of CUR 2.0."""
    text = {name: str(value) for name, value in more.items()}
    return {**BASE, "line_item_line_item_type": kind, "line_item_unblended_cost": str(cost), **text}


def covered(on_demand: object, effective: object, **more: object) -> list[dict[str, str]]:
    """Usage that a savings plan covers, and the line that negates it."""
    plan = {"savings_plan_savings_plan_a_r_n": PLAN}
    return [
        line("SavingsPlanCoveredUsage", on_demand, savings_plan_savings_plan_effective_cost=effective, **plan, **more),
        line("SavingsPlanNegation", f"{-Decimal(str(on_demand)):f}", **plan, **more),
    ]


def plan_fee(fee: object, commitment: object, used: object, **more: object) -> dict[str, str]:
    """The recurring fee of a savings plan: what it commits to in the period, and how much of it was used."""
    told = {"savings_plan_total_commitment_to_date": commitment, "savings_plan_used_commitment": used}
    return line("SavingsPlanRecurringFee", fee, savings_plan_savings_plan_a_r_n=PLAN, **told, **more)


def reserved(effective: object, **more: object) -> dict[str, str]:
    """Usage that a reservation covers; it costs nothing by itself."""
    return line("DiscountedUsage", 0, reservation_reservation_a_r_n=RESERVED, reservation_effective_cost=effective, **more)


def reserved_fee(fee: object, unused_upfront: object, unused_recurring: object, **more: object) -> dict[str, str]:
    """The monthly fee of a reservation, with what of it was not used."""
    told = {
        "reservation_unused_amortized_upfront_fee_for_billing_period": unused_upfront,
        "reservation_unused_recurring_fee": unused_recurring,
    }
    return line("RIFee", fee, reservation_reservation_a_r_n=RESERVED, **told, **more)


_LEGACY = {
    "savings_plan_savings_plan_a_r_n": "savingsPlan/SavingsPlanARN",
    "reservation_reservation_a_r_n": "reservation/ReservationARN",
}
_GROUPS = ("identity", "bill", "line_item", "pricing", "product", "reservation", "savings_plan")


def as_legacy(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The same lines under the names of the legacy report, a column for each tag."""
    return [_legacy(row) for row in rows]


def _legacy(row: Mapping[str, str]) -> dict[str, str]:
    named = {_legacy_name(name): value for name, value in row.items() if name != "resource_tags"}
    return {**named, "resourceTags/user:team": "core", "resourceTags/aws:createdBy": "Root"}


def _legacy_name(name: str) -> str:
    if name in _LEGACY:
        return _LEGACY[name]
    group = next(group for group in _GROUPS if name.startswith(group + "_"))
    first, *rest = group.split("_")
    words = name.removeprefix(group + "_").split("_")
    legacy = f"{first}{''.join(word.title() for word in rest)}/{''.join(word.title() for word in words)}"
    assert canonical(legacy) == canonical(name)
    return legacy
