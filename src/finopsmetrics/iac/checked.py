"""Bodies, checked: through their kind, and beyond its rules for what JSON and a path can carry."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.core.spec import Fault, Path, Spec, SpecError
from finopsmetrics.kinds import KINDS

LARGEST = 256 * 1024
"""The longest body that is kept, in bytes of JSON."""

DEEPEST = 32
"""The most levels of a body."""

RESERVED = "validate"
"""A name that no spec has: `/budgets/validate` is the check of budgets."""


def known(kind: str) -> type[Spec]:
    """The class of a kind. Raises NotFoundError."""
    if kind not in KINDS:
        raise NotFoundError(f"There is no kind {kind!r}.", cure=f"The kinds are {', '.join(KINDS)}.")
    return KINDS[kind]


def checked(kind: str, body: Mapping[str, Any]) -> Spec:
    """A checked spec. Raises NotFoundError for an unknown kind, and SpecError, which names every place that is wrong."""
    spec = known(kind)
    faults = list(_not_json(body, ()))
    if body.get("name") in {".", "..", RESERVED}:
        faults.append(Fault(("name",), f"{body['name']!r} cannot be a name: in a path it means something else"))
    if faults:
        raise SpecError(kind, faults)
    made = spec.read(_plain_numbers(body))
    if len(json.dumps(made.plain()).encode()) > LARGEST:
        raise SpecError(kind, [Fault((), f"it is longer than {LARGEST} bytes")])
    return made


def _plain_numbers(value: Any) -> Any:
    """Decimals as floats where that is exact, so that numbers in free fields stay numbers; shapes read both exactly."""
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else value
    if isinstance(value, Mapping):
        return {name: _plain_numbers(inner) for name, inner in value.items()}
    return [_plain_numbers(inner) for inner in value] if isinstance(value, list) else value


def _not_json(value: Any, path: Path) -> Collection[Fault]:
    if len(path) > DEEPEST:
        return [Fault(path[:DEEPEST], f"this is deeper than {DEEPEST} levels")]
    if isinstance(value, Mapping):
        return [fault for name, inner in value.items() for fault in [*_unsaid(name, path), *_not_json(inner, (*path, name))]]
    if isinstance(value, list):
        return [fault for place, inner in enumerate(value) for fault in _not_json(inner, (*path, place))]
    if isinstance(value, (float, Decimal)) and not Decimal(value).is_finite():
        return [Fault(path, "this is no finite number")]
    return _unsaid(value, path)


def _unsaid(value: Any, path: Path) -> list[Fault]:
    """A text with half a character in it (a lone surrogate), which no UTF-8 can carry."""
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        return [Fault(path, "this text holds half a character")]
    return []
