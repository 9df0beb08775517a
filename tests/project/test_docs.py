"""What the documentation shows works: Python blocks run in order, marked commands run, links lead somewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.pages import ROOT, Block, anchors, blocks, commands, links, pages

NAMES = [str(page.relative_to(ROOT)) for page in pages()]


def run(words: list[str], folder: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run something in a folder that is the whole world: working directory, home, and the product's home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FINOPSMETRICS_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    own = {"HOME": str(folder), "FINOPSMETRICS_HOME": str(folder / "home"), "PATH": path}
    return subprocess.run(words, cwd=folder, env=kept | own, input=text, capture_output=True, text=True, check=False, timeout=300)


def script(page: str, parts: list[Block]) -> str:
    """One program of a page's Python blocks, in one namespace, with the page's own line numbers in its tracebacks."""
    made = "names = {'__name__': '__main__'}\n"
    for part in parts:
        padded = "\n" * (part.line - 1) + part.code
        made += f"exec(compile({padded!r}, {page!r}, 'exec'), names)\n"
    return made


@pytest.mark.parametrize("name", NAMES)
def test_the_python_blocks_of_a_page_run_in_order(name: str, tmp_path: Path) -> None:
    parts = [block for block in blocks((ROOT / name).read_text()) if block.kind == "python"]
    if parts:
        ran = run([sys.executable, "-"], tmp_path, script(name, parts))
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_marked_commands_of_a_page_run(name: str, tmp_path: Path) -> None:
    for block in blocks((ROOT / name).read_text()):
        if block.marked:
            assert block.kind in {"console", "bash"}, f"{name}:{block.line} is marked and cannot be run"
            assert commands(block), f"{name}:{block.line} is marked and calls no finopsmetrics"
            for command in commands(block):
                ran = run(["bash", "-c", command], tmp_path)
                assert ran.returncode == 0, f"{name}:{block.line}: {command}\n{ran.stderr}"


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in links(page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), f"{name} leads out of the repository: {target}"
        assert file.exists(), f"{name} leads nowhere: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text()), f"{name}: {path or name} has no heading {anchor}"


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_a_page_is_read_as_it_is_written() -> None:
    page = "# A b\n\n```python\nx = [1](2)\n```\n<!-- run -->\n```console\n$ finopsmetrics a \\\n    b\nout\n```\n[t](u.md#a-b)\n"
    first, second = blocks(page)
    assert (first.kind, first.code, first.line, first.marked) == ("python", "x = [1](2)\n", 4, False)
    assert (second.marked, commands(second)) == (True, ["finopsmetrics a  b"])
    assert links(page) == ["u.md#a-b"]
    assert anchors(page) == {"a-b"}
