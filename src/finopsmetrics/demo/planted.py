"""What the ledger says about events, commitments and owners; impacts are summed from the charges themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from finopsmetrics.demo.amounts import exact
from finopsmetrics.demo.estate import Commitment, Estate, Event

Taxes = dict[tuple[str, date], Decimal]
_IMPACT = """
    SELECT c.starts::DATE AS day, sum(c.billed - c.steady_cost) AS impact
    FROM charge c JOIN resource r ON r.n = c.resource
    WHERE list_contains($resources, r.key) AND c.starts >= $start AND c.starts < $end AND c.class IS NULL
    GROUP BY ALL ORDER BY ALL
"""
_COMMITMENT = """
    SELECT coalesce(sum(billed) FILTER (category = 'Purchase'), 0),
           coalesce(sum(effective) FILTER (status = 'Used'), 0),
           coalesce(sum(effective) FILTER (status = 'Unused'), 0)
    FROM charge c JOIN commitment m ON m.n = c.commitment WHERE m.key = ?
"""


def events(estate: Estate, con: duckdb.DuckDBPyConnection, taxes: Taxes) -> list[dict[str, Any]]:
    """Return every planted event with its cost, in all and by day; anomalies first. `taxes` is by source and period.

    The impact of an event on resources is what they were billed beyond their steady use; tax and support that follow
    from it are not part of it. The impact of a recorded look-alike is the sum of its charges; without any it is left out.
    """
    costs = [(event, _by_day(con, event, taxes)) for event in estate.events]
    return [_told(estate, event, by_day) for event, by_day in costs if by_day]


def _by_day(con: duckdb.DuckDBPyConnection, event: Event, taxes: Taxes) -> dict[date, Decimal]:
    if event.kind == "tax":
        return {period: tax for (source, period), tax in sorted(taxes.items()) if source == event.source and tax}
    if event.rows is not None:
        query = f"SELECT starts::DATE, sum(billed) FROM charge WHERE source = ? AND {event.rows} GROUP BY ALL ORDER BY 1"
        return dict(con.execute(query, [event.source]).fetchall())
    found: dict[date, Decimal] = {}
    for start, end in event.windows:
        values = {"resources": list(event.resources), "start": start, "end": end}
        found |= dict(con.execute(_IMPACT, values).fetchall())
    return found


def _told(estate: Estate, event: Event, by_day: dict[date, Decimal]) -> dict[str, Any]:
    ids = {resource.key: resource.id for resource in estate.resources}
    return {
        "id": event.key,
        "anomaly": event.anomaly,
        "kind": event.kind,
        "cause": event.cause,
        "effect": event.effect,
        "source": event.source,
        "account": event.account,
        "service": event.service,
        "region": event.region,
        "resources": sorted({ids[key] for key in event.resources}),
        "start": event.windows[0][0].isoformat(),
        "end": event.windows[-1][1].isoformat(),
        "windows": [[start.isoformat(), end.isoformat()] for start, end in event.windows],
        "currency": estate.source(event.source).currency,
        "impact": exact(sum(by_day.values(), Decimal(0))),
        "by_day": {day.isoformat(): exact(amount) for day, amount in by_day.items()},
    }


def commitments(estate: Estate, con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return every commitment with what was purchased, used and unused inside the window, and what is left of a fee."""
    return [_commitment(estate, con, commitment) for commitment in estate.commitments]


def _commitment(estate: Estate, con: duckdb.DuckDBPyConnection, c: Commitment) -> dict[str, Any]:
    purchased, used, unused = con.execute(_COMMITMENT, [c.key]).fetchall()[0]
    upfront = c.payment == "upfront"
    return {
        "id": c.id,
        "name": c.name,
        "type": c.type,
        "category": c.category,
        "source": c.source,
        "account": c.account,
        "currency": estate.source(c.source).currency,
        "payment": c.payment,
        "start": c.start.isoformat(),
        "end": c.end.isoformat(),
        "per_step": exact(c.per_step),
        "step": c.grain,
        "upfront_fee": exact(c.fee) if upfront else "0",
        "purchased": exact(purchased),
        "used": exact(used),
        "unused": exact(unused),
        "remaining": exact(purchased - used - unused),
    }


def owners(estate: Estate) -> list[dict[str, Any]]:
    """Return the owner of every account: team, address, cost centre."""
    teams = {team.key: team for team in estate.teams}
    return [
        {
            "source": account.source,
            "account": account.id,
            "account_name": account.name,
            "environment": account.environment,
            "team": account.team,
            "owner": teams[account.team].owner,
            "cost_center": teams[account.team].cost_center,
        }
        for account in estate.accounts
    ]
