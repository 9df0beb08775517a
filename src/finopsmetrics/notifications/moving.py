"""Whether a finding moved enough to be told again."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from finopsmetrics.core.exact import minus, times
from finopsmetrics.core.findings import Finding
from finopsmetrics.notifications.preferences import grade
from finopsmetrics.notifications.rules import Route
from finopsmetrics.store.findings import Event
from finopsmetrics.store.telling import Told


def impacts(events: Iterable[Event]) -> dict[int, Decimal | None]:
    """The impact at each event, by its place, where events say it: their finding may have moved on since."""
    found: dict[int, Decimal | None] = {}
    later: dict[str, Decimal | None] = {}  # of each finding, its impact before the next change
    for event in reversed(list(events)):
        told = event.detail.get("impact")
        if isinstance(told, (list, tuple)) and len(told) == 2:
            later[event.finding], found[event.place] = _amount(told[0]), _amount(told[1])
        elif event.finding in later:
            found[event.place] = later[event.finding]
    return found


def moved(before: Told, route: Route, finding: Finding, impact: Decimal | None) -> bool:
    """Whether somebody is to be told again: it is graver than they were told, or its impact moved by the rule's share."""
    if grade(route.severity(finding)) > grade(before.severity):
        return True
    if before.impact is None or impact is None:
        return before.impact is not impact
    change = minus(impact, before.impact).copy_abs()
    return change != 0 and change >= times(route.again, before.impact.copy_abs())


def counted(impact: Decimal | None) -> Decimal | None:
    """An impact that can be reckoned with; None for what is no number."""
    return impact if impact is not None and impact.is_finite() else None


def _amount(told: object) -> Decimal | None:
    return counted(Decimal(str(told))) if told is not None else None
