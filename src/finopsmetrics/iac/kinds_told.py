"""Kinds as plain data: what a program or a person is told of each."""

from __future__ import annotations

import inspect
from typing import Any

from finopsmetrics.core.spec import Spec


def told(spec: type[Spec]) -> dict[str, Any]:
    """A kind: its names, its documentation, and what acts on it (None while nothing does)."""
    text = inspect.getdoc(spec) or ""
    return {"kind": spec.kind, "plural": spec.plural, "title": text.split("\n")[0], "documentation": text, "engine": spec.engine}


def fields_of(spec: type[Spec]) -> list[dict[str, Any]]:
    """The top-level fields of a kind: name, whether it is needed, and its meaning."""
    fields = spec.model_fields.items()
    return [{"field": name, "needed": field.is_required(), "meaning": field.description} for name, field in fields]
