"""Composing: a finding in the words of a template. Every figure in the message is one of the finding's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from finopsmetrics.core.findings import Finding, Severity
from finopsmetrics.core.notices import Notice, Stage
from finopsmetrics.notifications.templates import Picked
from finopsmetrics.notifications.templates.filling import amount, filled, plain
from finopsmetrics.store.findings import KeptFinding
from finopsmetrics.store.telling import Told

MOST_RECOMMENDATIONS = 5
_STAGED = {"acknowledge": "Acknowledged: ", "resolve": "Over: "}


@dataclass(frozen=True)
class Telling:
    """What is to be told: a finding as it stands, since when, how grave, and why now; `before` is what was told last."""

    kept: KeptFinding
    at: datetime
    severity: str
    why: str
    before: Told | None = None
    stage: Stage = "trigger"
    actor: str = ""


def compose(told: Telling, picked: Picked) -> Notice:
    """The message. A sentence or fact of which a value is missing is left out."""
    finding = told.kept.finding
    said = picked.said(finding)
    fields = fields_of(told)
    title = (filled(said.title, fields) if said.title else None) or plain(finding.title) or f"Finding {finding.id}"
    sentences = [*_why(told), *_message(finding, picked), *(filled(one, fields) for one in said.sentences or ())]
    facts = [(label, filled(text, fields)) for label, text in (said.facts or {}).items()]
    most = MOST_RECOMMENDATIONS if said.recommendations is None else said.recommendations
    return Notice(
        about=finding.id,
        title=_STAGED.get(told.stage, "") + " ".join(title.split()),
        at=told.at,
        severity=_severity(told.severity),
        stage=told.stage,
        sentences=tuple(dict.fromkeys(one for one in sentences if one)),
        facts=tuple((label, value) for label, value in facts if value),
        recommendations=tuple(_texts(finding.body.get("recommendations")))[:most],
        links=tuple((link.title or link.url, link.url) for link in told.kept.links),
    )


def fields_of(told: Telling) -> dict[str, Any]:
    """What placeholders can name."""
    kept, finding = told.kept, told.kept.finding
    body = finding.body if isinstance(finding.body, Mapping) else {}
    context = body.get("context")
    return {
        "id": finding.id,
        "title": finding.title,
        "severity": told.severity,
        "state": kept.state,
        "sort": finding.sort,
        "source": finding.source,
        "owner": kept.owner,
        "where": finding.where,
        "impact": amount(finding.impact, finding.currency),
        "currency": finding.currency,
        "start": finding.start,
        "end": finding.end,
        "found_at": kept.found_at,
        "at": told.at,
        "body": body,
        "context": context if isinstance(context, Mapping) else body,
    }


def _why(told: Telling) -> Iterator[str]:
    """What brings the message about, where it is not that something was found."""
    finding = told.kept.finding
    if told.why == "escalated":
        yield f"Nobody has acknowledged this yet; it was found on {told.kept.found_at:%Y-%m-%d %H:%M} UTC."
    elif told.why == "returned":
        yield "It was done, and came back."
    elif told.why == "state" and told.stage == "trigger":
        yield "It was opened again."
    elif told.stage != "trigger" and told.actor:
        yield f"By {told.actor}; it is {told.kept.state}."
    elif told.before is not None and finding.currency and told.before.impact != finding.impact:
        was, now = (amount(one, finding.currency) or "unknown" for one in (told.before.impact, finding.impact))
        yield f"Its impact moved from {was} to {now}."


def _message(finding: Finding, picked: Picked) -> Iterator[str]:
    """What the finding itself says to this kind of reader."""
    messages = finding.body.get("messages")
    if isinstance(messages, Mapping):
        found = next((messages[one] for one in picked.personas if isinstance(messages.get(one), str)), None)
        if found is not None and found.strip():
            yield found.strip()


def _texts(told: Any) -> Iterator[str]:
    return (one.strip() for one in told if isinstance(one, str) and one.strip()) if isinstance(told, (list, tuple)) else iter(())


def _severity(told: str) -> Severity:
    return told  # type: ignore[return-value]  # it comes from a finding or a rule, where it was checked
