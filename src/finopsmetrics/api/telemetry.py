"""Metrics in Prometheus's format: requests by route template, and what the lake holds and how fresh it is."""

from __future__ import annotations

import platform
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, GCCollector, Histogram, ProcessCollector, generate_latest
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import finopsmetrics
from finopsmetrics.api.context import Context
from finopsmetrics.api.telemetry_money import MoneyCollector
from finopsmetrics.core.errors import FinOpsError
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.store.lake import CHARGES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_SOURCES = 200  # sources told apart; those with the newest deliveries
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Telemetry:
    """The metrics of one app."""

    def __init__(self, context: Context) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        labels = ("method", "route")
        self._requests = Counted(
            "finopsmetrics_http_requests", "Requests answered.", (*labels, "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "finopsmetrics_http_request_seconds",
            "Seconds from a request to the end of its response.",
            labels,
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_LakeCollector(context))
        self._registry.register(MoneyCollector(context))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is a template, so that there are few."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All metrics as text."""
        return generate_latest(self._registry)


class Counting:
    """ASGI middleware that counts every request by the template of its route."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app, self._telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and count one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path_format", "unmatched")
            self._telemetry.count(scope["method"], route, status, time.perf_counter() - began)


@dataclass(frozen=True)
class _Counted:
    """What deliveries there are at one version of the lake, by source."""

    version: int
    deliveries: dict[str, int]
    newest: dict[str, datetime]


class _LakeCollector(Collector):
    """Reads the lake when it is scraped; deliveries are counted again only when the lake has changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._counted: _Counted | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing is promised before the first scrape."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics now; a lake that cannot be read says so and gives no figures."""
        readable = GaugeMetricFamily("finopsmetrics_lake_readable", "1 when the state could be read at this scrape.")
        info = GaugeMetricFamily("finopsmetrics_build_info", "The version that runs.", labels=("version", "python"))
        info.add_metric((finopsmetrics.__version__, platform.python_version()), 1)
        gate = self._context.gate
        busy = GaugeMetricFamily("finopsmetrics_questions", "Heavy questions at this moment.", labels=("state",))
        busy.add_metric(("running",), gate.running)
        busy.add_metric(("waiting",), gate.waiting)
        try:
            found = list(self._of_lake())
        except FinOpsError:
            found = []
        readable.add_metric((), 1 if found else 0)
        return [info, busy, readable, *found]

    def _of_lake(self) -> Iterable[Metric]:
        opened = self._context.workspace.opened
        snapshot = opened.lake.snapshot()
        counted = self._count(snapshot.version)
        yield GaugeMetricFamily("finopsmetrics_lake_version", "Grows with every change of the lake.", snapshot.version)
        rows = GaugeMetricFamily("finopsmetrics_lake_rows", "Rows in effect, by table.", labels=("table",))
        for table in (CHARGES, "quarantine"):
            rows.add_metric((table,), sum(file.rows for file in snapshot.files.get(table, ())))
        yield rows
        told = CounterMetricFamily("finopsmetrics_deliveries", "Deliveries taken, by source.", labels=("source",))
        age = GaugeMetricFamily(
            "finopsmetrics_delivery_age_seconds", "Seconds since the newest delivery of a source.", labels=("source",)
        )
        now = self._context.workspace.now().astimezone(UTC).replace(tzinfo=None)
        for source, newest in counted.newest.items():
            told.add_metric((source,), counted.deliveries[source])
            age.add_metric((source,), (now - newest).total_seconds())
        yield told
        yield age
        runs = GaugeMetricFamily("finopsmetrics_runs", "Runs in the history, by step and state.", labels=("step", "state"))
        for labels, number in JobBook(opened.database, opened.now).counts().items():
            runs.add_metric(labels, number)
        yield runs

    def _count(self, version: int) -> _Counted:
        with self._lock:
            if self._counted is None or self._counted.version != version:
                records = self._context.workspace.deliveries()
                newest: dict[str, datetime] = {}
                for record in records:
                    newest[record.source] = max(record.delivered_at, newest.get(record.source, record.delivered_at))
                kept = sorted(newest, key=lambda source: newest[source], reverse=True)[:MOST_SOURCES]
                number = Counter(record.source for record in records)
                self._counted = _Counted(
                    version, {source: number[source] for source in kept}, {source: newest[source] for source in kept}
                )
            return self._counted
