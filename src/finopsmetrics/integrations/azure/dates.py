"""How an Azure export writes its dates: ISO 8601, with slashes, or with points. Pure."""

from __future__ import annotations

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.integrations.native import Native

DATES = ("date", "usagedatetime", "billingperiodstartdate", "billingperiodenddate")
# The short year comes first: two digits read as a whole year would be the year 21.
MONTH_FIRST = ("%m/%d/%y", "%m/%d/%Y")
DAY_FIRST = ("%d/%m/%y", "%d/%m/%Y")
POINTS = ("%d.%m.%Y",)


def date_facts(native: Native) -> dict[str, str]:
    """How many dates with slashes there are, and how many prove that the day, or the month, stands first."""
    texts = [native.raw(name) for name in DATES if native.kind(name) == "VARCHAR"]
    facts = {}
    for name, pattern in (
        ("slashed", "^[0-9]+/"),
        ("days", "^(1[3-9]|2[0-9]|3[01])/"),
        ("months", "^[0-9]+/(1[3-9]|2[0-9]|3[01])/"),
    ):
        counts = [f"count(*) FILTER (WHERE regexp_matches({text}, '{pattern}'))" for text in texts]
        facts[name] = " + ".join(counts) or "0"
    return facts


def date_formats(native: Native) -> tuple[tuple[str, ...], list[str]]:
    """The strptime formats to try beside ISO 8601, and what to tell. Raises DeliveryError for contradictory dates."""
    facts = native.facts
    if facts.get("days") and facts.get("months"):
        cure = "Deliver files of one regional format at a time."
        raise DeliveryError("Some dates have the day first and others the month.", cure=cure)
    if facts.get("days"):
        return (*DAY_FIRST, *POINTS), []
    sure = facts.get("months") or not facts.get("slashed")
    notes = [] if sure else ["Dates with slashes are read with the month first, as Azure documents them; no date proves it."]
    return (*MONTH_FIRST, *POINTS), notes
