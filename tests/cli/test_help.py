"""Help is complete: every verb that is promised or written about is there and tells its options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from finopsmetrics.cli.main import app
from tests.cli.console import inside
from tests.project.pages import blocks, pages

PROMISED = {
    "ingest",
    "costs",
    "sql",
    "reconcile",
    "receipt",
    "export",
    "maintain",
    "backup",
    "restore",
    "serve",
    "demo",
    "doctor",
}
OPTIONS = {
    "ingest": {"--source", "--delivered-at", "--together", "--currency", "--closed", "--format"},
    "costs": {"--metric", "--group-by", "--range", "--filter", "--basis", "--grain", "--top", "--compare", "--as-of", "--diff"},
    "receipt": {"--verify"},
    "sql": {"--tables", "--limit", "--format", "--output"},
    "reconcile": {"--invoice", "--issuer", "--amount", "--all", "--format"},
    "export": {"--focus", "--range", "--filter", "--format"},
    "demo": {"--seed", "--months", "--end", "--scale", "--serve"},
    "serve": {"--host", "--port", "--allow-remote"},
    "doctor": {"--deep", "--format"},
    "maintain": {"--grace", "--history"},
}


def verbs(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb by its words: those of groups, such as `user add`, too."""
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if hasattr(command, "commands"):
            yield from verbs(command, f"{before}{name} ")


VERBS = dict(verbs(typer.main.get_command(app)))
FIRST = {verb.split()[0] for verb in VERBS}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_each_verb_says_what_it_does_and_tells_every_option(verb: str, tmp_path: Path) -> None:
    said = inside(*verb.split(), "--help", home=tmp_path)
    assert said.code == 0
    for parameter in VERBS[verb].params:
        if parameter.param_type_name == "option" and parameter.name != "help":
            assert parameter.opts[0] in said.text
            assert getattr(parameter, "help", None), f"{verb} {parameter.opts[0]} says nothing"
    assert OPTIONS.get(verb, set()) <= set(re.findall(r"--[a-z-]+", said.text))
    assert VERBS[verb].help


def test_every_promised_verb_is_there_and_listed(tmp_path: Path) -> None:
    assert set(VERBS) >= PROMISED
    listed = inside("--help", home=tmp_path).text
    assert all(re.search(rf"^  {verb} ", listed, re.M) for verb in FIRST)
    assert "3" in listed
    assert "quarantined" in listed


def written() -> list[tuple[str, str, tuple[str, ...]]]:
    """Every command line of the documentation: the page, the verb, its options."""
    found = []
    for page in pages():
        code = "\n".join(block.code for block in blocks(page.read_text()) if block.kind in {"console", "bash", "sh", "shell"})
        for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?finopsmetrics (.*)$", code.replace("\\\n", " "), re.M):
            words = re.sub(r"^--home \S+ ", "", line.split(" #")[0]).split()
            if words and re.fullmatch("[a-z][a-z-]*", words[0]):
                verb = " ".join(words[:2]) if " ".join(words[:2]) in VERBS else words[0]
                found.append((page.name, verb, tuple(word.split("=")[0] for word in words if re.match("--[a-z]", word))))
    return found


def test_every_command_of_the_documentation_exists() -> None:
    assert {"ingest", "costs"} <= {verb for _, verb, _ in written()}
    for page, verb, options in written():
        assert verb in VERBS, f"{page}: finopsmetrics {verb}"
        told = [opt for parameter in VERBS[verb].params for opt in (*parameter.opts, *parameter.secondary_opts)]
        known = {*told, "--help", "--home"}
        assert set(options) <= known, f"{page}: finopsmetrics {verb} {set(options) - known}"
