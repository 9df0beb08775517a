"""commitment_coverage: how much of use commitments cover, and how much of the commitments is used."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from finopsmetrics.core.exact import plus
from finopsmetrics.dashboard.drill import explorer
from finopsmetrics.dashboard.money_rows import amount, in_currency, money_column, nothing, receipts_of, text
from finopsmetrics.dashboard.settings import Timed
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.dashboard.words import besides, day, money, percent, ratio
from finopsmetrics.observability.commitments import COMMITTED, ON_DEMAND, pricing_of
from finopsmetrics.vizlychart.spec import ChartSpec, Column

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

GROUPS = ["ServiceName", "ChargeCategory", "PricingCategory", "CommitmentDiscountStatus"]
SUMS = ("covered", "on_demand", "used", "unused")
SOURCE = (
    "Coverage: use under commitments at its contracted cost, as a share of that and of use on demand. Utilisation: the effective "
    "cost of what was used, as a share of that and of what was committed and not used."
)
Sums = dict[str, Decimal]


class CommitmentCoverageConfig(Timed):
    """Which use counts."""

    services: Literal["committed", "all"] = Field(
        default="committed", description="Use of services that any commitment covers, or of all services."
    )
    grain: Literal["day", "week", "month"] = Field(default="month", description="The step.")


class CommitmentCoverage(Widget[CommitmentCoverageConfig]):
    """Coverage and utilisation."""

    name = "commitment_coverage"
    title = "Commitments"
    description = "How much of use reservations and savings plans cover, and how much of them is used, along time."
    config = CommitmentCoverageConfig
    size = (2, 1)

    def show(self, asking: Asking, config: CommitmentCoverageConfig) -> Shown:
        """Ask for effective and for contracted costs by how they were priced."""
        window = asking.window(config.time_range, "6m")
        asked: dict[str, Any] = {"group_by": GROUPS, "grain": config.grain, "filters": config.filters}
        effective = asking.costs(window, metric="effective", **asked)
        contracted = asking.costs(window, metric="contracted", **asked)
        paid = in_currency(asking, effective)
        if paid is None:
            return nothing(asking, window, effective)
        full = {_key(row): row["cost"] for row in contracted if row["currency"] == paid.rows[0]["currency"]}
        steps = _steps(list(paid.rows), full, every=config.services == "all")
        whole = {name: _total(steps, name) for name in SUMS}
        receipts = receipts_of(effective, contracted)
        if not whole["used"] and not whole["unused"]:
            told = f"No charge in {paid.currency} of {window.label()} is under a commitment{besides(paid.others)}."
            return Shown(told, receipts=receipts, source=SOURCE, empty="Buy a commitment, or choose another time.")
        coverage, used = _share(whole, "covered", "on_demand"), _share(whole, "used", "unused")
        told = (
            f"Commitments covered {percent(coverage)} of use in {window.label()} and were used to {percent(used)}; "
            f"{money(whole['unused'], paid.currency)} was committed and not used{besides(paid.others)}."
        )
        where = asking.filters(config.filters)
        link = explorer(window, group_by=["CommitmentDiscountStatus"], where=where, metric="effective", grain=config.grain)
        return Shown(told, _chart(steps, paid.currency), receipts=receipts, source=SOURCE, link=link)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["period"], *(row[name] for name in GROUPS))


def _steps(rows: list[dict[str, Any]], full: dict[tuple[Any, ...], Decimal | None], *, every: bool) -> dict[datetime, Sums]:
    """By step of time: what was covered (at its contracted cost) and on demand, and what was used and not used."""
    how = [(row, pricing_of(row["PricingCategory"], row["CommitmentDiscountStatus"], row["ChargeCategory"])) for row in rows]
    committed = {row["ServiceName"] for row, priced in how if priced == COMMITTED}
    steps: dict[datetime, Sums] = defaultdict(lambda: dict.fromkeys(SUMS, Decimal(0)))
    for row, priced in how:
        sums, cost = steps[row["period"]], amount(row["cost"])
        if priced == COMMITTED:
            sums["used"] = plus(sums["used"], cost)
            sums["covered"] = plus(sums["covered"], amount(full.get(_key(row))))
        elif priced == ON_DEMAND and (every or row["ServiceName"] in committed):
            sums["on_demand"] = plus(sums["on_demand"], cost)
        elif row["CommitmentDiscountStatus"] == "Unused":
            sums["unused"] = plus(sums["unused"], cost)
    return dict(steps)


def _total(steps: dict[datetime, Sums], name: str) -> Decimal:
    found = Decimal(0)
    for sums in steps.values():
        found = plus(found, sums[name])
    return found


def _share(sums: Sums, part: str, rest: str) -> Decimal | None:
    return ratio(sums[part], plus(sums[part], sums[rest]))


def _chart(steps: dict[datetime, Sums], currency: str) -> ChartSpec:
    columns = (
        Column(name="period", label="Time", type="time"),
        Column(name="coverage", label="Coverage", type="share"),
        Column(name="utilisation", label="Utilisation", type="share"),
        money_column("covered", "Covered, at contracted cost", currency),
        money_column("on_demand", "On demand", currency),
        money_column("used", "Used of commitments", currency),
        money_column("unused", "Not used of commitments", currency),
    )
    rows = tuple(
        (
            day(at),
            text(_share(sums, "covered", "on_demand")),
            text(_share(sums, "used", "unused")),
            *(text(sums[n]) for n in SUMS),
        )
        for at, sums in sorted(steps.items())
    )
    return ChartSpec(chart="line", columns=columns, rows=rows, x="period", y=("coverage", "utilisation"), rising="good")
