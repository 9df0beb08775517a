"""Drift: what was changed past the files since they were applied last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from finopsmetrics.iac.differences import field_changes
from finopsmetrics.store.spec_rows import changed_fields
from finopsmetrics.store.specs import Kept


@dataclass(frozen=True)
class Drifted:
    """A spec that is not as its file applied it. `fields` are its top-level fields that differ; none when it is deleted."""

    kept: Kept
    fields: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The drift as plain data."""
        kept = self.kept
        told = {"kind": kept.kind, "name": kept.name, "origin": kept.origin, "change": "deleted" if kept.deleted else "modified"}
        told |= {"changed_by": kept.changed_by, "changed_at": kept.changed_at.isoformat() + "Z"}
        changes = [] if kept.deleted else [one.as_dict() for one in field_changes(kept.applied or {}, kept.body)]
        return {**told, "fields": changes}


@dataclass(frozen=True)
class Drift:
    """What drifted among the specs that files own, and how many did not."""

    drifted: Sequence[Drifted]
    matching: int

    def as_dict(self) -> dict[str, Any]:
        """The drift as plain data."""
        return {"drift": [one.as_dict() for one in self.drifted], "matching": self.matching}


def find_drift(actual: Sequence[Kept], origins: Collection[str] | None = None) -> Drift:
    """Compare what is with what files applied last: all files, or those of `origins`."""
    owned = [kept for kept in actual if kept.origin is not None and (origins is None or kept.origin in origins)]
    drifted = [
        Drifted(kept, tuple(changed_fields(kept.applied or {}, kept.body)) if not kept.deleted else ())
        for kept in owned
        if kept.deleted or changed_fields(kept.applied or {}, kept.body)
    ]
    return Drift(drifted, len(owned) - len(drifted))
