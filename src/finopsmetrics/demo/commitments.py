"""The commitment discounts the company bought: a savings plan, reservations paid upfront, a committed use discount."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from finopsmetrics.demo.catalog import ACCOUNTS
from finopsmetrics.demo.estate import Commitment, Resource
from finopsmetrics.demo.prices import SKU
from finopsmetrics.demo.seeds import guid, token
from finopsmetrics.demo.window import DAY, Window, year_after

_PAYER = {(account.source, account.name): account for account in ACCOUNTS}
_CENT = Decimal("0.01")
RESERVED_RATE = Decimal("0.9676")
COMMITTED_RATE = Decimal("0.0199")
_PLAN_RATES = (("aws-c6i", Decimal("1.8224")), ("aws-m6i", Decimal("3.0876")))


def build_commitments(seed: int, window: Window, resources: tuple[Resource, ...]) -> tuple[Commitment, ...]:
    """Return the commitments, sized to the resources: most of the steady use, so that a little stays unused."""
    return (
        _savings_plan(seed, window, resources),
        *_reservations(seed, window, resources),
        _committed_use(seed, window, resources),
    )


def _covered(resources: tuple[Resource, ...], pool: str, *profiles: str) -> list[Resource]:
    return [r for r in resources if SKU[r.sku].pool == pool and r.profile in profiles]


def _savings_plan(seed: int, window: Window, resources: tuple[Resource, ...]) -> Commitment:
    rates = dict(_PLAN_RATES)
    steady = sum((rates[r.sku] for r in _covered(resources, "aws-sp", "always")), Decimal(0))
    account = _PAYER["aws", "shared-services"]
    start = window.periods[1] if len(window.periods) > 5 else window.start
    return Commitment(
        key="aws-savings-plan", id=f"arn:aws:savingsplans::{account.id}:savingsplan/{guid(seed, 'savings-plan')}",
        name="Compute Savings Plan, 3 years, no upfront", type="Savings Plan", category="Spend",
        source="aws", account=account.id, region=account.region, sku="aws-sp", pool="aws-sp",
        start=start, end=year_after(start, 3), grain="hour", payment="recurring",
        rate=Decimal(1), units=(steady * Decimal("1.06")).quantize(_CENT), unit="USD", rates=_PLAN_RATES,
    )  # fmt: skip


def _reservations(seed: int, window: Window, resources: tuple[Resource, ...]) -> tuple[Commitment, ...]:
    machines = len(_covered(resources, "azure-ri", "flat")) + 1
    account = _PAYER["azure", "corp-apps"]

    def reservation(number: int, start: date) -> Commitment:
        return Commitment(
            key=f"azure-reservation-{number}",
            id="/providers/Microsoft.Capacity/reservationOrders/" + guid(seed, "reservation", number),
            name="Standard_D32s_v5, 1 year, all upfront", type="Reservation", category="Usage",
            source="azure", account=account.id, region=account.region, sku="azure-ri", pool="azure-ri",
            start=start, end=year_after(start), grain="day", payment="upfront",
            rate=RESERVED_RATE, units=Decimal(machines), unit="Hours", rates=(("azure-d32", RESERVED_RATE),),
        )  # fmt: skip

    found = [reservation(1, window.start + 9 * DAY)]
    while found[-1].end < window.end:
        found.append(reservation(len(found) + 1, found[-1].end))
    return tuple(found)


def _committed_use(seed: int, window: Window, resources: tuple[Resource, ...]) -> Commitment:
    cores = sum((r.base / 24 for r in _covered(resources, "gcp-cud", "flat")), Decimal(0))
    account = _PAYER["gcp", "fleet"]
    start = window.periods[3] if len(window.periods) > 7 else window.start
    return Commitment(
        key="gcp-committed-use", id=f"projects/{account.id}/commitments/n2-{token(seed, 'committed-use', length=8)}",
        name="N2 cores, 3 years", type="Committed Use Discount", category="Usage",
        source="gcp", account=account.id, region=account.region, sku="gcp-cud", pool="gcp-cud",
        start=start, end=year_after(start, 3), grain="day", payment="recurring",
        rate=COMMITTED_RATE, units=(cores * Decimal("1.02")).to_integral_value(), unit="vCPU-Hours",
        rates=(("gcp-n2", COMMITTED_RATE),),
    )  # fmt: skip
