"""What is wrong with a body, in words for the person who wrote it, and where: the model's own errors put plainly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, StringConstraints

from finopsmetrics.core.form import Form, fields_of

_PATTERNS: dict[str, str] = {}


def text(pattern: str, means: str, **limits: int) -> StringConstraints:
    """A text that follows a pattern; `means` is what an error says about it: "a currency has three capitals: USD"."""
    _PATTERNS[pattern] = means
    return StringConstraints(pattern=pattern, **limits)  # type: ignore[arg-type]  # limits are min_length and max_length


def nearest(word: object, known: Collection[str]) -> str:
    """A question with the known word that is nearest, or the known words when there are few, to end a message with."""
    close = get_close_matches(word[:100].lower(), known, n=1, cutoff=0.6) if isinstance(word, str) else []
    if close:
        return f" (did you mean {close[0]!r}?)"
    return f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""


class Place:
    """A walk down a body along a model: knows which steps of an error are keys of the body, and what stands there."""

    def __init__(self, model: type[BaseModel], body: Any) -> None:
        self.form: Form | None = Form("part", model=model)
        self.value = body
        self.way: tuple[str | int, ...] = ()

    def step(self, one: str | int) -> None:
        """Go one step of an error's place; a step that names a variant only chooses it, one that is no key is left out."""
        if self.form is not None and self.form.sort == "variants":
            self.form = Form("part", model=self.form.variants.get(str(one)))
            return
        here = self.value
        if (isinstance(here, Mapping) and one in here) or (isinstance(here, (list, tuple)) and one in range(len(here))):
            self.way, self.value = (*self.way, one), here[one]  # type: ignore[index]  # the key of a mapping, or a position
        elif not (self.form is not None and self.form.sort == "list" and one == 0):
            self.value = None
        self.form = self._below(one)

    def _below(self, one: str | int) -> Form | None:
        if self.form is None or self.form.sort != "part":
            return self.form.of if self.form is not None else None
        return fields_of(self.form.model).get(str(one)) if self.form.model is not None else None

    def fields(self) -> Collection[str]:
        """The fields of the part that stands here; none where no part does."""
        return list(fields_of(self.form.model)) if self.form is not None and self.form.model is not None else []


def where(entry: Mapping[str, Any], model: type[BaseModel], body: Any) -> tuple[Place, Place]:
    """The place that an error of the model names, and the one above it."""
    above, place = Place(model, body), Place(model, body)
    for one in entry["loc"]:
        above.form, above.value, above.way = place.form, place.value, place.way
        place.step(one)
    return place, above


def message(entry: Mapping[str, Any], place: Place, above: Place) -> str:
    """One error of the model in words; says what may stand there."""
    kind, said = str(entry["type"]), entry.get("ctx", {})
    last = entry["loc"][-1] if entry["loc"] else ""
    if kind == "extra_forbidden":
        return f"there is no field {last!r}{nearest(last, above.fields())}"
    if kind == "missing":
        return f"the field {last!r} is needed" if isinstance(last, str) else "more values are needed here"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(said["pattern"]), "this text has not the form that is asked for")
    if kind == "literal_error" and place.form is not None:
        return f"{_short(entry['input'])} is not known here{nearest(entry['input'], place.form.words)}"
    if kind.startswith("union_tag"):
        known = list(place.form.variants) if place.form is not None else []
        tag = said.get("tag")
        return (
            f"the type {_short(tag)} is not known here{nearest(tag, known)}" if tag else f"a `type` is needed{nearest('', known)}"
        )
    if kind == "string_type" and isinstance(entry["input"], (int, float, date)):
        return f"{_short(entry['input'])} is no text; put it in quotes"
    if kind in _WORDS:
        return _WORDS[kind].format(input=_short(entry["input"]), **said)
    told = str(entry["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return told[:1].lower() + told[1:] if not told[:2].isupper() else told


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int) and value.bit_length() > 128:
        return "so large a number"
    told = repr(value if not isinstance(value, str) else value[:60])
    return told if len(told) <= 60 else told[:57] + "..."


_WORDS = {
    "string_type": "a text is needed here, not {input}",
    "string_unicode": "this text holds half a character",
    "string_too_short": "a text is needed here",
    "string_too_long": "this text is longer than {max_length} letters",
    "bool_type": "{input} is neither true nor false",
    "bool_parsing": "{input} is neither true nor false",
    "int_type": "{input} is no whole number",
    "int_parsing": "{input} is no whole number",
    "int_parsing_size": "this number is too large",
    "int_from_float": "{input} is no whole number",
    "list_type": "a list is needed here, not {input}",
    "tuple_type": "a list is needed here, not {input}",
    "dict_type": "a mapping is needed here, not {input}",
    "model_type": "a mapping with fields is needed here, not {input}",
    "model_attributes_type": "a mapping with fields is needed here, not {input}",
    "invalid_key": "{input} is no field's name; names are texts",
    "greater_than": "{input} is too small: it must be above {gt}",
    "greater_than_equal": "{input} is too small: it must be at least {ge}",
    "less_than": "{input} is too large: it must be below {lt}",
    "less_than_equal": "{input} is too large: it may be at most {le}",
    "too_short": "at least {min_length} of these must be given",
    "too_long": "at most {max_length} of these may be given",
    "date_type": "{input} is no date; write it as 2025-01-31",
    "date_parsing": "{input} is no date; write it as 2025-01-31",
    "date_from_datetime_parsing": "{input} is no date; write it as 2025-01-31",
    "date_from_datetime_inexact": "{input} is a time, not a date; write it as 2025-01-31",
}
