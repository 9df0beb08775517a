"""The GitHub Action and the pre-commit hook do what they say: their own steps, run by the shell that GitHub uses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.iac.test_cycle import FIRST, SECOND

DOCS = Path(__file__).parents[2] / "docs" / "finops-as-code"


def steps() -> list[dict[str, Any]]:
    """The steps of the action that run finopsmetrics, in order."""
    action = yaml.safe_load((DOCS / "action.yml").read_text())
    return [step for step in action["runs"]["steps"] if "finopsmetrics " in step.get("run", "")]


class Runner:
    """What GitHub gives a step: an environment, and files to write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output, self.summary = folder / "output", folder / "summary"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        files = {"RUNNER_TEMP": folder, "GITHUB_OUTPUT": self.output, "GITHUB_STEP_SUMMARY": self.summary}
        own = {"FINOPSMETRICS_HOME": folder / "home", "FILES": "finopsmetrics.yaml", "PATH": path}
        self.env = {**os.environ, **{name: str(value) for name, value in {**files, **own}.items()}}
        self.env["FINOPSMETRICS_STATE_URL"] = f"sqlite:///{folder / 'state.db'}"

    def __call__(self, script: str) -> int:
        bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(bash, cwd=self.folder, env=self.env, check=False, capture_output=True, timeout=120).returncode


def test_the_action_validates_plans_and_applies(tmp_path: Path) -> None:
    validate, plan, apply = (step["run"] for step in steps())
    run = Runner(tmp_path)
    (tmp_path / "home").mkdir()
    for text, lines in ((FIRST, '+ Team "old-team" will be created'), (SECOND, '- Team "old-team" will be deleted')):
        (tmp_path / "finopsmetrics.yaml").write_text(text)
        run.output.write_text("")
        assert run(validate) == run(plan) == 0
        assert run.output.read_text() == "changes=true\n"
        assert lines in run.summary.read_text()
        assert run(apply) == 0
        assert run(plan) == 0
        assert run.output.read_text() == "changes=true\nchanges=false\n"
    assert run(apply) == 0  # nothing is left of that plan
    (tmp_path / "finopsmetrics.yaml").write_text("teams: 1\n")
    assert run(validate) == run(plan) == 1


def test_the_hook_checks_the_files_that_it_names() -> None:
    [hook] = yaml.safe_load((DOCS / "pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "finopsmetrics validate"
    wanted = re.compile(hook["files"])
    assert all(wanted.search(name) for name in ("finopsmetrics.yaml", "a/finopsmetrics.yml", "finops/teams/ml.yaml"))
    assert not any(wanted.search(name) for name in ("other.yaml", "finopsmetrics.yaml.bak", "src/finops/x.yaml"))
    assert yaml.safe_load((DOCS / "workflow.yml").read_text())["jobs"]["finops"]["steps"][1]["with"]["files"] == "finops"
