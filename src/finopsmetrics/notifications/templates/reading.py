"""Reading templates: YAML files of words for one kind of reader, checked, with line and field of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from finopsmetrics.core.errors import UsageError
from finopsmetrics.notifications.templates.filling import faults
from finopsmetrics.notifications.words import WORDS

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
LARGEST = 256 * 1024
LONGEST_NAME = 80


class TemplateError(UsageError):
    """A file that is no template, with the line and the field."""

    code = "template"


class Said(BaseModel):
    """What is said of a finding. What is left out is as the format says."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    title: Text | None = None
    sentences: Annotated[list[Text], Field(max_length=50)] | None = None
    facts: Annotated[dict[Text, Text], Field(max_length=50)] | None = None
    recommendations: Annotated[int, Field(ge=0, le=50)] | None = None


class Format(Said):
    """One form of the messages; `alerts` say some kinds of alerts otherwise, the first one that means a finding."""

    alerts: dict[str, Said] = {}


class Template(BaseModel):
    """The words for one kind of reader."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    personas: Annotated[list[Text], Field(max_length=50)] = []
    default: Text
    formats: Annotated[dict[str, Format], Field(min_length=1, max_length=50)]


def read_template(text: str, place: str) -> Template:
    """A template from the text of its file; `place` names it in errors. Raises TemplateError with line and field."""
    if len(text) > LARGEST:
        raise TemplateError(f"{place} is longer than {LARGEST} characters.", cure="Shorten it.")
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        body = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise TemplateError(f"{place}{line} is no YAML: {getattr(error, 'problem', None) or 'it cannot be read'}.") from error
    try:
        made = Template.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _fault(place, tree, first["loc"], str(first["msg"])) from error
    for way, told in _faults(made):
        raise _fault(place, tree, way, told)
    return made


def _faults(made: Template) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if made.default not in made.formats:
        yield ("default",), f"there is no format {made.default!r}; there are {', '.join(made.formats)}"
    for name, form in made.formats.items():
        yield from _said_faults(form, ("formats", name))
        for word, said in form.alerts.items():
            if word not in WORDS:
                yield ("formats", name, "alerts", word), f"there is no alert {word[:80]!r}; there are {', '.join(sorted(WORDS))}"
            yield from _said_faults(said, ("formats", name, "alerts", word))


def _said_faults(said: Said, way: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    texts: list[tuple[tuple[str | int, ...], str]] = [((*way, "title"), said.title or "")]
    texts += [((*way, "sentences", number), text) for number, text in enumerate(said.sentences or ())]
    texts += [((*way, "facts", label), text) for label, text in (said.facts or {}).items()]
    for place, text in texts:
        yield from ((place, fault) for fault in faults(text))


def _fault(place: str, tree: Any, way: tuple[Any, ...], told: str) -> TemplateError:
    field = ".".join(map(str, way)) or "the file"
    return TemplateError(
        f"{place}, line {_line(tree, way)}, {field}: {told[:1].lower() + told[1:]}.", cure="See docs/notifications/README.md."
    )


def _line(node: Any, way: tuple[Any, ...]) -> int:
    """The line of what lies at `way`, as near as the file goes."""
    if node is None:
        return 1
    line = node.start_mark.line + 1
    for step in way:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return int(line)


def plain_name(name: str) -> bool:
    """Whether a file's name can name a template: letters, digits, `_` and `-`."""
    return 0 < len(name) <= LONGEST_NAME and name.replace("_", "").replace("-", "").isalnum()


Named = Mapping[str, Template]
