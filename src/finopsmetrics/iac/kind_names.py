"""Kinds as people name them: budget, budgets, tag_rule, tag-rules."""

from __future__ import annotations

from difflib import get_close_matches

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.kinds import KINDS


def kind_named(word: str) -> str:
    """The kind of a singular or plural, with hyphens or underscores. Raises NotFoundError, which names the nearest."""
    names = {name: kind for kind, spec in KINDS.items() for name in (spec.plural, kind)}
    asked = word.strip().lower().replace("-", "_")
    if asked in names:
        return names[asked]
    near = get_close_matches(asked, names, 1)
    cure = f"Did you mean {near[0]}?" if near else "`finopsmetrics kinds` lists them."
    raise NotFoundError(f"There is no kind {word[:80]!r}.", cure=cure)
