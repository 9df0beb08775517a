"""Notice: one message in neutral form. A channel renders it natively; what it says was computed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from finopsmetrics.core.findings import Severity

Stage = Literal["trigger", "acknowledge", "resolve"]


@dataclass(frozen=True)
class Notice:
    """One message. Every figure in it is text that came from rows, with its unit or currency.

    `about` names what it is about, such as a finding's id: channels that keep incidents (PagerDuty) group by it, and `stage` says
    what becomes of that incident. `facts` are label and value, `links` label and address, `parts` the notices that a digest
    holds. `chart` is a PNG picture in base64. `at` is UTC without zone.
    """

    about: str
    title: str
    at: datetime
    severity: Severity = "medium"
    stage: Stage = "trigger"
    sentences: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    recommendations: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    chart: str | None = None
    parts: tuple[Notice, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data."""
        told = asdict(self)
        return {**told, "at": self.at.isoformat(), "parts": [part.as_dict() for part in self.parts]}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Notice:
        """A notice from the plain data that `as_dict` gives."""
        rest: dict[str, Any] = {name: told[name] for name in ("about", "title", "severity", "stage", "chart")}
        rest |= {name: tuple((str(label), str(value)) for label, value in told[name]) for name in ("facts", "links")}
        rest |= {name: tuple(told[name]) for name in ("sentences", "recommendations")}
        parts = tuple(cls.read(part) for part in told["parts"])
        return cls(at=datetime.fromisoformat(told["at"]), parts=parts, **rest)
