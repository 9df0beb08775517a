"""An incident as a Finding: one envelope, the figures that explain it, and the days around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from finopsmetrics.core.findings import Finding, Severity
from finopsmetrics.observability.anomalies.causes import Explained
from finopsmetrics.observability.anomalies.incidents import Incident, series_key
from finopsmetrics.observability.anomalies.search import Known
from finopsmetrics.observability.anomalies.words import advice, cause, plain, subject, title
from finopsmetrics.store.findings import KeptFinding

SOURCE = "anomalies"
GRAVE: tuple[tuple[float, Severity], ...] = ((0.30, "critical"), (0.10, "high"), (0.03, "medium"))
"""From which share of what its currency costs a day on, an incident's daily impact is how grave."""
AGAIN = timedelta(days=8)


def finding_of(incident: Incident, explained: Explained, spend: float, *, key: str | None = None) -> Finding:
    """The finding of an incident; `spend` is what its currency costs a day, `key` that of the finding that it goes on with."""
    sort, sentence = cause(incident, explained)
    body: dict[str, Any] = {
        "watch": incident.watch.name,
        "subject": subject(incident),
        "model": incident.watch.model,
        "metric": incident.watch.metric,
        "expected": f"{incident.expected:f}",
        "actual": f"{incident.actual:f}",
        "score": incident.score,
        "confidence": incident.confidence,
        "cause": sort,
        "likely_cause": sentence,
        "recommendations": advice(sort, explained),
        "shape": incident.lead.predicted_cause,
        "explained": plain(explained),
        "series": [_part(one) for one in incident.parts],
    }
    return Finding(
        sort="anomaly",
        key=key or incident.key,
        title=title(incident),
        severity=severity(incident, spend),
        where=incident.where,
        start=datetime(incident.start.year, incident.start.month, incident.start.day),
        end=datetime(incident.end.year, incident.end.month, incident.end.day),
        impact=incident.impact,
        currency=incident.currency,
        body=body,
        receipts=explained.receipts,
        source=SOURCE,
    )


def severity(incident: Incident, spend: float) -> Severity:
    """How grave: what it adds a day beside what everything watched in its currency costs a day."""
    a_day = float(abs(incident.impact)) / max((incident.end - incident.start).days, 1)
    share = a_day / spend if spend > 0 else 1.0
    return next((told for least, told in GRAVE if share >= least), "low")


def goes_on(incident: Incident, kept: Iterable[KeptFinding]) -> str | None:
    """The key of the finding that an incident is the same happening as: one of its series was in it, at about the same time."""
    mine = {series_key(part.group) for part in incident.parts}
    for one in kept:
        body = one.finding.body
        if body.get("watch") != incident.watch.name or one.finding.start is None or one.finding.end is None:
            continue
        begins, ends = one.finding.start.date(), one.finding.end.date()
        overlaps = incident.start < ends + AGAIN and begins < incident.end
        if overlaps and mine & {str(part["id"]) for part in body["series"]}:
            return one.finding.key
    return None


def known_of(kept: Sequence[KeptFinding]) -> list[Known]:
    """What was said of findings, for the search: each of its series with the verdict."""
    found = []
    for one in kept:
        if one.verdict in {"expected", "not_useful"} and one.finding.start is not None:
            for part in one.finding.body["series"]:
                a_day = Decimal(part["a_day"])
                start = one.finding.start.date()
                found.append(Known(one.finding.body["watch"], str(part["id"]), str(one.verdict), start, a_day))
    return found


def _part(one: Any) -> dict[str, Any]:
    days = max((one.end - one.start).days, 1)
    return {
        "id": series_key(one.group),
        "group": {name: value if value is None else str(value) for name, value in one.group.items()},
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "expected": f"{one.expected:f}",
        "actual": f"{one.actual:f}",
        "impact": f"{one.impact:f}",
        "a_day": f"{abs(one.impact) / days:f}",
        "score": one.score,
    }
