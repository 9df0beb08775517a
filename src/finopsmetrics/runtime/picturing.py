"""Picturing: the chart of a message about an anomaly: what the charges that it is about cost by day, and where it began."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from finopsmetrics.core.findings import Finding
from finopsmetrics.core.notices import Notice
from finopsmetrics.core.windows import Window
from finopsmetrics.observability.query import build
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.vizlychart.chart import VizlyChart

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

BEFORE = timedelta(days=42)
"""How much of the past is drawn before an anomaly began."""
LONGEST = timedelta(days=120)
SIZE = (720, 300)
log = logging.getLogger("finopsmetrics.notifications")


def pictured(acting: Acting, notice: Notice) -> Notice:
    """The notice with a chart, where it tells of one anomaly. A chart that cannot be made holds no message up."""
    if notice.chart is not None or notice.parts or notice.stage != "trigger" or not notice.about.startswith("f-"):
        return notice
    try:
        finding = FindingBook(acting.workspace.opened.database, acting.workspace.opened.now).get(notice.about).finding
        drawn = _drawn(acting, finding) if finding.sort == "anomaly" and finding.start is not None else None
    except Exception as error:  # whatever it is: the message is more than its picture
        log.warning("the message about %s goes out without its chart: %s", notice.about, error)
        return notice
    return notice if drawn is None else replace(notice, chart=base64.b64encode(drawn).decode())


def _drawn(acting: Acting, finding: Finding) -> bytes | None:
    """The costs of the finding's own charges by day, as PNG; None where there are none in its currency."""
    assert finding.start is not None
    end = min(finding.end or finding.start + timedelta(days=1), finding.start + LONGEST)
    window = Window((finding.start - BEFORE).replace(tzinfo=UTC), (end + timedelta(days=3)).replace(tzinfo=UTC))
    metric = str(finding.body.get("metric") or "billed")
    answer = acting.costs.ask(build(metric=metric, window=window, filters=finding.where, grain="day"))
    rows = [row for row in answer if row["currency"] == finding.currency]
    if len(rows) < 2:
        return None
    began = _day(finding.start)
    marked = any(row["period"] == began for row in rows)
    marker = {"at": began.isoformat(), "text": finding.title[:400], "sort": "anomaly"}
    subject = finding.body.get("subject")
    chart = VizlyChart.area(
        rows,
        title=f"{subject or 'Cost'} by day, {metric} cost"[:300],
        sentence=finding.title[:2_000],
        markers=[marker] if marked else [],
    )
    return chart.to_png(width=SIZE[0], height=SIZE[1])


def _day(at: datetime) -> datetime:
    return datetime(at.year, at.month, at.day)
