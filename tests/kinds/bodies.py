"""Bodies for any kind, made from the forms of its fields: whole ones, and ones with something hostile in them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import BaseModel

from finopsmetrics.core.form import Form, fields_of
from finopsmetrics.core.spec import Spec

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))

LABELLED: dict[str, SearchStrategy[Any]] = {
    "amount": st.one_of(st.integers(1, 10**9), st.decimals(1, 10**6, places=4).map(str), st.just(0.1)),
    "number": st.integers(-(10**6), 10**6),
    "share": st.sampled_from([0.5, "50%", 1, "99.5%", "0.125", 0.95]),
    "duration": st.sampled_from(["24h", "7d", "2w", "1y", "6mo", "30d"]),
    "horizon": st.sampled_from(["6m", "12m", "30d", "8w", "1y", "6mo"]),
    "permission": st.sampled_from(["costs:read", "budget:*", "*:*"]),
    "secret reference": st.sampled_from(["env:SLACK_TOKEN", "file:/run/secrets/a", "keyring:slack/bot"]),
    "time of day": st.sampled_from(["08:30", "22:00", "00:00"]),
    "change": st.sampled_from(["+50%", "-20%", "+5000", "-0.5", "ri_conversion"]),
    "condition": st.sampled_from(['tags.team == "ml"', "BilledCost > 5 AND NOT (region IS NULL)", "resource.cpu_avg_7d < 5%"]),
    "filters": st.dictionaries(
        st.sampled_from(["service", "tags.team", "region"]), st.sampled_from(["a", ["b", "c"], None, 1.5])
    ),
    "settings": st.dictionaries(st.sampled_from(["a", "b"]), st.recursive(st.sampled_from([1, "x", True, None, 0.5]), st.lists)),
    "schedule": st.sampled_from(["0 9 1 * *", "*/5 * * * MON", "0 8 * * *"]),
    "time zone": st.sampled_from(["UTC", "Europe/Berlin"]),
    "regular expression": st.sampled_from(["^prod-.*", ".*-ml-.*", r"\d{3}"]),
    "word": st.sampled_from(["alpha", "b_2", "c.d-e"]),
    "window": st.sampled_from(["30d", "mtd", "last-month", "2025-Q1"]),
    "tags": st.dictionaries(
        st.sampled_from(["team", "cost center", "r&d"]), st.sampled_from(["x", "", "q1: launch"]), min_size=1
    ),
    "currency": st.sampled_from(["USD", "EUR"]),
}
SIMPLE: dict[str, SearchStrategy[Any]] = {
    "text": st.sampled_from(["x", "maya@company.com", "#finops", "r&d", "ünï cödé", "1234", "yes", "+50%", "env:A", "08:30"]),
    "number": LABELLED["number"],
    "whole": st.integers(0, 50),
    "flag": st.booleans(),
    "date": st.dates().map(str),
    "data": st.sampled_from([1, "x", True, None, [1], {"a": 1}]),
}


def value(form: Form) -> SearchStrategy[Any]:
    """Values of a form, in any way in which they may be written."""
    if form.label in LABELLED:
        return LABELLED[form.label]
    if form.sort == "word":
        return st.sampled_from(form.words)
    if form.of is not None and form.sort == "list":
        low, high = (form.size, form.size) if form.size else (0, 3)
        return st.lists(value(form.of), min_size=low, max_size=high)
    if form.of is not None:
        return st.dictionaries(SIMPLE["text"] | LABELLED["word"], value(form.of), max_size=2)
    if form.model is not None:
        return st.deferred(lambda: part(form.model))
    if form.variants:
        return st.one_of([part(model).map(_tagged(tag)) for tag, model in form.variants.items()])
    return SIMPLE[form.sort]


def _tagged(tag: str) -> Any:
    return lambda body: body | {"type": tag}


def part(model: type[BaseModel] | None) -> SearchStrategy[dict[str, Any]]:
    """Bodies of a part: what is needed, and some of the rest."""
    assert model is not None
    forms = fields_of(model)
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(
        {name: value(forms[name]).filter(lambda found: found != []) for name in forms if name in needed},
        optional={name: value(forms[name]) for name in forms if name not in needed},
    )


def near_examples(spec: type[Spec]) -> SearchStrategy[dict[str, Any]]:
    """The example with a few other fields set."""
    forms = fields_of(spec)
    fields = st.sampled_from(sorted(forms)).flatmap(lambda name: st.tuples(st.just(name), value(forms[name])))
    return st.lists(fields, max_size=3).map(lambda found: copy.deepcopy(dict(spec.example)) | dict(found))


def ways(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to everything within a body."""
    if way:
        yield way
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from ways(item, (*way, key))


def reach(body: Any, way: tuple[str | int, ...]) -> Any:
    """What stands at a way of a body; KeyError, IndexError or TypeError where nothing does."""
    for step in way:
        body = body[step]
    return body


def hostile(spec: type[Spec]) -> SearchStrategy[Any]:
    """A body with something else at one place, or a key too many, or no body at all."""

    def changed(found: tuple[dict[str, Any], tuple[str | int, ...], Any, str | None]) -> Any:
        body, way, other, key = found
        above = reach(body, way[:-1])
        if key is not None and isinstance(above, dict):
            above[key] = other
        else:
            above[way[-1]] = other
        return body

    def placed(body: dict[str, Any]) -> SearchStrategy[Any]:
        keys = st.none() | st.text(max_size=6) | st.sampled_from([*fields_of(spec), "type", "[key]", "alert", "prevent"])
        other = JSON | st.sampled_from(["env:", "1e400", "1e-300", "%", "-1", "NaN", "9" * 5000, 10**5000, "\ud800", "(" * 500])
        return st.tuples(st.just(body), st.sampled_from(list(ways(body))), other, keys).map(changed)

    return st.one_of(
        near_examples(spec).map(copy.deepcopy).flatmap(placed),
        JSON,
        st.dictionaries(st.sampled_from(list(fields_of(spec))), JSON),
    )
