"""Spec: what people declare. A kind is a class; one declared value is a Spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from finopsmetrics.core.errors import UsageError

NAME = r"^[^\s\x00-\x1f\x7f/\\](?:[^\x00-\x1f\x7f/\\]*[^\s\x00-\x1f\x7f/\\])?$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=NAME)]
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

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False, allow_inf_nan=False)


class Spec(Part):
    """One declared value. Every kind has `name`, which is unique within the kind, and may have a description."""

    kind: ClassVar[str] = ""
    plural: ClassVar[str] = ""
    example: ClassVar[Mapping[str, Any]] = {}
    engine: ClassVar[str | None] = None
    """What acts on specs of this kind; None while nothing does yet: they are kept and checked, and their use says so."""

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
        try:
            return cls.model_validate(dict(body))
        except ValidationError as error:
            raise SpecError(cls.kind, faults_of(error)) from error

    def plain(self) -> dict[str, Any]:
        """The spec as JSON data, without what is left at its default: what the state keeps. `read(plain())` gives it back."""
        return self.model_dump(mode="json", exclude_defaults=True)


def faults_of(error: ValidationError) -> list[Fault]:
    """What pydantic found wrong, in the order of the body; steps that name a type rather than a key are left out."""
    return [Fault(_keys(entry["loc"]), _message(entry)) for entry in error.errors(include_url=False)]


def _keys(place: tuple[str | int, ...]) -> Path:
    return tuple(step for step in place if not (isinstance(step, str) and (step == "[key]" or "[" in step or "-" in step[:9])))


def _message(entry: Any) -> str:
    if entry["type"] == "extra_forbidden":
        return "there is no such field"
    if entry["type"] == "missing":
        return "this field is needed"
    text = str(entry["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:] if text[:1].isupper() and not text[:2].isupper() else text
