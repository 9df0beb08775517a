"""Every permission there is: `<what>:<verb>`. What is not here cannot be granted."""

from __future__ import annotations

from functools import cache

BEYOND_KINDS = {
    "costs:read": "Ask for costs, charges and receipts, within the charges one may see.",
    "costs:write": "Add charges by hand.",
    "samples:read": "See samples of use, within the charges one may see.",
    "samples:write": "Send samples of use.",
    "sql:run": "Ask in SQL, within the charges one may see.",
    "export:run": "Take charges away as FOCUS files, within those one may see.",
    "deliveries:read": "See what came in, and its reports.",
    "deliveries:write": "Take deliveries in, and enter the totals of invoices.",
    "reconciliation:read": "See every invoice beside its charges.",
    "findings:read": "See findings about the charges one may see.",
    "findings:write": "Acknowledge, assign, comment, end and reopen these findings.",
    "notifications:read": "See messages that go out, and what became of them.",
    "notifications:write": "Send, retry and drop messages.",
    "runs:read": "See schedules and the history of runs.",
    "runs:write": "Start runs and change schedules.",
    "plugins:read": "See plugins and how they fare.",
    "plugins:write": "Enable, set up and run plugins.",
    "users:read": "See users and service accounts.",
    "users:write": "Add, change and lock users and service accounts.",
    "tokens:read": "See the tokens of others.",
    "tokens:write": "Make tokens for programs, and revoke those of others.",
    "audit:read": "Read and verify the audit trail.",
    "system:read": "Read the server's metrics.",
}
KIND_VERBS = {"read": "See", "write": "Declare and change", "delete": "Delete"}


@cache
def permissions() -> dict[str, str]:
    """Every permission with its meaning; those of kinds are `<kind>:read`, `:write` and `:delete`."""
    from finopsmetrics.kinds import KINDS

    of_kinds = {f"{kind}:{verb}": f"{told} {spec.plural}." for kind, spec in KINDS.items() for verb, told in KIND_VERBS.items()}
    return BEYOND_KINDS | of_kinds


def expanded(granted: list[str] | frozenset[str]) -> frozenset[str]:
    """Permissions as they are held: `kinds:<verb>` stands for that verb of every kind."""
    from finopsmetrics.kinds import KINDS

    held: set[str] = set()
    for one in granted:
        what, _, verb = one.partition(":")
        held |= {f"{kind}:{verb}" for kind in KINDS} if what == "kinds" else {one}
    return frozenset(held)


def unknown(granted: list[str]) -> list[str]:
    """Those of `granted` that name no permission."""
    known = permissions()
    whats, verbs = {one.split(":")[0] for one in known} | {"*", "kinds"}, {one.split(":")[1] for one in known} | {"*"}
    return [one for one in granted if one not in known and not _covers(one, whats, verbs)]


def _covers(one: str, whats: set[str], verbs: set[str]) -> bool:
    what, _, verb = one.partition(":")
    return what in whats and verb in verbs and ("*" in one or what == "kinds")
