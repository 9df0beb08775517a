"""What a kind's fields are in Terraform: types in Terraform's own JSON notation, and which are blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from finopsmetrics.core.form import Form, fields_of, form_of
from finopsmetrics.core.spec import Spec

Type = str | list[Any]
"""A type as Terraform's provider schemas write it: "string", ["list", "string"], ["object", {"name": "string"}]."""

_SIMPLE = {
    "text": "string",
    "word": "string",
    "date": "string",
    "number": "number",
    "whole": "number",
    "flag": "bool",
    "data": "dynamic",
}


@dataclass(frozen=True)
class Attribute:
    """One field of a resource: its name in HCL, its type, and whether it is an attribute, a block or repeated blocks."""

    name: str
    type: Type
    written: Literal["attribute", "block", "blocks"]
    required: bool


def terraform_type(field: FieldInfo) -> Type:
    """The type of a field. Raises TypeError for what Terraform cannot hold."""
    return _type(form_of(field.annotation))


def attributes(spec: type[Spec]) -> list[Attribute]:
    """The fields of a kind as a Terraform resource has them, in their order. Raises TypeError."""
    found = []
    for name, field in spec.model_fields.items():
        sort = form_of(field.annotation).sort
        single: Literal["attribute", "block"] = "block" if sort in {"part", "variants"} else "attribute"
        written = "blocks" if name in spec.blocks else single
        found.append(Attribute(spec.blocks.get(name, name), terraform_type(field), written, field.is_required()))
    return found


def _type(form: Form) -> Type:
    if form.sort in _SIMPLE:
        return _SIMPLE[form.sort]
    if form.of is not None:
        inner = _type(form.of)
        # Terraform's maps and lists hold one type; values of any type make the whole dynamic.
        return "dynamic" if inner == "dynamic" else [form.sort, inner]
    parts = [form.model] if form.model is not None else list(form.variants.values())
    return ["object", _merged(parts)]


def _merged(parts: list[type[BaseModel]]) -> dict[str, Type]:
    """The fields of all variants in one object, as Terraform has no unions. Raises TypeError where two differ in type."""
    found: dict[str, Type] = {}
    for part in parts:
        for name, form in fields_of(part).items():
            own = _type(form)
            if found.setdefault(name, own) != own:
                raise TypeError(f"the variants of one field give {name!r} two types: {found[name]} and {own}")
    return found
