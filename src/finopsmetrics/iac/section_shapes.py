"""Sections whose shape differs from a list or mapping of one kind: each reads into the specs that it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finopsmetrics.core.checks import minutes, shown
from finopsmetrics.core.form import fields_of
from finopsmetrics.core.messages import nearest
from finopsmetrics.core.spec import Fault, Path
from finopsmetrics.iac.sections import Declared, one, plain
from finopsmetrics.kinds import KINDS

Parts = Iterator[Declared | Fault]


def _bodies(value: Any, path: Path) -> Iterator[tuple[dict[str, Any], Path] | Fault]:
    """The mappings of a list, each with its place; whatever else stands there is a fault."""
    if not isinstance(value, list):
        yield Fault(path, "a list is needed here")
        return
    for place, body in enumerate(value):
        fault = Fault((*path, place), "a mapping with fields is needed here")
        yield (dict(body), (*path, place)) if isinstance(body, Mapping) else fault


def _inner(value: Any, path: Path, known: Mapping[str, Callable[[Any, Path], Parts]]) -> Parts:
    """A mapping of known keys, each a section of its own."""
    if not isinstance(value, Mapping):
        yield Fault(path, f"a mapping with {' or '.join(known)} is needed here")
        return
    for key, inner in value.items():
        if key in known:
            yield from known[key](inner, (*path, key))
        else:
            yield Fault((*path, key), f"there is no {key!r} here{nearest(key, known)}")


def _nameless(kind: str, name_of: Callable[[dict[str, Any]], str], *, ordered: bool = False) -> Callable[[Any, Path], Parts]:
    """A section of one kind whose items may lack a name, which is then made from what they hold."""

    def read(value: Any, path: Path) -> Parts:
        if not isinstance(value, list):
            yield from plain(kind, value, path)
            return
        for found in _bodies(value, path):
            if isinstance(found, Fault):
                yield found
            elif found[0].get("name") is not None:
                yield one(kind, *found)
            else:
                body, place = found
                order = {"priority": int(place[-1]) + 1} if ordered else {}
                moved: dict[Path, Path] = {(field,): place for field in ("name", *order)}
                yield one(kind, {"name": name_of(body)} | order | body, place, moved)

    return read


def _persona(body: dict[str, Any]) -> str:
    return str(body.get("persona", "all"))


def _ownership(body: dict[str, Any]) -> str:
    source, key = body.get("source", "ownership"), body.get("tag_key")
    return f"{source}-{key}" if key is not None else str(source)


def _rules_as_one(kind: str) -> Callable[[Any, Path], Parts]:
    """A list of nameless rules as one spec with the section's name, in their order."""

    def read(value: Any, path: Path) -> Parts:
        if not isinstance(value, list):
            yield Fault(path, "a list of rules is needed here")
        elif value:
            name = str(path[-1])
            yield Declared(kind, name, {"name": name, "rules": value}, path, {("rules",): path, ("name",): path})

    return read


def _automation(value: Any, path: Path) -> Parts:
    return _inner(value, path, {"rules": lambda inner, place: plain("automation_rule", inner, place)})


def _tags(value: Any, path: Path) -> Parts:
    return _inner(value, path, {"auto_tagging_rules": _rules_as_one("tag_rule")})


def _virtual_tags(value: Any, path: Path) -> Parts:
    if not isinstance(value, Mapping):
        yield from plain("virtual_tag", value, path)
        return
    fields = fields_of(KINDS["virtual_tag"])
    for key, inner in value.items():
        place = (*path, key)
        if key == "tag_rules" and isinstance(inner, list):
            yield from _rules_as_one("virtual_tag")(inner, place)
        elif str(key).endswith("_mapping") and isinstance(inner, Mapping) and not fields.keys() & inner.keys():
            yield Declared(
                "virtual_tag", key, {"name": key, "resources": inner}, place, {("resources",): place, ("name",): place}
            )
        else:
            yield from plain("virtual_tag", {key: inner}, path)


def _attribution(value: Any, path: Path) -> Parts:
    if isinstance(value, Mapping) and "resource_id" not in value:
        items: list[tuple[Any, Path, dict[str, Any]]] = [(body, (*path, key), {"name": key}) for key, body in value.items()]
    elif isinstance(value, list):
        items = [(body, (*path, place), {}) for place, body in enumerate(value)]
    else:
        items = [(value, path, {})]
    for body, place, named in items:
        if not isinstance(body, Mapping):
            yield Fault(place, "a mapping with fields is needed here")
            continue
        made = ({"name": body["resource_id"]} if "resource_id" in body else {}) | named | dict(body)
        moved: dict[Path, Path] = {("name",): (*place, "resource_id") if "resource_id" in body else place}
        if isinstance(body.get("allocations"), list):
            made["allocations"] = [
                _weighed(item, ("allocations", number), place, moved) for number, item in enumerate(body["allocations"])
            ]
        yield one("allocation_rule", made, place, moved)


def _weighed(item: Any, way: Path, place: Path, moved: dict[Path, Path]) -> Any:
    """An allocation whose weight stands under the name of what it counts: `queries: 45000`."""
    known = fields_of(KINDS["allocation_rule"])["allocations"].of
    if not isinstance(item, Mapping) or known is None or known.model is None or "weight" in item:
        return item
    counted = [key for key in item if key not in fields_of(known.model)]
    if len(counted) != 1 or isinstance(item[counted[0]], bool) or not isinstance(item[counted[0]], (int, float, Decimal)):
        return item
    moved[(*way, "weight")] = (*place, *way, counted[0])
    return {"weight" if key == counted[0] else key: value for key, value in item.items()}


def _business(value: Any, path: Path) -> Parts:
    if not isinstance(value, Mapping):
        yield Fault(path, "a mapping of entity types (products, features) is needed here")
        return
    for plural, entities in value.items():
        if not isinstance(entities, Mapping):
            yield Fault((*path, plural), "a mapping of names to entities is needed here")
            continue
        singular = str(plural).removesuffix("ies") + "y" if str(plural).endswith("ies") else str(plural).removesuffix("s")
        for name, body in entities.items():
            typed = {"entity_type": singular, **body} if isinstance(body, Mapping) else body
            moved: dict[Path, Path] = {} if typed == body else {("entity_type",): (*path, plural)}
            for part in plain("business_mapping", {name: typed}, (*path, plural)):
                yield replace(part, moved={**part.moved, **moved}) if isinstance(part, Declared) else part


def _slack_approvals(value: Any, path: Path) -> Parts:
    for found in _bodies(value, path):
        if isinstance(found, Fault):
            yield found
            continue
        body, place = found
        if not isinstance(body.get("action"), str):
            yield Fault(place, "the field 'action' is needed: what is to be approved")
            continue
        ask = {key: inner for key, inner in body.items() if key != "action"} | {"via": "slack"}
        made = {"name": body["action"], "asks": [ask]}
        yield one("approval_workflow", made, place, {("name",): (*place, "action"), ("asks",): place, ("asks", 0): place})


_UNOWNED = "resource.owner IS NULL"
_SCOPES: dict[str, str | None] = {"all_resources": None, "unowned_resources": _UNOWNED}
_RULES = {"must_have_owner": _UNOWNED, "orphaned_resource_cleanup": _UNOWNED}


def _resource_policies(value: Any, path: Path) -> Parts:
    for found in _bodies(value, path):
        yield found if isinstance(found, Fault) else _resource_policy(*found)


def _resource_policy(body: dict[str, Any], place: Path) -> Declared | Fault:
    rule, scope, age = body.pop("rule", None), body.pop("scope", "all_resources"), body.pop("age_threshold", None)
    if not isinstance(rule, str):
        return Fault(place, "the field 'rule' is needed: the rule's name, in quotes if it is no word")
    if not isinstance(scope, str) or scope not in _SCOPES:
        return Fault((*place, "scope"), f"the scope {scope!r} is not known{nearest(scope, _SCOPES)}")
    own = f"({body.pop('condition')})" if "condition" in body else None
    said = list(dict.fromkeys(test for test in (_SCOPES[scope], _RULES.get(rule), own) if test is not None))
    if not said:
        return Fault(place, f"the rule {rule!r} is not known{nearest(rule, _RULES)}; say what it forbids with a `condition`")
    if age is not None:
        try:
            hours = round(Decimal(minutes(age)) / 60, 9)
        except (ValueError, TypeError):
            return Fault((*place, "age_threshold"), f"{age!r} is no duration; write 24h or 7d")
        said.append(f"resource.age_hours > {shown(hours)}")
    condition = " AND ".join(said)
    made = {"name": rule, "condition": condition} | body
    if isinstance(body.get("action"), str):
        made["action"] = _policy_action(body["action"])
    return one("policy", made, place, {("name",): (*place, "rule"), ("condition",): place})


def _policy_action(word: str) -> Any:
    """The action of a resource policy: a word of policies, `notify_a_and_b`, or the name of what puts it right."""
    if word in fields_of(KINDS["policy"])["action"].variants:
        return word
    told = re.fullmatch(r"notify_([a-z0-9_]+)", word)
    if told:
        return {"type": "alert", "recipients": told[1].split("_and_")}
    return {"type": "remediate", "remediation": word, "require_approval": False}


SHAPES: dict[str, Callable[[Any, Path], Parts]] = {
    "notification_rules": _nameless("notification_rule", _persona),
    "automation_policy": _automation,
    "tagging_rules": _rules_as_one("tag_rule"),
    "tags": _tags,
    "virtual_tags": _virtual_tags,
    "shared_service_attribution": _attribution,
    "business_mapping": _business,
    "slack_approvals": _slack_approvals,
    "ownership_rules": _nameless("ownership_rule", _ownership, ordered=True),
    "resource_policies": _resource_policies,
    "compliance_checks": lambda value, path: plain("compliance_framework", value, path),
}
"""How each such section is read, by its name in the file."""
