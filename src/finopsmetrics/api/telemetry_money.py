"""Metrics of money and findings: few series, computed anew only when the lake or the day has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, date
from decimal import Decimal

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from finopsmetrics.api.context import Context
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.core.exact import plus
from finopsmetrics.store.findings import FindingBook

MOST_PROVIDERS = 50  # told apart; those that cost most


class MoneyCollector(Collector):
    """What the month cost so far, and how many findings wait. A state that cannot be read gives no figures."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._known: tuple[tuple[int, date], list[tuple[tuple[str, str], float]]] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing is promised before the first scrape."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics now."""
        cost = GaugeMetricFamily(
            "finopsmetrics_cost_month_to_date",
            "Billed cost since the first of the month (UTC), rounded to a double, by provider.",
            labels=("provider", "currency"),
        )
        waiting = GaugeMetricFamily(
            "finopsmetrics_findings_open", "Findings that are neither done nor dismissed.", labels=("sort", "severity")
        )
        try:
            for labels, value in self._costs():
                cost.add_metric(labels, value)
            opened = self._context.workspace.opened
            for kind, number in FindingBook(opened.database, opened.now).waiting().items():
                waiting.add_metric(kind, number)
        except FinOpsError:  # finopsmetrics_lake_readable says so
            return []
        return [cost, waiting]

    def _costs(self) -> list[tuple[tuple[str, str], float]]:
        workspace = self._context.workspace
        key = (workspace.opened.lake.snapshot().version, workspace.now().astimezone(UTC).date())
        with self._lock:
            if self._known is None or self._known[0] != key:
                rows = workspace.costs.get_costs(group_by="provider", time_range="mtd", top=MOST_PROVIDERS).rows
                sums: dict[tuple[str, str], Decimal] = {}
                for row in rows:  # charges without a provider, and those of one that is called so, are one series
                    labels = (row["provider"] or "(none)", row["currency"])
                    sums[labels] = plus(sums.get(labels, Decimal(0)), row["cost"])
                self._known = (key, [(labels, float(cost)) for labels, cost in sums.items()])
            return self._known[1]
