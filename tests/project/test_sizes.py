"""Modules stay small, names say what they hold, and the source carries nothing that belongs to one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "finopsmetrics"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 400
# Modules that may be longer, with their length; an entry may only shrink, and there is none.
EXCEPTIONS: dict[str, int] = {}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
FORBIDDEN = {
    "a package registry's address": re.compile(r"pypi\.org|pythonhosted|index-url|registry\.npmjs"),
    "an absolute path of one machine": re.compile(r"/(work|root|home|farm)/"),
    "something left to do": re.compile(r"\b(TODO|FIXME|XXX:|NotImplementedError)"),
}


def lines(module: Path) -> int:
    return len(module.read_text().splitlines())


def test_no_module_is_too_long() -> None:
    for module in MODULES:
        allowed = EXCEPTIONS.get(str(module.relative_to(SOURCE)), LONGEST)
        assert lines(module) <= allowed, f"{module.relative_to(ROOT)} has {lines(module)} lines"
    for name, allowed in EXCEPTIONS.items():
        assert LONGEST < lines(SOURCE / name) == allowed, f"{name} shrank: lower or drop its exception"


def test_most_modules_are_small() -> None:
    sizes = [lines(module) for module in MODULES if module.name != "__init__.py"]
    assert len(sizes) > 50
    assert median(sizes) <= 150
    assert quantiles(sizes, n=10)[-1] <= 300


def test_no_name_is_vague() -> None:
    for path in [*MODULES, *SOURCE.rglob("*/")]:
        assert path.stem not in VAGUE, path


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_source_is_free_of(what: str) -> None:
    carried = [ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / "requirements").rglob("*.txt"), *SOURCE.rglob("*")]
    for path in carried:
        if path.is_file() and "__pycache__" not in path.parts:
            found = FORBIDDEN[what].search(path.read_text(errors="replace"))
            assert found is None, f"{path.relative_to(ROOT)} has {what}: {found.group() if found else ''}"


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public classes, functions and methods without a docstring; properties' setters and overloads share theirs."""
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or child.name.startswith("_"):
                continue
            marks = {ast.unparse(mark).rsplit(".", 1)[-1] for mark in child.decorator_list}
            if ast.get_docstring(child) is None and not marks & {"overload", "override", "setter"}:
                yield prefix + child.name
            if isinstance(child, ast.ClassDef):
                waiting.append((f"{prefix}{child.name}.", child))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(SOURCE)))
def test_every_public_name_has_a_docstring(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert ast.get_docstring(tree), f"{module.relative_to(ROOT)} says nothing of itself"
    assert list(undocumented(tree)) == []


def test_a_missing_docstring_is_seen() -> None:
    tree = ast.parse(
        "class A:\n  'a'\n  def b(self): ...\n  def _c(self): ...\ndef d():\n  'd'\n  def inner(): ...\nasync def e(): ..."
    )
    assert sorted(undocumented(tree)) == ["A.b", "e"]
