"""Digests: many findings as one message: counted by sort and severity, their impact summed exactly in each currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from finopsmetrics.core.exact import total
from finopsmetrics.core.findings import SEVERITIES, SORTS
from finopsmetrics.core.notices import Notice
from finopsmetrics.notifications.moving import counted
from finopsmetrics.notifications.preferences import grade
from finopsmetrics.notifications.templates.filling import money
from finopsmetrics.store.findings import KeptFinding

MOST_PARTS = 25
PLURALS = {"anomaly": "Anomalies", "recommendation": "Recommendations", "violation": "Violations", "insight": "Insights"}

Parts = Sequence[tuple[KeptFinding, Notice]]


def summary(parts: Parts, name: str, at: datetime, *, about: str) -> Notice:
    """A digest: the most severe first, then by sort and impact; how many are left out is said."""
    told = f"{name}: {len(parts)} finding{'s' if len(parts) != 1 else ''}"
    return _many(parts, told, at, about)


def group_of(parts: Parts, source: str, at: datetime, *, about: str) -> Notice:
    """Several messages of one source as one."""
    return _many(parts, f"{len(parts)} findings{f' of {source}' if source else ''}", at, about)


def _many(parts: Parts, title: str, at: datetime, about: str) -> Notice:
    ordered = sorted(parts, key=_place)
    worst = max((notice.severity for _, notice in parts), key=grade)
    left = len(ordered) - MOST_PARTS
    sentences = (f"The {MOST_PARTS} most severe are shown; {left} more are left out.",) if left > 0 else ()
    shown = tuple(notice for _, notice in ordered[:MOST_PARTS])
    return Notice(about, title, at, severity=worst, sentences=sentences, facts=tuple(_facts(parts)), parts=shown)


def _place(part: tuple[KeptFinding, Notice]) -> tuple[object, ...]:
    kept, notice = part
    finding = kept.finding
    return -grade(notice.severity), SORTS.index(finding.sort), -(counted(finding.impact) or Decimal(0)), finding.id


def _facts(parts: Parts) -> Iterable[tuple[str, str]]:
    """Of each sort that is there: how many of which severity, and what they come to in each currency."""
    for sort in SORTS:
        own = [(kept, notice) for kept, notice in parts if kept.finding.sort == sort]
        if not own:
            continue
        counts = [(sum(notice.severity == one for _, notice in own), one) for one in reversed(SEVERITIES)]
        yield PLURALS[sort], ", ".join(f"{number} {severity}" for number, severity in counts if number)
        sums: dict[str, list[Decimal]] = {}
        for kept, _ in own:
            impact = counted(kept.finding.impact)
            if impact is not None and kept.finding.currency is not None:
                sums.setdefault(kept.finding.currency, []).append(impact)
        if sums:
            yield f"Impact of {PLURALS[sort].lower()}", "; ".join(money(total(sums[one]), one) for one in sorted(sums))
