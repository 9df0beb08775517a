"""The form of a part: what each field is, as a small closed tree. Reference pages, Terraform schemas and errors read it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Sort = Literal["text", "word", "number", "whole", "flag", "date", "data", "list", "map", "part", "variants"]
_SIMPLE: dict[Any, Sort] = {str: "text", Decimal: "number", int: "whole", bool: "flag", date: "date", Any: "data"}


class Label(str):
    """Marks a shape with what people call it; stands among the metadata of an annotation."""

    __slots__ = ()


@dataclass(frozen=True)
class Form:
    """What a value is: `of` for a list's or a map's values, `model` for a part, `variants` for a part told by its `type`.

    A `word` is one of `words`; `data` is any JSON value; `size` is the length of a list whose length is fixed; `label`
    says more of a text or number: amount, share, condition, duration.
    """

    sort: Sort
    of: Form | None = None
    model: type[BaseModel] | None = None
    variants: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    size: int | None = None
    label: str = ""


def form_of(annotation: Any) -> Form:
    """The form of a type annotation. Raises TypeError for what has none: a union of anything but parts with a `type`."""
    if annotation in _SIMPLE:
        return Form(_SIMPLE[annotation])
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _labelled(form_of(inner[0]), inner[1:])
    if origin is Literal:
        return Form("word", words=tuple(str(one) for one in inner))
    if origin in {Union, types.UnionType}:
        return _union([one for one in inner if one is not type(None)])
    if origin is list:
        return Form("list", of=form_of(inner[0]))
    if origin is tuple and len(set(inner)) == 1:
        return Form("list", of=form_of(inner[0]), size=len(inner))
    if origin is dict and form_of(inner[0]).sort == "text":
        return Form("map", of=form_of(inner[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Form("part", model=annotation)
    raise TypeError(f"{annotation} has no form: use a text, number, flag, date, list, map, part, or parts told by `type`")


def _labelled(form: Form, metadata: Iterable[Any]) -> Form:
    label = next((one for one in metadata if isinstance(one, Label)), None)
    return form if label is None else replace(form, label=str(label))


def _union(choices: list[Any]) -> Form:
    if len(choices) == 1:
        return form_of(choices[0])
    found: dict[str, type[BaseModel]] = {}
    for choice in choices:
        model = get_args(choice)[0] if get_origin(choice) is Annotated else choice
        tag = model.model_fields.get("type") if isinstance(model, type) and issubclass(model, BaseModel) else None
        if tag is None or get_origin(tag.annotation) is not Literal or not tag.is_required():
            raise TypeError(f"{choice} cannot be told from its siblings: it needs a field `type` of one word and no default")
        found |= dict.fromkeys(get_args(tag.annotation), model)
    return Form("variants", variants=found)


@cache
def fields_of(model: type[BaseModel]) -> Mapping[str, Form]:
    """The form of each field of a part, in its order. Raises TypeError."""
    found = {name: _labelled(form_of(info.annotation), info.metadata) for name, info in model.model_fields.items()}
    return types.MappingProxyType(found)
