"""Write docs/access-matrix.md: every route and built-in role, as the code says. `--check` only says whether it is stale."""

import sys
from pathlib import Path
from typing import cast

from finopsmetrics.api.access import PUBLIC, SIGNED_IN, Needs, routes
from finopsmetrics.api.app import create_app
from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam.grants import built_in
from finopsmetrics.iam.permissions import BEYOND_KINDS, KIND_VERBS, expanded
from finopsmetrics.iam.principal import Principal
from finopsmetrics.kinds import KINDS
from finopsmetrics.runtime.workspace import Workspace

TARGET = Path(__file__).resolve().parent.parent / "docs" / "access-matrix.md"
HEAD = """<!-- Written by scripts/access_matrix.py: change the routes or the roles, not this page. -->
# Who may ask what

What each route needs, and which of the built-in roles hold it. A role that sees only its own teams is refused where a
route is about all charges (marked *all*). `tests/iam/test_matrix.py` asks every route as every role and compares.

"""


def principals() -> dict[str, Principal]:
    """Each built-in role as somebody who holds it alone."""
    scope = Condition.parse('tags.team == "ml"')
    return {
        name: Principal(name, "person", expanded(frozenset(role.permissions)), scope if role.sees == "own_teams" else None)
        for name, role in sorted(built_in().items())
    }


def lets_in(principal: Principal, wanted: Needs) -> bool:
    """Whether a route lets somebody in."""
    if wanted.permission in {PUBLIC, SIGNED_IN}:
        return True
    return principal.may(wanted.permission) and not (wanted.all_charges and principal.scope is not None)


def page() -> str:
    """The page as it should be."""
    people = principals()
    plurals = {spec.plural for spec in KINDS.values()} | {spec.plural.replace("_", "-") for spec in KINDS.values()}
    lines = [HEAD, "## Routes", ""]
    lines += _table(["route", "needs", *people])
    for method, path, wanted in routes(create_app(cast(Workspace, None))):
        if path.removeprefix("/api/v1/").split("/")[0] not in plurals:
            told = f"{wanted.permission}{' *all*' if wanted.all_charges else ''}"
            lines.append(_row([f"`{method} {path}`", told, *("✓" if lets_in(one, wanted) else "" for one in people.values())]))
    lines += [
        "",
        "## Kinds",
        "",
        "Each kind has the same routes under its plural: R reads, W declares and changes, D deletes.",
        "",
    ]
    lines += _table(["kind", *people])
    for kind in KINDS:
        held = ["".join(verb[0].upper() for verb in KIND_VERBS if one.may(f"{kind}:{verb}")) for one in people.values()]
        lines.append(_row([kind, *held]))
    lines += ["", "## Permissions", "", *_table(["permission", "meaning"])]
    lines += [_row([f"`{name}`", told]) for name, told in BEYOND_KINDS.items()]
    lines += [_row([f"`<kind>:{verb}`", f"{told} specs of the kind."]) for verb, told in KIND_VERBS.items()]
    return "\n".join(lines) + "\n"


def _table(names: list[str]) -> list[str]:
    return [_row(names), _row(["---"] * len(names))]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page, or with `--check` say whether it is stale."""
    if "--check" not in sys.argv:
        TARGET.write_text(page(), encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != page():
        sys.exit("docs/access-matrix.md is stale: run python scripts/access_matrix.py.")


if __name__ == "__main__":
    main()
