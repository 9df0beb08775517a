"""Puts the company together: `build_estate` is a pure function of (seed, months, end, scale)."""

from __future__ import annotations

from datetime import date

from finopsmetrics.core.errors import UsageError
from finopsmetrics.demo.anomalies import PLANS, Plan, recorded
from finopsmetrics.demo.catalog import ACCOUNTS, SOURCES, TEAMS
from finopsmetrics.demo.commitments import build_commitments
from finopsmetrics.demo.estate import COMPANY, Estate, Event, Resource
from finopsmetrics.demo.fleet import build_resources
from finopsmetrics.demo.one_offs import build_one_offs
from finopsmetrics.demo.prices import SKU, SKUS
from finopsmetrics.demo.window import Window, window_of

_ACCOUNT_IDS = {(account.source, account.name): account.id for account in ACCOUNTS}


def build_estate(*, seed: int = 7, months: int = 14, end: date, scale: float = 1.0, planted: bool = True) -> Estate:
    """Return the model of the company. `planted=False` leaves out every event, to measure what they cost.

    Raises UsageError for fewer than two months or a scale that is not above 0.
    """
    if not 0 < scale <= 1000:
        raise UsageError(f"The scale must be above 0 and at most 1000, not {scale}.", cure="Try 1.0.")
    window = window_of(months, end)
    resources = build_resources(seed, scale, window, PLANS, planted=planted)
    return Estate(
        company=COMPANY,
        seed=seed,
        scale=scale,
        planted=planted,
        window=window,
        teams=TEAMS,
        sources=SOURCES,
        accounts=ACCOUNTS,
        skus=SKUS,
        resources=resources,
        commitments=build_commitments(seed, window, resources),
        one_offs=build_one_offs(window),
        events=_events(window, resources) if planted else (),
    )


def _events(window: Window, resources: tuple[Resource, ...]) -> tuple[Event, ...]:
    return (*(_event(plan, window, resources) for plan in PLANS), *recorded(window))


def _event(plan: Plan, window: Window, resources: tuple[Resource, ...]) -> Event:
    """Fill in where the plan happens from the resources it touches."""
    touched = [r for r in resources if plan.target in (r.key, r.sku) and r.event in (None, plan.key)]
    if plan.effect == "spawn":
        touched = [r for r in touched if r.event == plan.key]
    accounts, regions = {r.account for r in touched}, {r.region for r in touched}
    sku = SKU[touched[0].sku]
    return Event(
        key=plan.key,
        kind=plan.kind,
        cause=plan.cause,
        anomaly=plan.anomaly,
        effect=plan.effect,
        source=sku.source,
        account=accounts.pop() if len(accounts) == 1 else None,
        service=sku.service,
        region=regions.pop() if len(regions) == 1 else None,
        resources=tuple(r.key for r in touched),
        windows=plan.windows(window),
        factor=plan.factor,
        ramp=plan.ramp,
        sku=plan.sku or (plan.target if plan.effect == "reprice" else None),
    )
