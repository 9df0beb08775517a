"""A small estate with values that pages must be careful with, and what shows widgets over it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.samples import Sample
from finopsmetrics.iam.principal import OWNER, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.dashboards import Asked, Dashboards, Drawn
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.runtime.workspace import Workspace
from tests.store.bills import Row, charge, write_csv

NOW = datetime(2026, 6, 20, 9, 30, tzinfo=UTC)
MARKUP = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://x","y")'
QUOTES = 'it\'s "quoted" \\ back` AND 1 == 1'
HIDDEN = "Hidden-9f3"
SCOPE = Condition.parse('tags.team == "ml"')
EVERY = frozenset({"*:*"})
LEAD = Principal("lead", "person", EVERY, scope=SCOPE, roles=("team_lead",), teams=("ml",))
NOBODY = Principal("nobody", "person", frozenset())


def tags(**told: str) -> str:
    return json.dumps(told)


def rows() -> list[Row]:
    """Two months of a few charges a day, in two currencies, with odd names, tags and amounts."""
    found: list[Row] = []
    for month, last in (("2026-05", 31), ("2026-06", 19)):
        for day in range(1, last + 1):
            more = {"RegionId": "eu-1", "ServiceCategory": "Compute", "SkuId": "sku-1", "ConsumedUnit": "Hours"}
            more |= {"ConsumedQuantity": f"{day}", "ResourceName": f"vm-{day % 4}", "ResourceId": f"vm-{day % 4}"}
            found.append(charge(f"{day}.000000000000000001", "Compute", month, day, Tags=tags(team="ml"), **more))
            found.append(charge(f"{day * 2}.5", MARKUP, month, day, Tags=tags(team=QUOTES, app=MARKUP), ResourceName=MARKUP))
            secret = {
                "SubAccountId": HIDDEN,
                "ResourceId": HIDDEN,
                "SkuId": HIDDEN,
                "ConsumedUnit": "GB",
                "ConsumedQuantity": "3",
            }
            found.append(charge("3", HIDDEN, month, day, Tags=tags(**{"team": HIDDEN, HIDDEN: "x"}), **secret))
        found.append(charge("-4.25", FORMULA, month, 5, Tags="", ChargeCategory="Credit", ResourceId=""))
        found.append(charge("12.40", "(other)", month, 7, Tags="", ServiceProviderName="(none)"))
        found.append(charge("0.0000001", QUOTES, month, 8, Tags=tags(team="ml"), BillingCurrency="EUR"))
        found += _committed(month)
    return [dict.fromkeys(set().union(*found), "") | dict(row) for row in found]


def _committed(month: str) -> list[Row]:
    more = {"CommitmentDiscountId": "sp-1", "CommitmentDiscountType": "Savings Plan", "CommitmentDiscountCategory": "Spend"}
    used = {**more, "CommitmentDiscountStatus": "Used", "PricingCategory": "Committed", "ContractedCost": "10", "BilledCost": "0"}
    unused = {**more, "CommitmentDiscountStatus": "Unused", "PricingCategory": "Committed", "BilledCost": "0"}
    return [
        charge("6", "Compute", month, 3, Tags=tags(team="ml"), **used),
        charge("2", "Compute", month, 3, Tags=tags(team="ml"), **unused),
    ]


def measured() -> list[Sample]:
    """Samples of some of the estate's resources by the hour, with odd names; one that only some may see."""
    found = []
    for hour in range(24 * 3):
        at = datetime(2026, 6, 10) + timedelta(hours=hour)
        for name, team in (("vm-1", "ml"), (MARKUP, QUOTES), (HIDDEN, HIDDEN)):
            value = Decimal(hour) / 4
            found.append(Sample(at, "cpu.utilization", value, "percent", resource=name, service="Compute", tags={"team": team}))
    return found


def filled(folder: Path) -> Workspace:
    """A home with the estate, a budget over it, and another that cannot be told."""
    workspace = Workspace(folder / "home", now=lambda: NOW)
    workspace.ingest([write_csv(folder / "bill.csv", rows())], source=MARKUP[:4].strip("<"))
    Acting(workspace, OWNER).record_samples(measured())
    specs = Acting(workspace, OWNER).specs
    specs.put("budget", "Compute", {"amount": 400, "period": "monthly", "currency": "USD", "filters": {"service": "Compute"}})
    specs.put("budget", "Everything", {"amount": 400, "period": "monthly"})
    ml = {"amount": 10, "period": "monthly", "currency": "USD", "filters": {"team": "ml"}}
    specs.put("budget", "Team ml", ml)
    return workspace


def shown(
    workspace: Workspace,
    widget: str,
    config: Mapping[str, Any] | None = None,
    frame: Frame | None = None,
    principal: Principal = OWNER,
) -> Drawn:
    """One widget as somebody sees it; the month of May unless said otherwise."""
    return every(workspace, [Asked(widget, widget, config or {})], frame, principal)[0]


def every(workspace: Workspace, asked: list[Asked], frame: Frame | None = None, principal: Principal = OWNER) -> list[Drawn]:
    """Widgets in the order asked for."""
    frame = frame or Frame("2026-06-01..2026-06-19")
    drawn = {one.id: one for one in Dashboards(Acting(workspace, principal)).show(asked, frame)}
    return [drawn[one.id] for one in asked]
