"""Parts that several kinds share: where a message goes, one or many of a thing, a word in place of a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from finopsmetrics.core.shapes import Line, Who, Word
from finopsmetrics.core.spec import Part

Priority = Literal["low", "medium", "high", "critical"]
"""How urgent something is."""

Frequency = Literal["real_time", "hourly_digest", "daily_digest", "weekly_digest", "monthly_digest"]
"""When messages go out: each at once, or gathered."""


class OneOrMany:
    """Marks a list that may be written as its one item. It is always kept as a list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The list's own schema behind a step that wraps one item."""
        return core_schema.no_info_before_validator_function(self._wrap, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the list or its item."""
        told = handler(schema)
        return {"anyOf": [told, told["items"]]} if "items" in told else told

    @staticmethod
    def _wrap(value: Any) -> Any:
        return [value] if isinstance(value, (str, Mapping)) else value


class WordFor:
    """Marks a part that may be written as one word, which stands for its `type`. It is always kept as a part."""

    def __init__(self, **words: dict[str, Any]) -> None:
        self._words = words

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The part's own schema behind a step that turns a word into it."""
        return core_schema.no_info_before_validator_function(self._open, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the part or a word."""
        return {"anyOf": [handler(schema), {"type": "string"}]}

    def _open(self, value: Any) -> Any:
        return self._words.get(value, {"type": value}) if isinstance(value, str) else value


Words = Annotated[list[Word], Field(max_length=200), OneOrMany()]
"""One or more words."""

People = Annotated[list[Who], Field(max_length=200), OneOrMany()]
"""One or more: roles, teams, users, e-mail addresses, channels."""

Lines = Annotated[list[Line], Field(max_length=1_000), OneOrMany()]
"""One or more lines of text."""


class Alert(Part):
    """Where a message goes, and how urgent it is."""

    channels: Words = Field(default=[], description="By which channels: slack, email, pagerduty, teams, webhook.")
    recipients: People = Field(
        default=[], description="To whom: roles, teams, users, e-mail addresses, channels such as #finops."
    )
    priority: Priority = Field(default="medium", description="How urgent it is.")
    template: Word | None = Field(default=None, description="The template of the message; the channel's own, unless given.")
