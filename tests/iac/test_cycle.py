"""The cycle as people and CI run it: validate → plan → apply → plan is empty → edit → drift, by the command."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.console import Said, finopsmetrics, inside

FIRST = """\
teams:
  - name: ml-training
    budget_monthly: 50000
    lead: maya@company.com
  - name: old-team
roles:
  analyst:
    permissions: [costs:read]
"""
SECOND = """\
teams:
  - name: ml-inference
  - name: ml-training
    budget_monthly: 60000.50
    groups: [ml, data]
roles:
  analyst:
    permissions: [costs:read]
"""


class Desk:
    """A home and a folder of files."""

    def __init__(self, folder: Path) -> None:
        self.home, self.file = folder / "home", folder / "finopsmetrics.yaml"

    def __call__(self, verb: str, *words: str | Path, code: int = 0) -> Said:
        said = inside(verb, *words, home=self.home)
        assert said.code == code, (said.text, said.err)
        return said

    def write(self, text: str) -> Path:
        self.file.write_text(text)
        return self.file


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_cycle(desk: Desk) -> None:
    file = desk.write(FIRST)
    assert desk("validate", file).text == "✓ 3 specs in 1 file: all valid\n"
    planned = desk("plan", file, code=2)
    assert planned.text.splitlines() == [
        '+ Team "ml-training" will be created',
        '+ Team "old-team" will be created',
        '+ Role "analyst" will be created',
    ]
    assert desk("apply", file).text.splitlines() == [
        '✓ Team "ml-training" created',
        '✓ Team "old-team" created',
        '✓ Role "analyst" created',
    ]
    assert desk("plan", file).text == "No changes: everything is as declared.\n"
    assert desk("apply", file).text == "Nothing to do: everything is as declared.\n"
    assert desk("drift").text == desk("drift", file).text == "✓ All resources match configuration\n"

    desk.write(SECOND)
    assert desk("plan", file, code=2).text.splitlines() == [
        '+ Team "ml-inference" will be created',
        '~ Team "ml-training" will be updated',
        "    - lead: maya@company.com",
        "    budget_monthly: 50000 → 60000.5",
        '    + groups: ["ml", "data"]',
        '- Team "old-team" will be deleted',
    ]
    assert desk("apply", file).text.splitlines() == [
        '✓ Team "ml-inference" created',
        '✓ Team "ml-training" updated',
        '✓ Team "old-team" deleted',
    ]
    assert desk("plan", file).code == 0
    assert desk("get", "team", "old-team", code=1).err.startswith("Error: There is no team 'old-team'.")


def test_what_is_changed_outside_is_drift_and_is_planned_back(desk: Desk) -> None:
    file = desk.write(FIRST)
    desk("apply", file)
    outside = "origin: elsewhere\nteams: [{name: ml-training, budget_monthly: 1, lead: x}]\n"
    desk.write(outside)
    desk("apply", file, "--take-over")
    desk.write(FIRST)
    desk("apply", file, "--take-over")
    edit(desk, "ml-training", budget_monthly="70000")
    desk("delete", "role", "analyst")
    assert desk("drift", code=2).text.splitlines() == [
        '⚠️ Role "analyst" deleted outside of IaC',
        '⚠️ Team "ml-training" modified outside of IaC (budget_monthly changed)',
        "✓ All other resources match configuration",
    ]
    told = desk("drift", file, "--format", "json", code=2).json
    assert (told["matching"], len(told["drift"])) == (1, 2)
    assert told["drift"][1]["fields"] == [{"path": "budget_monthly", "before": "50000", "after": "70000"}]
    assert told["drift"][1]["changed_by"] == "owner"
    assert desk("plan", file, code=2).text.splitlines() == [
        '~ Team "ml-training" will be updated',
        "    budget_monthly: 70000 → 50000",
        "    changed outside of IaC: budget_monthly",
        '+ Role "analyst" will be created',
        "    changed outside of IaC: deleted",
    ]
    desk("apply", file)
    assert (desk("drift").code, desk("plan", file).code) == (0, 0)


def edit(desk: Desk, name: str, **changed: str) -> None:
    """Change a team as another face would."""
    from finopsmetrics.iam.principal import OWNER
    from finopsmetrics.runtime.acting import Acting
    from finopsmetrics.runtime.workspace import Workspace

    with Workspace(desk.home) as workspace:
        specs = Acting(workspace, OWNER).specs
        specs.put("team", name, {**specs.get("team", name).body, **changed})


def test_an_outside_change_that_the_file_takes_up_is_recorded(desk: Desk) -> None:
    file = desk.write("teams: [{name: ml, lead: a}]\n")
    desk("apply", file)
    edit(desk, "ml", lead="b")
    desk.write("teams: [{name: ml, lead: b}]\n")
    assert desk("plan", file, code=2).text == '= Team "ml" is as declared; these files will own it\n'
    desk("drift", code=2)
    assert desk("apply", file).text == '✓ Team "ml" adopted\n'
    assert (desk("drift").code, desk("plan", file).code) == (0, 0)
    assert [one["version"] for one in desk("history", "team", "ml", "--format", "json").json] == [2, 1]


def test_a_plan_is_written_down_applied_and_refused_when_stale(desk: Desk, tmp_path: Path) -> None:
    file, out = desk.write(FIRST), tmp_path / "plan.json"
    told = desk("plan", file, "--out", out, "--format", "json", code=2).json
    assert told == json.loads(out.read_text())
    assert told["summary"] == {"create": 3, "update": 0, "delete": 0, "adopt": 0, "forget": 0}
    file.unlink()
    assert desk("apply", out).text.count("created") == 3
    again = desk("apply", out, code=1)
    assert "stale" in again.err

    desk.write(SECOND)
    hashed = desk("plan", file, "--format", "json", code=2).json["hash"]
    edit(desk, "ml-training", lead="somebody else")
    assert "stale" in desk("apply", file, "--plan-hash", hashed, code=1).err
    assert desk("get", "team", "old-team").code == 0
    fresh = desk("plan", file, "--format", "json", code=2).json["hash"]
    assert fresh != hashed
    done = desk("apply", file, "--plan-hash", fresh, "--format", "json").json
    assert (done["hash"], done["summary"]["delete"]) == (fresh, 1)
    edited = desk.write(SECOND + "  second:\n    permissions: [costs:read]\n")
    assert "stale" in desk("apply", edited, "--plan-hash", fresh, code=1).err


@pytest.mark.parametrize("text", ["{", "[]", '{"finopsmetrics_plan": 2}', '{"finopsmetrics_plan": 1}', "\x00"])
def test_what_is_no_plan_is_told(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert "is no" in desk("apply", tmp_path / "plan.json", code=2).err


def test_errors_never_look_like_changes(desk: Desk, tmp_path: Path) -> None:
    for verb in ("plan", "drift"):
        assert desk(verb, tmp_path / "absent.yaml", code=1).err.startswith("Error: There is no file")
        assert desk(verb, desk.write("teams: 1"), code=1).err.startswith("Error: 1 error found")
    assert desk("validate", tmp_path / "absent.yaml", code=1).err.startswith("Error: There is no file")


def test_what_other_files_declare_is_refused_unless_taken_over(desk: Desk, tmp_path: Path) -> None:
    desk("apply", desk.write("origin: one\nteams: [{name: ml, lead: a}, {name: web}]\n"))
    other = tmp_path / "other.yaml"
    other.write_text("origin: two\nteams: [{name: ml, lead: b}]\n")
    for verb in ("plan", "apply"):
        refused = desk(verb, other, code=1).err
        assert "team 'ml' by one" in refused
        assert "--take-over" in refused
    assert desk("plan", other, "--take-over", code=2).text.splitlines() == [
        '~ Team "ml" will be updated',
        "    lead: a → b",
        "    taken over from one",
    ]
    desk("apply", other, "--take-over")
    assert desk("plan", other).code == 0
    assert "team 'ml' by two" in desk("plan", desk.file, code=1).err
    desk.write("origin: one\nteams: [{name: web}]\n")
    assert desk("plan", desk.file).code == 0  # what two took is not deleted by one
    empty = desk.write("origin: one\n")
    assert desk("plan", empty, code=2).text == '- Team "web" will be deleted\n'


def test_several_files_and_folders_are_one_plan(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "finops"
    (folder / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "a.yaml").write_text("teams: [{name: a}]\n")
    (folder / "deep" / "b.yml").write_text("teams: [{name: b}]\n")
    (folder / ".hidden" / "c.yaml").write_text("nonsense: [")
    (folder / "notes.txt").write_text("nonsense: [")
    single = desk.write("teams: [{name: c}]\n")
    desk("apply", folder, single)
    listed = desk("get", "teams", "--format", "json").json
    assert {one["name"]: one["origin"] for one in listed} == {"a": str(folder), "b": str(folder), "c": str(single)}
    (folder / "a.yaml").write_text("")
    desk.write("teams: [{name: c}, {name: a}]\n")
    assert desk("plan", folder, single, code=2).text.splitlines() == [
        '= Team "a" is as declared; these files will own it',
        f"    taken over from {folder}",
    ]  # moved from one file to another of the same plan: nothing is deleted
    desk("apply", folder, single)
    assert {one["name"] for one in desk("get", "teams", "--format", "json").json} == {"a", "b", "c"}
    assert desk("plan", folder, single).code == 0


def test_a_deleted_spec_that_no_file_wants_is_forgotten(desk: Desk) -> None:
    file = desk.write("teams: [{name: ml}]\n")
    desk("apply", file)
    desk("delete", "team", "ml")
    desk.write("")
    assert desk("plan", file, code=2).text == '= Team "ml" is gone already; these files will forget it\n'
    desk("apply", file)
    assert (desk("drift").code, desk("plan", file).code) == (0, 0)


def test_import_writes_what_is_there_and_apply_takes_it_over(desk: Desk, tmp_path: Path) -> None:
    desk("apply", desk.write(FIRST))
    desk("delete", "team", "old-team")
    file = tmp_path / "imported.yaml"
    assert desk("import", "teams", "ml-training").text == FIRST.split("  - name: old", maxsplit=1)[0].replace(
        "    budget_monthly: 50000\n    lead: maya@company.com\n", "    lead: maya@company.com\n    budget_monthly: 50000\n"
    )
    desk("import", "team", "--all", "--output", file)
    assert "is not there yet" in desk("import", "team", "--all", "--output", file, code=2).err
    assert "--all" in desk("import", "team", code=2).err
    desk.write("")
    assert (
        desk("plan", file, "--take-over", code=2).text.splitlines()[0]
        == '= Team "ml-training" is as declared; these files will own it'
    )
    desk("apply", file, "--take-over")
    assert desk("plan", file).code == 0


def test_specs_are_got_told_and_deleted_by_name(desk: Desk) -> None:
    desk("apply", desk.write(FIRST))
    assert "ml-training" in desk("get", "teams").text
    assert "ml-training" not in desk("get", "teams", "--contains", "old").text
    one = desk("get", "team", "ml-training", "--format", "json").json
    assert (one["version"], one["spec"]["budget_monthly"]) == (1, "50000")
    assert "did you mean" in desk("get", "teems", code=1).err.lower()
    assert "version 1" in desk("delete", "team", "ml-training", "--version", "2", code=1).err
    edit(desk, "ml-training", budget_monthly="7")
    assert "budget_monthly: 50000 → 7" in desk("history", "team", "ml-training").text
    assert {one["kind"]: one["plural"] for one in desk("kinds", "--format", "json").json}["team"] == "teams"
    assert "saas_subscriptions" in desk("kinds").text
    assert "budget_monthly: 50000" in desk("kinds", "team").text
    assert desk("kinds", "team", "--format", "json").json["schema"]["properties"]["budget_monthly"]


def test_validate_tells_everything_at_once(desk: Desk, tmp_path: Path) -> None:
    file = desk.write("teams:\n  - name: ml\n    budgt_monthly: 1\n  - lead: x\nteems: []\nroles:\n  r: {permissions: [1]}\n")
    other = tmp_path / "other.yaml"
    other.write_text("teams: [{name: ml}]\nteams: []\n")
    said = desk("validate", file, other, code=1)
    assert said.err.startswith("Error: 5 errors found; nothing was changed.\n")
    for start in (f"{file}:3:5: teams[0].budgt_monthly: there is no field", f"{file}:4:5: teams[1]: ", f"{file}:5:1: teems: "):
        assert f"\n{start}" in said.err
    assert f"\n{file}:7:21: roles.r.permissions[0]: " in said.err
    assert f"\n{other}:2:1: teams: this key is given twice. It stands on line 1" in said.err
    as_json = desk("validate", file, other, "--format", "json", code=1).json
    assert (as_json["valid"], len(as_json["errors"])) == (False, 5)
    assert {"file", "line", "column", "path", "message", "cure"} == set(as_json["errors"][0])
    assert not desk.home.exists()


def test_the_installed_command_in_a_git_clone(tmp_path: Path) -> None:
    clone = tmp_path / "checkout-7"
    (clone / "infra").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", clone], check=True)
    subprocess.run(["git", "-C", clone, "remote", "add", "origin", "git@host.example:team/finops-config.git"], check=True)
    (clone / "infra" / "finopsmetrics.yaml").write_text(FIRST)
    said = finopsmetrics("plan", clone / "infra" / "finopsmetrics.yaml", "--format", "json", home=tmp_path / "home")
    assert (said.code, said.json["origins"]) == (2, ["finops-config/infra/finopsmetrics.yaml"])


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, {"a"}), ("n\n", 1, {"a", "b"})])
def test_a_terminal_is_asked_before_anything_is_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: set[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    desk("apply", desk.write("teams: [{name: a}, {name: b}]\n"))
    desk.write("teams: [{name: a}]\n")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    said = inside("apply", desk.file, home=desk.home)
    assert said.code == code
    assert '- Team "b" will be deleted' in said.text
    assert {one["name"] for one in desk("get", "teams", "--format", "json").json} == left
    monkeypatch.setattr("sys.stdin", Terminal(""))  # nobody answers: --yes does not ask, nor does what deletes nothing
    assert desk("apply", desk.file, "--yes").code == 0
    assert desk("apply", desk.file).code == 0
