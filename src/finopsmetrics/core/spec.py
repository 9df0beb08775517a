"""Spec: what people declare. A kind is a class; one declared value is a Spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from finopsmetrics.core.errors import UsageError
from finopsmetrics.core.messages import message, text, where

NAME = r"^[^\s\x00-\x1f\x7f/\\](?:[^\x00-\x1f\x7f/\\]*[^\s\x00-\x1f\x7f/\\])?$"
_NAMES = "a name holds letters, digits, spaces and marks, but no slash, no backslash, no line break and no space at its ends"
Name = Annotated[str, text(NAME, _NAMES, min_length=1, max_length=120)]
"""A name: printable, without slashes, without space at its ends, at most 120 letters."""

Path = tuple[str | int, ...]
"""The way to a value within a body: keys and positions."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a body: where, and what."""

    path: Path
    message: str

    @property
    def pointer(self) -> str:
        """The way as a JSON Pointer (RFC 6901)."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


class SpecError(UsageError):
    """A body that is no valid spec of its kind. `faults` name each place."""

    code = "spec"
    http_status = 422

    def __init__(self, kind: str, faults: list[Fault]) -> None:
        told = "; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in faults[:5])
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        super().__init__(f"This is no valid {kind}: {told}{more}.", cure=f"See docs/kinds/{kind}.md for its fields.")
        self.kind = kind
        self.faults = faults


class Part(BaseModel):
    """A part of a spec: a mapping with named fields."""

    # An input may be a secret in the wrong place: no error carries it into a log.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class Spec(Part):
    """One declared value. Every kind has `name`, which is unique within the kind, and may have a description."""

    kind: ClassVar[str] = ""
    plural: ClassVar[str] = ""
    example: ClassVar[Mapping[str, Any]] = {}
    engine: ClassVar[str | None] = None
    """What acts on specs of this kind; None while nothing does yet: they are kept and checked, and their use says so."""

    blocks: ClassVar[Mapping[str, str]] = {}
    """Fields that Terraform writes as repeated blocks, with the block's name."""

    name: Name = Field(description="The name, unique within the kind.")
    description: Annotated[str, StringConstraints(max_length=2_000)] = Field(default="", description="What it is for, in words.")

    def __init_subclass__(cls, *, kind: str = "", plural: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if kind:
            cls.kind = kind
            cls.plural = plural or (kind[:-1] + "ies" if kind.endswith("y") else kind + "s")

    @classmethod
    def __pydantic_init_subclass__(cls, **_rest: Any) -> None:
        """Take the keyword arguments of the class statement, which pydantic passes on."""

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Make a spec from plain data. Raises SpecError, which names each place that is wrong."""
        if not isinstance(body, Mapping):
            raise SpecError(cls.kind, [Fault((), "a mapping with fields is needed here")])
        try:
            return cls.model_validate(dict(body))
        except ValidationError as error:
            raise SpecError(cls.kind, faults_of(error, cls, body)) from error

    def plain(self) -> dict[str, Any]:
        """The spec as JSON data, without what is left at its default: what the state keeps. `read(plain())` gives it back."""
        return self.model_dump(mode="json", exclude_defaults=True)


def faults_of(error: ValidationError, model: type[BaseModel], body: Any) -> list[Fault]:
    """What pydantic found wrong, in the order of the body. Each path leads to something that the body holds."""
    found = []
    for entry in error.errors(include_url=False):
        place, above = where(entry, model, body)
        fault = Fault(place.way, message(entry, place, above))
        if fault not in found:
            found.append(fault)
    return found
