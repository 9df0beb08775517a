"""Collecting: the hooks before and after a delivery is taken in. Whatever they do, the delivery is taken as it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from finopsmetrics.plugins.results import Collected

if TYPE_CHECKING:
    from finopsmetrics.plugins.manager import PluginManager
    from finopsmetrics.store.report import DeliveryReport


@contextmanager
def collecting(plugins: PluginManager, source: str) -> Iterator[Callable[[DeliveryReport], DeliveryReport]]:
    """Fire `pre_collect_metrics`, then `post_collect_metrics` with the report that is handed in, or the error."""
    reports: list[DeliveryReport] = []

    def told(report: DeliveryReport) -> DeliveryReport:
        reports.append(report)
        return report

    plugins.fire("pre_collect_metrics", source=source)
    try:
        yield told
    except Exception as error:
        outcome = Collected(source, "delivery", "failed", error=str(error))
        plugins.fire("post_collect_metrics", source=source, outcome=outcome)
        raise
    for report in reports:
        new = report.accepted if report.status == "taken" else 0
        outcome = Collected(report.source, "delivery", "done", report.rows, new, report.quarantined)
        plugins.fire("post_collect_metrics", source=source, outcome=outcome)
