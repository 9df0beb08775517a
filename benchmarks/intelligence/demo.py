"""The demo estate's planted events beside what the product finds: `python -m benchmarks.intelligence demo [SEED]`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import show
from finopsmetrics.core.findings import Finding
from finopsmetrics.demo import generate
from finopsmetrics.observability.anomalies.look import look
from finopsmetrics.observability.anomalies.watch import Watch
from finopsmetrics.runtime.workspace import Workspace

EARLY, LATE = timedelta(days=1), timedelta(days=7)
MONTHS = 14


@dataclass(frozen=True)
class Matched:
    """An event of the ledger and the finding about it, if any; whether the finding names a resource of it."""

    event: dict[str, Any]
    finding: Finding | None
    right: bool


def matched(event: dict[str, Any], findings: list[Finding]) -> Matched:
    """The first finding that begins between a day before an event's day and a week after it, about its service and account."""
    for start, _ in event["windows"]:
        first = date.fromisoformat(start)
        for one in findings:
            assert one.start is not None
            if first - EARLY <= one.start.date() <= first + LATE and _about(event, one):
                return Matched(event, one, _right(event, one))
    return Matched(event, None, False)


def _about(event: dict[str, Any], one: Finding) -> bool:
    return any(part["group"]["ServiceName"] == event["service"] for part in one.body["series"])


def _right(event: dict[str, Any], one: Finding) -> bool:
    """Whether what explains most of the finding is what the event happened to: its resources, else its account."""
    drivers = one.body["explained"]["drivers"]
    named = {driver["value"] for driver in drivers.get("ResourceId", ()) if driver["share"] >= 0.2}
    if event["resources"] and named:
        return bool(named & set(event["resources"]))
    return any(part["group"]["SubAccountId"] == event["account"] for part in one.body["series"])


def estate(seed: int) -> tuple[list[Matched], list[Finding], Decimal]:
    """The matches of every event, the findings about none of them, and the number of series-months that were judged."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        made = generate(root / "bills", seed=seed, months=MONTHS, end=date(2026, 11, 26))
        events = json.loads((root / "bills" / "truth.json").read_text())["events"]
        now = datetime(2026, 11, 26, 12, tzinfo=UTC)
        with Workspace(root / "home", now=lambda: now) as workspace:
            workspace.ingest(sorted((root / "bills" / "deliveries").iterdir()))
            looked = look(workspace.costs, [Watch()], now, made.window.start)
        months = Decimal(looked.watched[0].series) * MONTHS
    found = list(looked.findings)
    told = [matched(event, found) for event in events]
    about = {one.finding.id for one in told if one.finding is not None}
    return told, [one for one in found if one.id not in about], months


def main(seed: int = 7) -> None:
    told, rest, months = estate(seed)
    planted = [one for one in told if one.event["anomaly"]]
    rows = [
        {
            "planted": one.event["id"],
            "impact": one.event["impact"],
            "currency": one.event["currency"],
            "found": _day(one),
            "right cause": ("yes" if one.right else "no") if one.finding else "-",
            "told": one.finding.body["cause"] if one.finding else "-",
        }
        for one in planted
    ]
    show(f"Planted anomalies of the demo estate, seed {seed}", rows)
    looks = [
        {"look-alike": one.event["id"], "told": one.finding.title if one.finding else "-"} for one in told if one not in planted
    ]
    show("Look-alikes", looks)
    others = [
        {"found besides": one.body["subject"], "impact": one.impact, "cause": one.body["cause"], "shape": one.body["shape"]}
        for one in rest
    ]
    show("Found besides: launches that the estate makes at random, and false ones", others)
    hits = [one for one in planted if one.finding]
    money = sum(Decimal(one.event["impact"]) for one in hits if one.event["currency"] == "USD")
    whole = sum(Decimal(one.event["impact"]) for one in planted if one.event["currency"] == "USD")
    persisting = [one for one in rest if one.body["cause"] == "new_resource"]
    figures = {
        "planted": len(planted),
        "found": len(hits),
        "share of USD": float(money / whole),
        "right cause": sum(one.right for one in hits),
        "besides": len(rest),
        "of these new resources": len(persisting),
        "others / 100 series-months": float(Decimal(len(rest) - len(persisting)) * 100 / months),
    }
    show("In short", [figures])


def _day(one: Matched) -> str:
    if one.finding is None or one.finding.start is None:
        return "-"
    late = (one.finding.start.date() - date.fromisoformat(one.event["windows"][0][0])).days
    return f"day {late + 1}"
