"""Picturing: the chart of a message: what the charges that its anomalies are about cost by day, else what its findings come to.

It is drawn of the findings that the message itself tells of, and of nothing else: so it shows nobody more than the words do.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.exact import total
from finopsmetrics.core.findings import Finding
from finopsmetrics.core.notices import Notice
from finopsmetrics.core.windows import Window
from finopsmetrics.notifications.moving import counted
from finopsmetrics.observability.query import build
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.vizlychart.chart import VizlyChart

if TYPE_CHECKING:
    from finopsmetrics.runtime.acting import Acting

BEFORE = timedelta(days=42)
"""How much of the past is drawn before an anomaly began."""
LONGEST = timedelta(days=120)
SIZES = ((720, 300, 2.0), (720, 300, 1.0), (480, 220, 1.0), (360, 180, 1.0))
"""Width, height and scale of pictures: the first that is as small as the channel takes it."""
MOST_LINES, MOST_BARS = 5, 8
log = logging.getLogger("finopsmetrics.notifications")


def pictured(acting: Acting, notice: Notice, most: int | None = None) -> Notice:
    """The notice with a chart of at most so many bytes, where there is something to draw.

    A chart that cannot be made holds no message up.
    """
    told = [part.about for part in notice.parts] if notice.parts else [notice.about]
    ids = list(dict.fromkeys(about for about in told if about.startswith("f-")))
    if notice.chart is not None or notice.stage != "trigger" or not ids:
        return notice
    try:
        book = FindingBook(acting.workspace.opened.database, acting.workspace.opened.now)
        chart = _chart(acting, [book.get(one).finding for one in ids], notice)
        drawn = _small(chart, most) if chart is not None else None
    except Exception as error:  # whatever it is: the message is more than its picture
        log.warning("the message about %s goes out without its chart: %s", notice.about, error)
        return notice
    return notice if drawn is None else replace(notice, chart=base64.b64encode(drawn).decode())


def _small(chart: VizlyChart, most: int | None) -> bytes | None:
    for width, height, scale in SIZES:
        drawn = chart.to_png(width=width, height=height, scale=scale)
        if most is None or len(drawn) <= most:
            return drawn
    return None


def _chart(acting: Acting, findings: Sequence[Finding], notice: Notice) -> VizlyChart | None:
    """The chart of findings: of anomalies where there are any, as the greatest of them is measured."""
    ordered = sorted(findings, key=lambda one: (-(counted(one.impact) or Decimal(0)), one.id))
    anomalies = [one for one in ordered if one.sort == "anomaly" and one.start is not None]
    alike = [one for one in anomalies if (_metric(one), one.currency) == (_metric(anomalies[0]), anomalies[0].currency)]
    if len(alike) > 1:
        return _lines(acting, alike[:MOST_LINES])
    if alike:
        return _area(acting, alike[0])
    return _bars(ordered, notice) if notice.parts else None


def _area(acting: Acting, finding: Finding) -> VizlyChart | None:
    """The costs of a finding's own charges by day; None where there are none in its currency."""
    rows = _days(acting, finding, _window([finding]))
    if len(rows) < 2:
        return None
    began = _began(finding)
    marked = any(row["period"] == began for row in rows)
    marker = {"at": began.isoformat(), "text": finding.title[:400], "sort": "anomaly"}
    return VizlyChart.area(
        rows,
        title=f"{finding.body.get('subject') or 'Cost'} by day, {_metric(finding)} cost"[:300],
        sentence=finding.title[:2_000],
        markers=[marker] if marked else [],
    )


def _lines(acting: Acting, findings: Sequence[Finding]) -> VizlyChart | None:
    """The costs of several findings' charges by day: lines, for the same charge may be of two of them."""
    window = _window(findings)
    names: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for finding in findings:
        name = str(finding.body.get("subject") or finding.title)[:120]
        names[name] = names.get(name, 0) + 1
        told = name if names[name] == 1 else f"{name} ({names[name]})"
        rows += [{**row, "anomaly": told} for row in _days(acting, finding, window)]
    if len({row["period"] for row in rows}) < 2:
        return None
    days = {row["period"] for row in rows}
    markers = [
        {"at": _began(one).isoformat(), "text": one.title[:400], "sort": "anomaly"} for one in findings if _began(one) in days
    ]
    sentence = "; ".join(one.title for one in findings)[:2_000]
    title = f"The {len(findings)} greatest anomalies by day, {_metric(findings[0])} cost"
    return VizlyChart.line(rows, series="anomaly", title=title, sentence=sentence, markers=markers)


def _bars(findings: Sequence[Finding], notice: Notice) -> VizlyChart | None:
    """What findings come to, the greatest first, in the currency of the greatest; None where none of them says it."""
    costly = [one for one in findings if (counted(one.impact) or Decimal(0)) > 0 and one.currency is not None]
    own = [one for one in costly if one.currency == costly[0].currency]
    if len(own) < 2:
        return None
    rest = [one.impact for one in own[MOST_BARS:] if one.impact is not None]
    rows: list[dict[str, Any]] = [{"finding": one.title, "impact": one.impact} for one in own[:MOST_BARS]]
    rows += [{"finding": "(other)", "impact": total(rest)}] if rest else []
    labels = {"finding": "Finding", "impact": "Impact"}
    title = f"Impact of {len(own)} findings"
    return VizlyChart.bar(
        rows, x="finding", y="impact", currency=own[0].currency, labels=labels, title=title, sentence=notice.title
    )


def _days(acting: Acting, finding: Finding, window: Window) -> list[dict[str, Any]]:
    answer = acting.costs.ask(build(metric=_metric(finding), window=window, filters=finding.where, grain="day"))
    return [row for row in answer if row["currency"] == finding.currency]


def _window(findings: Sequence[Finding]) -> Window:
    """From what was before the first began to a little after the last ended."""
    starts = [one.start for one in findings if one.start is not None]
    ends = [min(one.end or one.start + timedelta(days=1), one.start + LONGEST) for one in findings if one.start is not None]
    end = max(ends)
    start = max(min(starts), end - LONGEST)
    return Window((start - BEFORE).replace(tzinfo=UTC), (end + timedelta(days=3)).replace(tzinfo=UTC))


def _metric(finding: Finding) -> str:
    return str(finding.body.get("metric") or "billed")


def _began(finding: Finding) -> datetime:
    assert finding.start is not None
    return datetime(finding.start.year, finding.start.month, finding.start.day)
