"""Text to tree: lark reads the grammar, the Builder below makes nodes and tells values from tests."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, UnexpectedInput

from finopsmetrics.core.conditions.bounds import MAX_TEXT
from finopsmetrics.core.conditions.build import Builder, Part
from finopsmetrics.core.conditions.cures import explain
from finopsmetrics.core.conditions.texts import check_text
from finopsmetrics.core.conditions.tree import Field, Test
from finopsmetrics.core.errors import ConditionError


def parse_test(text: str) -> Test:
    """The tree of a condition. Raises ConditionError, and nothing else, for any other text."""
    if len(text) > MAX_TEXT:
        cure = "Split it into several conditions."
        raise ConditionError(f"the condition has {len(text):,} characters, more than {MAX_TEXT:,}.", cure=cure)
    check_text(text)
    if not text.strip():
        raise ConditionError("the condition is empty.", cure='Write a test such as ServiceName == "Amazon EC2".')
    return _read(text, "start").test()


def parse_field(name: str) -> Field:
    """The field of a dotted name such as `tags."cost center"`. Raises ConditionError."""
    node = _read(name, "field_name").node
    if not isinstance(node, Field):
        raise ConditionError(f"{name!r} is not a field name.", cure="Write it like tags.team.")
    return node


def _read(text: str, start: str) -> Part:
    try:
        part: Any = _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise explain(text, error) from None
    assert isinstance(part, Part)
    return part


@cache
def _parser() -> Lark:
    """One parser per process. Nodes are built while parsing, so nesting costs no Python stack."""
    grammar = files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=Builder(), start=["start", "field_name"])
