"""What focus-validator says of every mapped format: each fixture of every manifest is taken in, exported as FOCUS 1.2 and judged.

    python -m benchmarks.conformance FOLDER

FOLDER gets an environment of its own with focus-validator, which wants Python 3.12 or later. The page
docs/integrations/conformance.md is written anew; a rule that fails without a reason in benchmarks/conformance.yaml ends with 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from benchmarks.focus_validator import judged
from finopsmetrics import Workspace
from finopsmetrics.integrations.registry import manifests
from finopsmetrics.observability.export import export_focus

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "integrations" / "conformance.md"
REASONS = Path(__file__).with_suffix(".yaml")
VERSION = "1.2"
# What the validator needs to run on; pyarrow 21 and numpy 1 are the ones that it was written for.
PACKAGES = ("focus-validator==2.2.1", "pyarrow==21.0.0", "numpy<2")
HEAD = """\
# Conformance of what comes out

Written by `python -m benchmarks.conformance FOLDER`: each fixture of each mapped format is taken in, exported as FOCUS 1.2 (Parquet), and
judged by focus-validator 2.2.1 with all criteria of applicability switched on. A rule over a column fails together with the rule on one
of its values; the number of rules that fail by themselves stands in brackets.

| format | fixture | rules passed | rules failed |
|---|---|---|---|
"""
WHY = """
## Why rules fail

| rule | fails for | why |
|---|---|---|
"""


@dataclass
class Judgement:
    """A fixture of a format, with the rules that its export passes and fails."""

    format: str
    fixture: str
    passed: set[str]
    failed: set[str]
    own: set[str] = field(default_factory=set)  # failed, and no mere sum of other rules


def environment(folder: Path) -> Path:
    """The Python of an environment with focus-validator, made where it is not there yet."""
    python = folder / "bin" / "python"
    if not (folder / "bin" / "focus-validator").exists():
        subprocess.run([_interpreter(), "-m", "venv", str(folder)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--ignore-requires-python", *PACKAGES]
        subprocess.run(command, check=True)
    return python


def _interpreter() -> str:
    for name in ("python3.12", "python3.13", "python3.14"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return sys.executable


def judge_all(python: Path) -> Iterator[Judgement]:
    """Each fixture of each format that has a mapping."""
    for vendor, manifest in manifests().items():
        for form in manifest.formats():
            for fixture in form.fixtures if form.module else ():
                yield judge(python, f"{vendor}.{form.id}", ROOT / fixture.path)


def judge(python: Path, name: str, fixture: Path) -> Judgement:
    """Take one fixture in, export it and have it judged."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        with Workspace(room / "home") as workspace:
            workspace.ingest([fixture], source="validated")
            export_focus(workspace.opened, room / "exported.parquet", version=VERSION)
        passed, failed, own = judged(python, room / "exported.parquet", room)
    return Judgement(name, fixture.name, passed, failed, own)


def reason_of(reasons: list[dict[str, str]], rule: str, name: str) -> str:
    """Why a rule fails for a format; empty where nobody has said so."""
    for entry in reasons:
        if fnmatchcase(rule, entry["rule"]) and fnmatchcase(name, entry.get("format", "*")):
            return entry["why"]
    return ""


def page(results: list[Judgement], reasons: list[dict[str, str]]) -> tuple[str, list[str]]:
    """The page, and the rules that fail without a reason."""
    lines = [f"| `{one.format}` | {one.fixture} | {len(one.passed)} | {len(one.failed)} ({len(one.own)}) |" for one in results]
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in results:
        for rule in one.own:
            told[rule, reason_of(reasons, rule, one.format)].add(one.format)
    formats = {one.format for one in results}
    why = [
        f"| `{rule}` | {'all' if where == formats else ', '.join(f'`{name}`' for name in sorted(where))} | {reason or '**not said**'} |"
        for (rule, reason), where in sorted(told.items())
    ]
    bare = sorted(f"{rule} ({', '.join(sorted(where))})" for (rule, reason), where in told.items() if not reason)
    return HEAD + "\n".join(lines) + "\n" + WHY + "\n".join(why) + "\n", bare


def main() -> None:
    python = environment(Path(sys.argv[1]).absolute())
    results = []
    for one in judge_all(python):
        print(f"{one.format} {one.fixture}: {len(one.passed)} passed, {len(one.failed)} failed", flush=True)
        results.append(one)
    text, bare = page(results, yaml.safe_load(REASONS.read_text(encoding="utf-8")))
    PAGE.write_text(text, encoding="utf-8")
    if bare:
        sys.exit("Say in benchmarks/conformance.yaml why these fail, or mend the mapping: " + "; ".join(bare))


if __name__ == "__main__":
    main()
