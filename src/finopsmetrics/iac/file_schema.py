"""The JSON Schema of a whole finopsmetrics.yaml, for editors: each section, each kind, each shape that is read."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from finopsmetrics.core.spec import Spec
from finopsmetrics.kinds import KINDS

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def file_schema() -> Schema:
    """The schema; `$defs` holds one entry a kind, by the name of its class."""
    _places, made = models_json_schema([(spec, "validation") for spec in KINDS.values()], ref_template="#/$defs/{model}")
    defs: dict[str, Schema] = made["$defs"]
    for spec in KINDS.values():
        defs[_inside(spec)] = _without(defs[spec.__name__], "name")
    entity = _without(defs["BusinessMapping"], "name", "entity_type")
    sections = {spec.plural: _plain(spec) for spec in KINDS.values()} | _shapes(entity)
    texts = {"type": ["string", "number"]}
    return {
        "$schema": DRAFT,
        "title": "finopsmetrics.yaml",
        "description": "What a file declares: one section a kind.",
        "type": "object",
        "properties": {"version": texts, "origin": texts} | {name: _or_empty(one) for name, one in sorted(sections.items())},
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def _inside(spec: type[Spec]) -> str:
    return f"{spec.__name__}.named"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _without(schema: Schema, *fields: str) -> Schema:
    """A kind whose given fields are known from where it stands."""
    return schema | {"required": [name for name in schema.get("required", []) if name not in fields]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _or_empty(section: Schema) -> Schema:
    return {"anyOf": [*section["anyOf"], {"type": "null"}]} if "anyOf" in section else {"anyOf": [section, {"type": "null"}]}


def _plain(spec: type[Spec]) -> Schema:
    told = f"{spec.plural}: a list of bodies with names, or a mapping of names to bodies."
    return {"description": told, "anyOf": [_list(_ref(spec.__name__)), _map(_ref(_inside(spec)))]}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _shapes(entity: Schema) -> dict[str, Schema]:
    """The sections whose shape is not that of a list or mapping of one kind."""
    rules, virtual = _list(_ref("TagRuleItem")), KINDS["virtual_tag"]
    virtual_map = _map(_ref(_inside(virtual))) | {
        "properties": {"tag_rules": {"anyOf": [_list(_ref("VirtualTagRule")), _ref(_inside(virtual))]}},
        "patternProperties": {"_mapping$": {"anyOf": [_ref(_inside(virtual)), _map(_map({"type": "string"}))]}},
    }
    return {
        "notification_rules": _nameless(KINDS["notification_rule"]),
        "ownership_rules": _nameless(KINDS["ownership_rule"]),
        "automation_policy": _object(rules=_plain(KINDS["automation_rule"])),
        "tagging_rules": rules,
        "tags": _object(auto_tagging_rules=rules),
        "virtual_tags": {"anyOf": [_list(_ref(virtual.__name__)), virtual_map]},
        "shared_service_attribution": {"anyOf": [_map({}), _list(_map({}))]},
        "business_mapping": _map(_map(entity)),
        "slack_approvals": _list(_object(action={"type": "string"}) | _ask()),
        "resource_policies": _list(_resource_policy()),
        "compliance_checks": _plain(KINDS["compliance_framework"]),
    }


def _nameless(spec: type[Spec]) -> Schema:
    return {"anyOf": [_list(_ref(_inside(spec))), _map(_ref(_inside(spec)))]}


def _ask() -> Schema:
    fields = {name: {"type": "string"} for name in ("action", "channel", "message_template")}
    return {"properties": fields, "required": ["action"]}


def _resource_policy() -> Schema:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {"rule": text, "scope": text, "age_threshold": text, "condition": text},
        "required": ["rule", "action"],
    }
