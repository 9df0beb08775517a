"""Laws of plan and apply, on random files: they end at what is declared, touch nobody else's, and are all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.drift import find_drift
from finopsmetrics.iac.loading import Wanted
from finopsmetrics.iac.plan import Plan, make_plan
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import specs as book
from finopsmetrics.store.specs import Kept
from finopsmetrics.store.tables import applied_origins, audit_events, spec_changes, specs

Bodies = dict[tuple[str, str], dict[str, Any]]
names = st.sampled_from(["a", "b", "c", "d"])
teams = st.dictionaries(
    names.map(lambda name: ("team", name)),
    st.fixed_dictionaries(
        {},
        optional={
            "lead": st.sampled_from(["x", "y"]),
            "groups": st.lists(st.sampled_from(["g", "h"]), max_size=2),
            "budget_monthly": st.decimals("0.01", "99", places=2),
        },
    ),
    max_size=4,
)
roles = st.dictionaries(
    names.map(lambda name: ("role", name)),
    st.lists(st.sampled_from(["costs:read", "sql:run"]), min_size=1, max_size=2, unique=True).map(
        lambda held: {"permissions": held}
    ),
    max_size=3,
)
files = st.builds(lambda one, other: one | other, teams, roles)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acting]:
    with Workspace(tmp_path_factory.mktemp("laws") / "home") as workspace:
        yield Acting(workspace, OWNER)


@pytest.fixture
def empty(home: Acting) -> Acting:
    clear(home)
    return home


def clear(home: Acting) -> None:
    with home.workspace.opened.database.write() as connection:
        for table in (specs, spec_changes, applied_origins):
            connection.execute(table.delete())


def wanted(bodies: Bodies, origin: str) -> list[Wanted]:
    return [Wanted(kind, name, checked(kind, {**body, "name": name}).plain(), origin) for (kind, name), body in bodies.items()]


def plan(home: Acting, bodies: Bodies, origin: str = "mine", **options: Any) -> Plan:
    return home.specs.preview(lambda actual: make_plan(wanted(bodies, origin), {origin}, actual, **options))


def apply(home: Acting, bodies: Bodies, origin: str = "mine", **options: Any) -> Plan:
    return home.specs.apply(lambda actual: make_plan(wanted(bodies, origin), {origin}, actual, **options))


def owned(home: Acting, origin: str | None) -> dict[tuple[str, str], Kept]:
    return {kept.key: kept for kept in home.specs.everything() if kept.origin == origin and not kept.deleted}


def counted(home: Acting) -> int:
    with home.workspace.opened.database.read() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (spec_changes, audit_events)
        )


def edit(home: Acting, key: tuple[str, str], how: str) -> None:
    """Change something past the files."""
    kept = home.specs.find(*key)
    if kept is None or how == "put":
        body = {"permissions": ["costs:read"]} if key[0] == "role" else {}
        home.specs.put(*key, {**body, "description": how})
    elif how == "delete":
        home.specs.delete(*key)
    else:
        home.specs.put(*key, {**kept.body, "description": how})


edits = st.lists(
    st.tuples(st.tuples(st.sampled_from(["team", "role"]), names), st.sampled_from(["put", "delete", "x"])), max_size=4
)


@quick
@given(files, files, edits)
def test_plan_and_apply_end_at_what_is_declared_from_anywhere(
    home: Acting, first: Bodies, second: Bodies, outside: list[tuple[tuple[str, str], str]]
) -> None:
    clear(home)
    apply(home, first)
    for key, how in outside:
        edit(home, key, how)
    planned = plan(home, second)
    assert apply(home, second).hash == planned.hash
    there = owned(home, "mine")
    assert {key: kept.body for key, kept in there.items()} == {(one.kind, one.name): one.body for one in wanted(second, "mine")}
    before = counted(home)
    assert plan(home, second).changes == apply(home, second).changes == []
    assert counted(home) == before
    assert find_drift(home.specs.everything(), {"mine"}).drifted == []


@quick
@given(files, files, files, edits)
def test_what_others_own_is_never_touched(
    home: Acting, theirs: Bodies, mine: Bodies, later: Bodies, outside: list[tuple[tuple[str, str], str]]
) -> None:
    clear(home)
    apply(home, theirs, "theirs")
    for key, how in outside:
        edit(home, key, how)
    before = [kept for kept in home.specs.everything() if kept.origin != "mine"]
    clash = {kept.key for kept in before if kept.origin == "theirs" and not kept.deleted}
    if clash & mine.keys():
        with pytest.raises(ConflictError, match="theirs"):
            apply(home, mine)
        assert home.specs.everything() == before
    apply(home, {key: body for key, body in mine.items() if key not in clash})
    apply(home, {key: body for key, body in later.items() if key not in clash})
    touchable = mine.keys() | later.keys()
    kept_now = {kept.key: kept for kept in home.specs.everything()}
    for kept in before:
        if kept.key not in touchable or kept.key in clash:
            assert kept_now[kept.key] == kept


@quick
@given(files, edits)
def test_drift_is_what_was_changed_outside_and_nothing_else(
    home: Acting, declared: Bodies, outside: list[tuple[tuple[str, str], str]]
) -> None:
    clear(home)
    apply(home, declared)
    for key, how in outside:
        edit(home, key, how)
    bodies = {(one.kind, one.name): one.body for one in wanted(declared, "mine")}
    different = set()
    for key, body in bodies.items():
        found = home.specs.find(*key)
        if found is None or found.body != body:
            different.add(key)
    drift = find_drift(home.specs.everything())
    assert {one.kept.key for one in drift.drifted} == different
    assert drift.matching == len(bodies) - len(different)


@quick
@given(files, files, st.integers(0, 6))
def test_apply_is_all_or_nothing(home: Acting, first: Bodies, second: Bodies, at: int) -> None:
    clear(home)
    apply(home, first)
    before, lines, carry = home.specs.everything(), counted(home), book._carry_out
    done = 0

    def broken(*given: Any) -> None:
        nonlocal done
        if done == at:
            raise RuntimeError("the machine stopped")
        done += 1
        carry(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "_carry_out", broken)
        try:
            made = apply(home, second)
        except RuntimeError:
            assert home.specs.everything() == before
            assert counted(home) == lines
        else:
            assert len(made.changes) <= at


def test_an_apply_is_in_the_trail_with_its_plan(empty: Acting) -> None:
    made = apply(empty, {("team", "a"): {}, ("team", "b"): {}})
    with empty.workspace.opened.database.read() as connection:
        query = select(audit_events.c.action, audit_events.c.detail).order_by(audit_events.c.sequence.desc()).limit(3)
        lines = list(connection.execute(query))
        [origin] = connection.execute(select(applied_origins)).mappings()
    assert [line[0] for line in lines] == ["code.applied", "team.created", "team.created"]
    assert {line[1]["plan"] for line in lines} == {made.hash}
    assert (origin["origin"], origin["plan"], origin["applied_by"]) == ("mine", made.hash, "owner")


def test_the_hash_stands_for_the_files_and_for_what_they_touch(empty: Acting) -> None:
    declared: Bodies = {("team", "a"): {"lead": "x"}}
    apply(empty, {**declared, ("team", "b"): {}})
    empty.specs.put("team", "free", {})
    first = plan(empty, declared)
    empty.specs.put("team", "free", {"lead": "z"})
    assert plan(empty, declared).hash == first.hash  # not theirs
    assert plan(empty, {("team", "a"): {"lead": "y"}}).hash != first.hash
    assert plan(empty, declared, take_over=True).hash != first.hash
    assert plan(empty, declared, "other", take_over=True).hash != first.hash
    empty.specs.put("team", "b", {"lead": "z"})  # it is to be deleted, as somebody saw it
    assert plan(empty, declared).hash != first.hash


def test_each_step_needs_its_permission(empty: Acting) -> None:
    apply(empty, {("team", "a"): {}, ("team", "b"): {}})

    def acting(*permissions: str) -> Acting:
        return Acting(empty.workspace, Principal("ci", "token", frozenset(permissions)))

    change: Bodies = {("team", "a"): {"lead": "x"}, ("role", "r"): {"permissions": ["costs:read"]}}
    before = empty.specs.everything()
    for held, lacks in (
        (("team:write", "role:write", "costs:read"), "team:delete"),
        (("team:*", "costs:read"), "role:write"),
        (("team:delete", "role:write", "costs:read"), "team:write"),
        (("team:*", "role:*"), "costs:read"),
    ):
        with pytest.raises(ForbiddenError, match=lacks):
            apply(acting(*held), change)
        assert empty.specs.everything() == before
    with pytest.raises(ForbiddenError, match="team:read"):
        plan(acting("role:*"), change)
    apply(acting("team:write", "team:delete", "role:write", "costs:read"), change)


def test_two_at_once_apply_one_after_the_other(empty: Acting, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> int:
        with Workspace(empty.workspace.home) as workspace:
            acting = Acting(workspace, OWNER)
            made = apply(acting, {("team", "a"): {"lead": "x"}, ("team", f"n{number}"): {}}, f"origin {number}", take_over=True)
            return made.count("create")

    with ThreadPoolExecutor(4) as pool:
        created = sum(pool.map(one, range(8)))
    assert created == 9
    assert len(empty.specs.history("team", "a")) == 1
