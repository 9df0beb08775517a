"""The book of specs: one transaction a change, a history that tells everything, nothing written for nothing, no escalation."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import ConflictError, NotFoundError
from finopsmetrics.core.spec import SpecError
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.declaring import Declaring
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import audit, spec_rows
from finopsmetrics.store.people import add_token, add_user
from finopsmetrics.store.specs import PreconditionError, bodies
from finopsmetrics.store.tables import audit_events, spec_changes


def counts(workspace: Workspace) -> tuple[int, int]:
    """How many lines the histories and the audit trail have."""
    with workspace.opened.database.read() as connection:
        of = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (spec_changes, audit_events)]
    return of[0], of[1]


def someone(workspace: Workspace, *permissions: str, scope: str | None = None) -> Declaring:
    principal = Principal("maya", "person", frozenset(permissions), Condition.parse(scope) if scope else None)
    return Acting(workspace, principal).specs


def test_a_put_that_changes_nothing_writes_nothing(owner: Acting) -> None:
    first, created = owner.specs.put("team", "ml", {"lead": "a", "groups": ["g"], "budget_monthly": "5.00"})
    before = counts(owner.workspace)
    same, again = owner.specs.put("team", "ml", {"budget_monthly": 5, "groups": ["g"], "lead": "a", "description": ""})
    assert (created, again, same) == (True, False, first)
    assert counts(owner.workspace) == before == (1, 1)
    changed, _ = owner.specs.put("team", "ml", {"lead": "b", "groups": ["g"], "budget_monthly": 5})
    assert (changed.version, changed.created_at, changed.changed_at >= first.changed_at) == (2, first.created_at, True)
    assert counts(owner.workspace) == (2, 2)


def test_every_change_is_told_with_who_and_when_and_the_trail_stays_whole(workspace: Workspace) -> None:
    maya = someone(workspace, "team:*")
    maya.put("team", "ml", {"lead": "a"})
    maya.put("team", "ml", {"lead": "b"})
    maya.delete("team", "ml")
    maya.restore("team", "ml")
    with workspace.opened.database.read() as connection:
        lines = list(connection.execute(select(audit_events).order_by(audit_events.c.sequence)).mappings())
        assert audit.verify(connection).whole
        assert bodies(connection, "team") == {"ml": {"name": "ml", "lead": "b"}}
    assert [(line["actor"], line["action"], line["subject"]) for line in lines] == [
        ("maya", f"team.{action}", "team/ml") for action in ("created", "updated", "deleted", "restored")
    ]
    assert [line["detail"]["version"] for line in lines] == [1, 2, 3, 4]
    assert lines[1]["detail"]["fields"] == ["lead"]
    assert [one.actor for one in maya.history("team", "ml")] == ["maya"] * 4


def test_true_is_not_one_and_absent_is_not_null() -> None:
    assert spec_rows.same({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})
    for one, other in (({"a": 1}, {"a": True}), ({"a": None}, {}), ({"a": [1]}, {"a": [1, 2]}), ({"a": 1}, {"a": 1.0})):
        assert not spec_rows.same(one, other)
        assert spec_rows.changed_fields(one, other) == ["a"]
    assert spec_rows.changed_fields({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


def test_a_change_is_one_transaction(owner: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    owner.specs.put("team", "ml", {"lead": "a"})
    before = counts(owner.workspace)

    def broken(*_: Any) -> None:
        raise RuntimeError("the trail cannot be written")

    with monkeypatch.context() as patch:
        patch.setattr(spec_rows, "record", broken)
        for change in (
            lambda: owner.specs.put("team", "ml", {"lead": "b"}),
            lambda: owner.specs.put("team", "new", {}),
            lambda: owner.specs.delete("team", "ml"),
        ):
            with pytest.raises(RuntimeError):
                change()
    assert counts(owner.workspace) == before
    assert owner.specs.get("team", "ml").body["lead"] == "a"
    assert owner.specs.find("team", "new") is None


def test_versions_rise_through_deletion_so_that_an_old_tag_never_fits_again(owner: Acting) -> None:
    owner.specs.put("team", "ml", {"lead": "a"})
    owner.specs.delete("team", "ml", if_match=1)
    kept, created = owner.specs.put("team", "ml", {"lead": "a"})
    assert (kept.version, created) == (3, True)
    with pytest.raises(PreconditionError) as caught:
        owner.specs.put("team", "ml", {"lead": "b"}, if_match=1)
    assert (caught.value.http_status, isinstance(caught.value, ConflictError)) == (412, True)
    with pytest.raises(PreconditionError):
        owner.specs.put("team", "absent", {}, if_match="*")
    with pytest.raises(PreconditionError):
        owner.specs.put("team", "ml", {}, if_none=True)


def test_each_verb_needs_its_permission(workspace: Workspace, owner: Acting) -> None:
    owner.specs.put("team", "ml", {})
    owner.specs.put("team", "old", {})
    owner.specs.delete("team", "old")
    asked: dict[str, Any] = {
        "read": [
            lambda s: s.get("team", "ml"),
            lambda s: s.page("team"),
            lambda s: s.history("team", "ml"),
            lambda s: s.all_of("team"),
        ],
        "write": [lambda s: s.put("team", "ml", {"lead": "x"}), lambda s: s.restore("team", "old")],
        "delete": [lambda s: s.delete("team", "ml")],
    }
    for verb, calls in asked.items():
        others = [f"team:{other}" for other in asked if other != verb]
        for call in calls:
            with pytest.raises(ForbiddenError, match=f"team:{verb}"):
                call(someone(workspace, *others, "role:*"))
            call(someone(workspace, f"team:{verb}"))
    assert someone(workspace, "role:read").everything() == []


def test_nobody_grants_what_they_do_not_hold(workspace: Workspace, owner: Acting) -> None:
    maya = someone(workspace, "role:*", "costs:read", "budget:read")
    maya.put("role", "fine", {"permissions": ["costs:read", "budget:read", "role:write"]})
    for beyond in ("budget:write", "*:*", "*:read", "costs:*", "kinds:read"):
        with pytest.raises(ForbiddenError, match=r"maya cannot grant") as caught:
            maya.put("role", "more", {"permissions": ["costs:read", beyond]})
        assert (beyond if beyond != "kinds:read" else "team:read") in caught.value.cause
        assert "costs:read" not in caught.value.cause
    owner.specs.put("role", "strong", {"permissions": ["*:*"]})
    owner.specs.delete("role", "strong")
    with pytest.raises(ForbiddenError, match="cannot grant"):
        maya.restore("role", "strong")
    owner.specs.put("role", "admin", {"permissions": ["costs:read"]})
    with pytest.raises(ForbiddenError, match="cannot grant"):  # the built-in admin would come back
        maya.delete("role", "admin")
    owner.specs.delete("role", "admin")


def test_who_sees_only_some_charges_cannot_change_who_sees_which(workspace: Workspace, owner: Acting) -> None:
    owner.specs.put("team", "old", {})
    maya = someone(workspace, "role:*", "team:*", "budget:*", "costs:read", scope='tags.team == "ml"')
    for call in (
        lambda: maya.put("team", "ml", {"scope": "true"}),
        lambda: maya.put("role", "r", {"permissions": ["costs:read"]}),
        lambda: maya.delete("team", "old"),
    ):
        with pytest.raises(ForbiddenError, match="only some charges"):
            call()


def test_a_role_or_team_that_somebody_has_stays(workspace: Workspace, owner: Acting) -> None:
    specs, now = owner.specs, workspace.opened.now()
    for kind in ("role", "team"):
        specs.put(kind, "held", {"permissions": ["costs:read"]} if kind == "role" else {})
    user = {"id": "u", "name": "maya", "sort": "person", "active": True, "totp_confirmed": False, "recovery": [], "failed": 0}
    token = {"id": "t", "name": "ci", "digest": "d", "roles": [], "teams": ["held"], "created_at": now, "created_by": "x"}
    with workspace.opened.database.write() as connection:
        add_user(connection, {**user, "roles": ["held", "engineer"], "teams": [], "created_at": now, "created_by": "x"})
        add_token(connection, token)
        add_token(connection, {**token, "id": "v", "name": "old", "roles": ["free"], "teams": [], "revoked_at": now})
    with pytest.raises(ConflictError, match="held by user maya"):
        specs.delete("role", "held")
    with pytest.raises(ConflictError, match="held by token ci"):
        specs.delete("team", "held")
    assert specs.get("role", "held").version == specs.get("team", "held").version == 1
    specs.put("role", "free", {"permissions": ["costs:read"]})
    specs.delete("role", "free")  # only a revoked token had it
    specs.put("role", "engineer", {"permissions": ["costs:read"]})
    specs.delete("role", "engineer")  # the built-in one takes its place


def test_bodies_that_json_cannot_carry_or_that_are_too_much_are_refused(owner: Acting) -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    for body, pointer in (
        ({"description": "\ud800"}, "/description"),
        ({"groups": ["a", "b\udfff"]}, "/groups/1"),
        ({"budget_monthly": float("inf")}, "/budget_monthly"),
        ({"groups": deep}, "/groups" + "/0" * 31),
        ({"groups": ["g" * 400] * 1_000}, ""),
    ):
        with pytest.raises(SpecError) as caught:
            owner.specs.put("team", "ml", body)
        assert [fault.pointer for fault in caught.value.faults] == [pointer]
    for name in (".", "..", "validate", "a/b", " a", ""):
        with pytest.raises(SpecError):
            owner.specs.put("team", name, {})
    with pytest.raises(NotFoundError, match="no kind 'teem'"):
        owner.specs.put("teem", "a", {})
    assert counts(owner.workspace) == (0, 0)
