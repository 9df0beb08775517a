"""What the ledger says about tags: how many resources lack them or spell them wrongly, and which cost that touches."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from finopsmetrics.demo.amounts import exact
from finopsmetrics.demo.estate import Estate, Resource
from finopsmetrics.demo.tags import KEYS, MISSPELLED

_SHARE = Decimal("0.000001")


def tag_gaps(estate: Estate, costs: dict[tuple[str, date], tuple[Decimal, Decimal]]) -> list[dict[str, Any]]:
    """Return one entry a source. `costs` holds (effective cost of resources, of those with the tag team) by period.

    Only the exact key `team` counts as there: `Team` is one of the gaps.
    """
    return [_of_source(estate, source.key, costs) for source in estate.sources]


def _of_source(estate: Estate, source: str, costs: dict[tuple[str, date], tuple[Decimal, Decimal]]) -> dict[str, Any]:
    resources = [r for r in estate.resources if r.sku.startswith(f"{source}-")]
    whole = sum((cost for (key, _), (cost, _) in costs.items() if key == source), Decimal(0))
    tagged = sum((cost for (key, _), (_, cost) in costs.items() if key == source), Decimal(0))
    return {
        "source": source,
        "currency": estate.source(source).currency,
        "resources": len(resources),
        "untagged": sum(not r.tags for r in resources),
        "without_team": sum(not r.has_team_tag for r in resources),
        "misspelled_environment": sum(_is_misspelled(r) for r in resources),
        "odd_keys": sum(any(key not in KEYS for key, _ in r.tags or ()) for r in resources),
        "resource_cost": exact(whole),
        "cost_without_team": exact(whole - tagged),
        "share_without_team": exact(((whole - tagged) / whole).quantize(_SHARE)) if whole else "0",
    }


def _is_misspelled(resource: Resource) -> bool:
    known = {*MISSPELLED, None}
    return dict(resource.tags or ()).get("environment") not in known
