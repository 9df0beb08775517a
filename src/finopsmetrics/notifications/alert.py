"""ContextualAlert: something to tell, with what explains it, what to do, and what to say to whom; a Finding in other words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.findings import SEVERITIES, Finding
from finopsmetrics.notifications.words import WORDS, known

SOURCE = "alert"
_OF_SORT = {
    "anomaly": "cost_anomaly",
    "recommendation": "optimization_opportunity",
    "violation": "violation",
    "insight": "insight",
}


class ContextualAlert:
    """An alert with its context. `finding` is what is kept of it; nothing in it is computed here.

    `alert_type` is a word of rules, such as cost_anomaly. `where` is the condition on the charges that it is about; without one
    it is told to those alone who may see all charges. Two with the same type and `key` are the same alert, seen again; the key is
    made of the context unless given. Raises UsageError for a type or a severity that does not exist.
    """

    def __init__(  # noqa: PLR0913 (the first five are as in every alert)
        self,
        alert_type: str,
        severity: str,
        context: Mapping[str, Any],
        recommendations: Sequence[str],
        persona_specific_message: Mapping[str, str],
        *,
        title: str | None = None,
        key: str | None = None,
        where: str | None = None,
        impact: Decimal | None = None,
        currency: str | None = None,
        receipts: Sequence[str] = (),
    ) -> None:
        if severity not in SEVERITIES:
            cure = f"Severities are: {', '.join(SEVERITIES)}."
            raise UsageError(f"There is no severity {str(severity)[:40]!r}.", cure=cure)
        if impact is not None and currency is None:
            raise UsageError("An impact needs its currency.", cure="Give `currency`, such as USD.")
        self.alert_type, self.severity = known(alert_type), severity
        self.context, self.recommendations = dict(context), list(recommendations)
        self.persona_specific_message = dict(persona_specific_message)
        self.title = title or _title(alert_type, self.context)
        self.key = key or _key(alert_type, self.context)
        self.where, self.impact, self.currency, self.receipts = where, impact, currency, tuple(receipts)

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """The alert of a finding: every figure in its context is one of the finding's."""
        body = dict(finding.body)
        kind = body.pop("kind", None)
        own: dict[str, Any] = body.pop("context", None) or body
        times: dict[str, datetime | None] = {"start": finding.start, "end": finding.end}
        context = {**own, **{name: at.isoformat() for name, at in times.items() if at is not None}}
        return cls(
            kind if isinstance(kind, str) and kind in WORDS and WORDS[kind].means(finding) else _OF_SORT[finding.sort],
            finding.severity,
            {name: value for name, value in context.items() if name not in {"recommendations", "messages"}},
            [text for text in finding.body.get("recommendations") or () if isinstance(text, str)],
            {who: text for who, text in (finding.body.get("messages") or {}).items() if isinstance(text, str)},
            title=finding.title,
            key=finding.key,
            where=finding.where,
            impact=finding.impact,
            currency=finding.currency,
            receipts=finding.receipts,
        )

    @property
    def finding(self) -> Finding:
        """The alert as a finding, to be kept in the book of findings."""
        body = {
            "kind": self.alert_type,
            "context": self.context,
            "recommendations": self.recommendations,
            "messages": self.persona_specific_message,
        }
        return Finding(
            WORDS[self.alert_type].sort,
            self.key,
            self.title,
            severity=self.severity,  # type: ignore[arg-type]  # checked when it was made
            where=self.where,
            impact=self.impact,
            currency=self.currency,
            body=body,
            receipts=self.receipts,
            source=SOURCE,
        )


def _title(alert_type: str, context: Mapping[str, Any]) -> str:
    about = next((str(context[name]) for name in ("service", "resource", "budget", "name") if context.get(name)), "")
    said = alert_type.replace("_", " ").capitalize()
    return f"{said}: {about}"[:300] if about else said


def _key(alert_type: str, context: Mapping[str, Any]) -> str:
    told = json.dumps(context, sort_keys=True, default=str, ensure_ascii=False)
    return f"{alert_type}/{hashlib.sha256(told.encode()).hexdigest()[:24]}"
