"""Plan: what it takes for the state to be what files declare. It needs three things: desired, applied last, and actual."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finopsmetrics.core.errors import ConflictError
from finopsmetrics.iac.differences import FieldChange, field_changes
from finopsmetrics.iac.loading import Wanted
from finopsmetrics.store.spec_rows import changed_fields, same
from finopsmetrics.store.specs import Kept, Step, StepAction

Action = Literal["create", "update", "delete", "adopt", "forget"]
Key = tuple[str, str]
_STEPS: dict[Action, StepAction] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "adopt": "own",
    "forget": "forget",
}


@dataclass(frozen=True)
class Change:
    """One thing that applying would do.

    `adopt` only notes that a spec is this file's as it is, `forget` that one is no longer its own and gone already.
    `outside` are the fields that somebody changed past the files since they were applied last.
    """

    action: Action
    kind: str
    name: str
    origin: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    outside: tuple[str, ...] = ()
    taken_from: str | None = None

    @property
    def fields(self) -> list[FieldChange]:
        """What an update changes, field by field."""
        return field_changes(self.before or {}, self.after or {}) if self.action == "update" else []

    def as_dict(self) -> dict[str, Any]:
        """The change as plain data."""
        told: dict[str, Any] = {"action": self.action, "kind": self.kind, "name": self.name, "origin": self.origin}
        told |= {"fields": [one.as_dict() for one in self.fields]} if self.action == "update" else {}
        told |= {"changed_outside": list(self.outside)} if self.outside else {}
        return told | ({"taken_from": self.taken_from} if self.taken_from else {})


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they are made. The hash stands for the files and for all they touch as it was."""

    changes: Sequence[Change]
    origins: frozenset[str]
    wanted: Sequence[Wanted]
    take_over: bool
    hash: str

    def count(self, action: Action) -> int:
        """How many changes are of an action."""
        return sum(change.action == action for change in self.changes)

    @property
    def steps(self) -> list[Step]:
        """The changes as steps for the state."""
        return [Step(_STEPS[one.action], one.kind, one.name, one.origin, one.after) for one in self.changes]

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data, from which it can be applied: see `finopsmetrics.iac.plan_file`."""
        counts = {action: self.count(action) for action in ("create", "update", "delete", "adopt", "forget")}
        return {
            "finopsmetrics_plan": 1,
            "hash": self.hash,
            "origins": sorted(self.origins),
            "take_over": self.take_over,
            "summary": counts,
            "changes": [change.as_dict() for change in self.changes],
            "wanted": [
                {"kind": one.kind, "name": one.name, "origin": one.origin, "body": one.body, "where": one.where}
                for one in self.wanted
            ],
        }


def make_plan(wanted: Sequence[Wanted], origins: Iterable[str], actual: Sequence[Kept], *, take_over: bool = False) -> Plan:
    """Plan for the files of `origins`. Raises ConflictError when files of another origin own what these declare.

    What no file owns is taken under these files; what other origins own and these do not declare is never touched.
    """
    mine = frozenset(origins)
    there = {kept.key: kept for kept in actual}
    desired = {(one.kind, one.name): one for one in wanted}
    if not take_over:
        _refuse_others(desired, there, mine)
    changes = [change for key, one in desired.items() if (change := _toward(one, there.get(key), mine)) is not None]
    left = [kept for kept in actual if kept.origin in mine and kept.key not in desired]
    for kept in left:
        if kept.deleted:
            changes.append(Change("forget", kept.kind, kept.name, str(kept.origin)))
        else:
            changes.append(Change("delete", kept.kind, kept.name, str(kept.origin), kept.body, outside=_outside(kept)))
    touched = [there[key] for key in desired if key in there] + left
    return Plan(changes, mine, wanted, take_over, _hash(wanted, mine, touched, take_over=take_over))


def _refuse_others(desired: Mapping[Key, Wanted], there: Mapping[Key, Kept], mine: frozenset[str]) -> None:
    foreign = [kept for key in desired if (kept := there.get(key)) and not kept.deleted and kept.origin not in {None, *mine}]
    if foreign:
        told = "; ".join(f"{kept.kind} {kept.name!r} by {kept.origin}" for kept in foreign[:10])
        more = f" and {len(foreign) - 10} more" if len(foreign) > 10 else ""
        cure = "Rename yours, take it out of the other file, or move it to this one with --take-over."
        raise ConflictError(f"Declared by other files: {told}{more}.", cure=cure)


def _toward(one: Wanted, kept: Kept | None, mine: frozenset[str]) -> Change | None:
    if kept is None or kept.deleted:
        gone = ("deleted",) if kept and kept.origin in mine else ()
        return Change("create", one.kind, one.name, one.origin, None, one.body, gone)
    taken = kept.origin if kept.origin not in {None, one.origin} else None
    if not same(kept.body, one.body):
        return Change("update", one.kind, one.name, one.origin, kept.body, one.body, _outside(kept), taken)
    if kept.origin != one.origin or not same(kept.applied, one.body):
        return Change("adopt", one.kind, one.name, one.origin, taken_from=taken)
    return None


def _outside(kept: Kept) -> tuple[str, ...]:
    return () if kept.applied is None else tuple(changed_fields(kept.applied, kept.body))


def _hash(wanted: Sequence[Wanted], mine: frozenset[str], touched: Sequence[Kept], *, take_over: bool) -> str:
    body = {
        "wanted": sorted([one.kind, one.name, one.origin, _text(one.body)] for one in wanted),
        "origins": sorted(mine),
        "touched": sorted(
            [kept.kind, kept.name, str(kept.version), str(kept.deleted), str(kept.origin), _text(kept.applied)]
            for kept in touched
        ),
        "take_over": take_over,
    }
    return hashlib.sha256(_text(body).encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True)
