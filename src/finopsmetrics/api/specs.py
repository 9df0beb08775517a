"""Declared specs over HTTP: what requests and answers look like, made from each kind; bodies, read exactly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, RootModel, ValidationError, create_model
from pydantic.json_schema import JsonSchemaValue
from starlette.convertors import Convertor, register_url_convertor

from finopsmetrics.api.problems import InvalidPart, problem
from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.spec import Fault, Spec, SpecError
from finopsmetrics.iac.checked import RESERVED

_OF_SCHEMA = frozenset(
    [
        "missing",
        "extra_forbidden",
        "literal_error",
        "string_too_long",
        "string_too_short",
        "string_pattern_mismatch",
        "string_type",
        "int_type",
        "int_parsing",
        "bool_type",
        "bool_parsing",
        "list_type",
        "dict_type",
        "model_type",
    ]
)
"""What pydantic finds wrong that a JSON Schema always can too; bounds, say, are not said of numbers that are sent as text."""

_LONG_LIST = 100
"""A list may be longer, as its kind allows; how long is not promised, since a whole body must fit into a request too."""


class _SpecName(Convertor[str]):
    """A name in a path; `validate` is the check of its kind, and no spec has that name."""

    regex = rf"(?!{RESERVED}(?:/|$))[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("spec", _SpecName())


class NotJsonError(UsageError):
    """The body cannot be read as JSON."""

    code = "not_json"


class KindShown(BaseModel):
    """A kind: what can be declared."""

    kind: str = Field(description="Its name.")
    plural: str = Field(description="Its name in paths and in YAML.")
    title: str = Field(description="What it is, in a sentence.")
    documentation: str = Field(description="What it is, in full.")
    engine: str | None = Field(description="What acts on it; null while nothing does: it is kept and checked.")


class KindsShown(BaseModel):
    """Every kind there is."""

    kinds: list[KindShown]


class KindDetail(KindShown):
    """A kind with its JSON Schema and an example."""

    json_schema: dict[str, Any] = Field(description="The JSON Schema of its bodies.")
    example: dict[str, Any] = Field(description="A body that is valid.")


class Change(BaseModel):
    """One change to a spec."""

    version: int = Field(description="The version that it made.")
    at: datetime = Field(description="When, in UTC.")
    actor: str = Field(description="Who made it.")
    action: str = Field(description="created, updated, deleted or restored.")
    origin: str | None = Field(description="The files that declared it then; null when none did.")
    body: dict[str, Any] | None = Field(description="The body after it; null when it was deleted.")


class History(BaseModel):
    """Every change to a spec, the newest first."""

    changes: list[Change]


class BodyFault(BaseModel):
    """One thing that is wrong in a body."""

    pointer: str = Field(description="JSON Pointer to it within the body; empty for the whole.")
    message: str = Field(description="What is wrong, and what to write.")


class Checked(BaseModel):
    """Whether a body would be kept."""

    valid: bool
    errors: list[BodyFault]


class Entry(BaseModel):
    """What is known of a spec beside its body."""

    kind: str
    name: str
    version: int = Field(description="Rises with every change; the ETag.")
    etag: str = Field(description="What If-Match takes.")
    origin: str | None = Field(description="The files that declare it; null when none do.")
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@cache
def body_of(spec: type[Spec]) -> type[RootModel[dict[str, Any]]]:
    """A model that stands for the bodies of a kind in OpenAPI."""

    def schema(_cls: type, _core: Any, _handler: Any) -> JsonSchemaValue:
        return body_schema(spec)

    given = {"__get_pydantic_json_schema__": classmethod(schema), "__module__": __name__, "__doc__": spec.__doc__}
    return type(spec.__name__, (RootModel[dict[str, Any]],), given)


@cache
def page_of(spec: type[Spec]) -> type[BaseModel]:
    """A model that stands for a page of specs of a kind in OpenAPI."""
    entry = create_model(f"{spec.__name__}Entry", __base__=Entry, spec=(body_of(spec), Field(description="Its body.")))
    after: Any = (str | None, Field(description="The path of the next page; null at the end."))
    return create_model(f"{spec.__name__}Page", __doc__=f"{spec.plural} by name.", items=(list[entry], ...), next=after)  # type: ignore[valid-type]


@cache
def body_schema(spec: type[Spec]) -> dict[str, Any]:
    """The JSON Schema of a kind's bodies as requests send them: whole in itself, and the name may be left to the path."""
    made = spec.model_json_schema()
    whole = _inlined(made, made.get("$defs", {}), ())
    whole.pop("$defs", None)
    whole["required"] = [name for name in whole.get("required", []) if name != "name"]
    if not whole["required"]:
        del whole["required"]
    return {**whole, "examples": [dict(spec.example)]}


def _inlined(part: Any, named: Mapping[str, Any], above: tuple[str, ...]) -> Any:
    """A schema with its references replaced by what they name; within itself a part is any value."""
    if isinstance(part, list):
        return [_inlined(inner, named, above) for inner in part]
    if not isinstance(part, dict):
        return part
    name = str(part.get("$ref", "")).removeprefix("#/$defs/")
    if name in named:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        return {} if name in above else {**_inlined(named[name], named, (*above, name)), **beside}
    first, *others = part.get("prefixItems", [None])
    if first is not None and all(other == first for other in others):  # the same, in the words that every generator knows
        part = {**{key: value for key, value in part.items() if key != "prefixItems"}, "items": first}
    made = {key: value for key, value in part.items() if key not in {"discriminator", "$defs"}}
    if isinstance(made.get("maxItems"), int) and made["maxItems"] > _LONG_LIST:
        del made["maxItems"]
    for key, value in made.items():
        if key in {"properties", "patternProperties"}:  # what stands here are names of fields, whatever they are called
            made[key] = {field: _inlined(inner, named, above) for field, inner in value.items()}
        elif key not in {"examples", "default", "const", "enum"}:
            made[key] = _inlined(value, named, above)
    return made


async def sent(request: Request) -> Any:
    """The body of a request as data, decimals exact. Raises NotJsonError (400)."""
    try:
        text = (await request.body()).decode("utf-8")
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, _TwiceError) else "The body cannot be read as JSON."
        raise NotJsonError(told, cure="Send UTF-8 JSON, each key once.") from error


Sent = Annotated[Any, Depends(sent)]
"""A route's parameter that gives it the body, decimals exact."""


class _TwiceError(ValueError):
    """A key that is given twice."""


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(f"The key {key[:80]!r} is given twice.")
        found[key] = value
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


def faulty(error: SpecError, path: str, under: str = "") -> JSONResponse:
    """The problem document of a body that is not valid, which names each place; `under` is where the spec stands in the body.

    What breaks the schema is 422; what keeps to it and cannot be meant (a condition that cannot be read) is 400.
    """
    parts = [InvalidPart(where="body", pointer=under + fault.pointer, message=fault.message) for fault in error.faults[:100]]
    status = 422 if _breaks_schema(error) else 400
    title = (type(error).__doc__ or "").split(".")[0]
    return problem(status, error.cause, path=path, code=error.code, title=title, cure=error.cure, errors=parts)


def _breaks_schema(error: SpecError) -> bool:
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return any(fault.path == () for fault in error.faults)
    return all(entry["type"] in _OF_SCHEMA and "[key]" not in entry["loc"] for entry in cause.errors(include_url=False))


def mapping(kind: str, body: Any) -> Mapping[str, Any]:
    """A body that is a mapping. Raises SpecError."""
    if not isinstance(body, dict):
        raise SpecError(kind, [Fault((), "a mapping of fields is needed")])
    return body
