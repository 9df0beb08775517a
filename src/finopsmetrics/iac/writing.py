"""Specs as YAML that reads back equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finopsmetrics.core.shapes import shown
from finopsmetrics.core.spec import Spec
from finopsmetrics.iac.scalars import meaning


def to_yaml(specs: Sequence[Spec]) -> str:
    """The YAML of specs: one section a kind, in the order of the specs. Exact numbers stand as numbers."""
    import yaml

    sections: dict[str, list[Any]] = {}
    for spec in specs:
        exact = spec.model_dump(mode="python", exclude_defaults=True)
        sections.setdefault(spec.plural, []).append(_with_numbers(spec.plain(), exact))
    text = yaml.dump(sections, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100, default_flow_style=False)
    return str(text)


def _with_numbers(plain: Any, exact: Any) -> Any:
    """The JSON data of a spec, with decimals where the spec holds decimals."""
    if isinstance(exact, Decimal) and isinstance(plain, str):
        return Decimal(plain)
    if isinstance(plain, Mapping) and isinstance(exact, Mapping):
        return {name: _with_numbers(value, exact.get(name)) for name, value in plain.items()}
    if isinstance(plain, list) and isinstance(exact, (list, tuple)) and len(plain) == len(exact):
        return [_with_numbers(*pair) for pair in zip(plain, exact, strict=True)]
    return plain


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes what our own reader reads back; no anchors."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))

    def number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
        word = shown(value)
        return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in word else 'int'}", word)

    Dumper.add_representer(str, text)
    Dumper.add_representer(Decimal, number)
    return Dumper


def _style(value: str) -> str | None:
    """How a text is quoted so that it is read back as it is; None is as plain as it can be."""
    lines = value.split("\n")
    if not all(line.isprintable() for line in lines):  # among them what YAML takes for the end of a line
        return '"'
    if len(lines) > 1 and value.strip("\n") and all(line == line.rstrip() for line in lines):
        return "|"
    return None if value == meaning(value) and value != "<<" else "'"
