"""Finding: what we think, in one envelope with one life, whatever thought it: anomaly, recommendation, violation, insight."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from finopsmetrics.core.errors import UsageError

Sort = Literal["anomaly", "recommendation", "violation", "insight"]
State = Literal["open", "acknowledged", "approved", "done", "dismissed"]
Severity = Literal["low", "medium", "high", "critical"]
Verdict = Literal["right", "expected", "not_useful"]
SORTS, STATES, SEVERITIES, VERDICTS = (get_args(one) for one in (Sort, State, Severity, Verdict))
ENDED = frozenset({"done", "dismissed"})
# From a state to those that may follow it. What ended can be opened again.
LIFE: Mapping[str, frozenset[str]] = {
    "open": frozenset({"acknowledged", "approved", "done", "dismissed"}),
    "acknowledged": frozenset({"open", "approved", "done", "dismissed"}),
    "approved": frozenset({"open", "done", "dismissed"}),
    "done": frozenset({"open"}),
    "dismissed": frozenset({"open"}),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was found. Two with the same `sort` and `key` are the same finding, seen again.

    `where` is the condition on the charges that it is about, None when it is about all of them: whoever may not see these
    does not see it. `impact` is in `currency`; None where it cannot be computed. `body` holds what belongs to its sort, as plain
    data; every figure in it comes from rows, of which `receipts` are the receipts. Times are UTC without zone.
    """

    sort: Sort
    key: str
    title: str
    severity: Severity = "medium"
    where: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    impact: Decimal | None = None
    currency: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    receipts: tuple[str, ...] = ()
    source: str = ""

    @property
    def id(self) -> str:
        """Its id, from its sort and key."""
        return "f-" + hashlib.sha256(f"{self.sort}\n{self.key}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Link:
    """Where more about a finding is: a ticket, a pull request, a page. Raises UsageError for what is no web address."""

    url: str
    title: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        printable = self.url.isprintable() and " " not in self.url
        if parts.scheme not in {"http", "https"} or not parts.hostname or not printable or len(self.url) > 2_000:
            raise UsageError(f"{self.url[:60]!r} is no web address.", cure="Write it as https://host/path.")
        if parts.username is not None or parts.password is not None:
            raise UsageError("The address carries a user or password.", cure="Leave it out.")
        if len(self.title) > 200 or not self.title.isprintable():
            raise UsageError("A link's title is one line of at most 200 characters.", cure="Shorten it.")


def severity_of(text: str) -> Severity:
    """How grave something is. Raises UsageError."""
    if text not in SEVERITIES:
        raise UsageError(f"There is no severity {text[:40]!r}.", cure=f"Severities are: {', '.join(SEVERITIES)}.")
    return text  # type: ignore[return-value]


def verdict_of(text: str) -> Verdict:
    """What somebody says of a finding. Raises UsageError."""
    if text not in VERDICTS:
        raise UsageError(f"There is no verdict {text[:40]!r}.", cure=f"Verdicts are: {', '.join(VERDICTS)}.")
    return text  # type: ignore[return-value]


def next_state(now: str, wanted: str) -> State:
    """The wanted state, if it may follow. Raises UsageError that names those that may."""
    if wanted not in STATES:
        raise UsageError(f"There is no state {wanted[:40]!r} of a finding.", cure=f"States are: {', '.join(STATES)}.")
    if wanted != now and wanted not in LIFE[now]:
        cure = f"From {now} it can become {', '.join(sorted(LIFE[now]))}."
        raise UsageError(f"A finding that is {now} cannot become {wanted}.", cure=cure)
    return wanted  # type: ignore[return-value]
