"""The words by which rules say of what people hear, and the findings that each of them means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConditionError, UsageError
from finopsmetrics.core.findings import Finding, Sort
from finopsmetrics.core.messages import nearest
from finopsmetrics.observability.query import parts

REACHED = frozenset({"budget_threshold", "budget_exceeded"})
"""What `body.kind` says of a budget's threshold that was reached."""
FORESEEN = frozenset({"budget_forecast", "forecast_variance"})
"""What it says of one that the forecast reaches."""


@dataclass(frozen=True)
class Meaning:
    """The findings that a word means: of the sort or of `also`, with one of the `kinds` as `body.kind` where there are any.

    `rises` leaves out those that cost less than before, `from_share` budget thresholds below a share of the budget.
    """

    sort: Sort
    kinds: frozenset[str] = frozenset()
    rises: bool = False
    from_share: Decimal | None = None
    also: Sort | None = None

    def means(self, finding: Finding) -> bool:
        """Whether a finding is meant."""
        if finding.sort not in {self.sort, self.also} or (self.kinds and str(finding.body.get("kind")) not in self.kinds):
            return False
        if self.rises and finding.impact is not None and finding.impact < 0:
            return False
        return self.from_share is None or _share(finding) >= self.from_share


def _of(sort: Sort, *kinds: str) -> Meaning:
    return Meaning(sort, frozenset(kinds))


WORDS: Mapping[str, Meaning] = {
    "anomaly_detection": _of("anomaly"),
    "cost_anomaly": _of("anomaly"),
    "cost_spike": Meaning("anomaly", rises=True),
    "budget_threshold": _of("violation", *REACHED),
    "budget_exceeded": Meaning("violation", REACHED, from_share=Decimal(1)),
    "budget_forecast": _of("violation", *FORESEEN),
    "forecast_variance": Meaning("insight", FORESEEN, also="violation"),
    "policy_violation": _of("violation", "policy", "policy_violation"),
    "compliance_violation": _of("violation", "compliance", "compliance_violation"),
    "violation": _of("violation"),
    "optimization_opportunity": _of("recommendation"),
    "recommendation": _of("recommendation"),
    "resource_idle": _of("recommendation", "resource_idle", "idle", "idle_resource"),
    "rightsizing": _of("recommendation", "rightsizing", "resource_oversized"),
    "commitment_opportunity": _of("recommendation", "commitment", "commitment_opportunity"),
    "license_unused": _of("recommendation", "license_unused", "unused_license"),
    "insight": _of("insight"),
}
"""Every word. One without kinds means its whole sort."""


def known(word: str) -> str:
    """The word, if there is such. Raises UsageError that names the nearest."""
    if word not in WORDS:
        told = nearest(word, WORDS)
        raise UsageError(f"There is no alert {word[:80]!r}{told}.", cure=f"Alerts are: {', '.join(sorted(WORDS))}.")
    return word


def meant(words: Iterable[str], finding: Finding) -> bool:
    """Whether one of the words means a finding; a word that is not known means none."""
    return any(WORDS[word].means(finding) for word in words if word in WORDS)


def within(where: str | None, limit: Condition | None) -> bool:
    """Whether what is about the charges `where` (None: all) lies within a limit: every part of it is a part of the condition."""
    return limit is None or (where is not None and parts(limit) <= _parts(where))


@lru_cache(maxsize=4096)
def _parts(where: str) -> frozenset[object]:
    try:
        return frozenset(parts(Condition.parse(where)))
    except ConditionError:  # nobody can tell whose charges these are, and one such finding must not hold up the others
        return frozenset()


def _share(finding: Finding) -> Decimal:
    context = finding.body.get("context")
    told = finding.body.get("threshold", context.get("threshold") if isinstance(context, Mapping) else None)
    try:
        found = Decimal(str(told))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)
