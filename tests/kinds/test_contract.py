"""One contract for every kind: what holds for each, whatever it declares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from finopsmetrics.core.form import fields_of
from finopsmetrics.core.spec import Fault, Spec, SpecError
from finopsmetrics.core.terraform import attributes
from finopsmetrics.kinds import KINDS
from tests.kinds.bodies import hostile, near_examples, part, reach

ROOT = Path(__file__).parents[2]
THE_22 = [
    "budget",
    "policy",
    "tag_rule",
    "virtual_tag",
    "allocation_rule",
    "business_mapping",
    "ownership_rule",
    "approval_workflow",
    "automation_rule",
    "notification_rule",
    "notification_preference",
    "anomaly_detector",
    "forecast",
    "scenario",
    "dashboard",
    "report",
    "connection",
    "saas_subscription",
    "compliance_framework",
    "unit_metric",
    "team",
    "role",
]
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
each = pytest.mark.parametrize("kind", THE_22)


@cache
def schema(kind: str) -> Any:
    return jsonschema_rs.validator_for(KINDS[kind].model_json_schema())


def parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A part and all parts within it."""
    yield model
    waiting = list(fields_of(model).values())
    while waiting:
        form = waiting.pop()
        waiting += [form.of] if form.of else []
        for inner in [*([form.model] if form.model else []), *form.variants.values()]:
            yield from parts(inner)


def faults_of(kind: str, body: Any) -> list[Fault]:
    """What is wrong with a body; nothing but a SpecError may say so, and it says what."""
    try:
        KINDS[kind].read(body)
    except SpecError as error:
        return error.faults or [Fault(("no faults",), "")]
    return []


def holds(spec: type[Spec], body: Mapping[str, Any]) -> None:
    """Whatever can be read is kept in one form, which reads back as the same through JSON and YAML."""
    made = spec.read(body)
    kept = made.plain()
    assert spec.read(kept) == made
    assert spec.read(kept).plain() == kept
    assert spec.read(json.loads(json.dumps(kept))) == made
    assert spec.read(yaml.safe_load(yaml.safe_dump(kept, allow_unicode=True))) == made
    assert schema(spec.kind).is_valid(kept), list(schema(spec.kind).iter_errors(kept))


def test_there_are_exactly_the_22() -> None:
    assert sorted(KINDS) == sorted(THE_22)
    assert len({spec.plural for spec in KINDS.values()}) == 22


@each
def test_the_example_is_valid_and_says_much(kind: str) -> None:
    spec = KINDS[kind]
    holds(spec, spec.example)
    assert schema(kind).is_valid(json.loads(json.dumps(dict(spec.example))))
    assert len(spec.example) > 2
    assert spec.read(spec.example).plain()["name"] == spec.example["name"]


@each
def test_it_explains_itself(kind: str) -> None:
    for model in parts(KINDS[kind]):
        assert (model.__doc__ or "").strip().endswith("."), model
        for name, field in model.model_fields.items():
            told = field.description or ""
            assert len(told) > 8, f"{model.__name__}.{name} is not described"
            assert told.endswith("."), f"{model.__name__}.{name}: {told}"


@each
def test_every_field_has_a_type_in_terraform(kind: str) -> None:
    found = attributes(KINDS[kind])
    assert len(found) == len(KINDS[kind].model_fields)
    assert {"name": "string", "description": "string"}.items() <= {one.name: one.type for one in found}.items()


@each
def test_its_schema_is_a_schema_and_refuses_unknown_fields(kind: str) -> None:
    assert jsonschema_rs.meta.is_valid(KINDS[kind].model_json_schema())
    assert not schema(kind).is_valid({**json.loads(json.dumps(dict(KINDS[kind].example))), "no_such_field": 1})


@each
def test_it_has_a_page(kind: str) -> None:
    page = (ROOT / "docs" / "kinds" / f"{kind}.md").read_text()
    for model in parts(KINDS[kind]):
        for name in model.model_fields:
            assert f"| `{name}` |" in page


@each
def test_a_spec_cannot_be_changed(kind: str) -> None:
    made = KINDS[kind].read(KINDS[kind].example)
    with pytest.raises(ValidationError):
        made.name = "other"
    with pytest.raises(ValidationError):
        del made.name
    assert made == KINDS[kind].read(KINDS[kind].example)


@each
def test_no_variant_has_a_default_type(kind: str) -> None:
    for model in parts(KINDS[kind]):
        for form in fields_of(model).values():
            assert all(variant.model_fields["type"].is_required() for variant in form.variants.values())


@each
def test_an_unknown_field_is_refused_with_the_nearest(kind: str) -> None:
    with pytest.raises(SpecError) as caught:
        KINDS[kind].read({**KINDS[kind].example, "descripton": "x"})
    (fault,) = caught.value.faults
    assert (fault.path, fault.message) == (("descripton",), "there is no field 'descripton' (did you mean 'description'?)")


@each
@many
@given(data=st.data())
def test_bodies_near_the_example_round_trip_or_are_refused(kind: str, data: st.DataObject) -> None:
    body = data.draw(near_examples(KINDS[kind]))
    if faults_of(kind, body):
        return
    holds(KINDS[kind], body)
    assert schema(kind).is_valid(body), list(schema(kind).iter_errors(body))


@each
@many
@given(data=st.data())
def test_bodies_of_the_right_forms_round_trip_or_are_refused(kind: str, data: st.DataObject) -> None:
    body = data.draw(part(KINDS[kind]))
    if faults_of(kind, body):
        return
    holds(KINDS[kind], body)
    assert schema(kind).is_valid(body), list(schema(kind).iter_errors(body))


@each
@many
@given(data=st.data())
def test_hostile_bodies_are_refused_with_places_that_exist(kind: str, data: st.DataObject) -> None:
    body = data.draw(hostile(KINDS[kind]))
    faults = faults_of(kind, body)
    for fault in faults:
        reach(body, fault.path)
        assert fault.message
        assert not any(word in fault.message for word in ("pydantic", "regex", "Input should", "Decimal("))
        assert len(fault.message) < 600
    if faults:
        return
    made = KINDS[kind].read(body)
    assert KINDS[kind].read(made.plain()) == made
    json.dumps(made.plain(), allow_nan=False).encode()
