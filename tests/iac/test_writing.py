"""What is imported loads back equal, for every kind and for odd texts; differences and origins read well."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.spec import SpecError
from finopsmetrics.iac.checked import checked
from finopsmetrics.iac.differences import field_changes
from finopsmetrics.iac.loading import load
from finopsmetrics.iac.origin import origin_of
from finopsmetrics.iac.writing import to_yaml
from finopsmetrics.kinds import KINDS

anything = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "1e3",
        "0o17",
        "0x1F",
        "yes",
        "null",
        "~",
        "",
        "<<",
        "=",
        "1_000",
        "010",
        "2026-01-01",
        ".5",
        "a: b",
        "# x",
        "- y",
        "a\n b\n",
        "x\n\n",
    ]
)
numbers = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none()
free = st.recursive(
    texts | numbers, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def back(tmp_path: Path, text: str) -> dict[tuple[str, str], Any]:
    file = tmp_path / "written.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    return {(one.kind, one.name): dict(one.body) for one in load([file]).wanted}


def test_the_examples_of_all_kinds_load_back_equal(tmp_path: Path) -> None:
    made = [spec.read(spec.example) for spec in KINDS.values()]
    assert back(tmp_path, to_yaml(made)) == {(one.kind, one.name): one.plain() for one in made}
    assert "budget_monthly: 50000\n" in to_yaml([KINDS["team"].read(KINDS["team"].example)])


@anything
@given(texts, texts, st.decimals("0.000000000000000001", "999999999999", places=18, allow_nan=False))
def test_odd_texts_and_exact_amounts_load_back_equal(tmp_path: Path, name: str, told: str, amount: Any) -> None:
    try:
        made = checked("team", {"name": name, "description": told, "lead": told or None, "budget_monthly": amount})
    except SpecError:
        return
    assert back(tmp_path, to_yaml([made])) == {("team", name): made.plain()}


@anything
@given(st.dictionaries(texts, free, max_size=3))
def test_free_fields_load_back_equal(tmp_path: Path, config: dict[str, Any]) -> None:
    widget = {"type": "cost_trend", "config": config}
    try:
        made = checked("dashboard", {"name": "d", "widgets": [widget]})
    except SpecError:
        return
    assert back(tmp_path, to_yaml([made])) == {("dashboard", "d"): made.plain()}


def test_differences_are_told_at_the_least_field() -> None:
    before = {"a": 1, "gone": [1], "parts": [{"x": 1, "y": 2}, {"x": 3}], "words": ["a"], "same": {"k": [1]}, "t": "x"}
    after = {"a": True, "parts": [{"x": 1, "y": 9}], "words": ["a", "b"], "same": {"k": [1]}, "t": " x", "new": None}
    assert [str(one) for one in field_changes(before, after)] == [
        "a: 1 → true",
        "- gone: [1]",
        "parts[0].y: 2 → 9",
        '- parts[1]: {"x": 3}',
        'words: ["a"] → ["a", "b"]',
        't: x → " x"',
        "+ new: null",
    ]
    assert field_changes(before, dict(reversed(before.items()))) == []
    assert [one.as_dict() for one in field_changes({"n": None}, {})] == [{"path": "n", "before": None}]
    assert len(str(field_changes({}, {"long": "x" * 5_000})[0])) < 300


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://git.example/team/finops.git", "finops"),
        ("git@git.example:finops.git", "finops"),
        ("/srv/git/finops/", "finops"),
        (None, "clone"),
    ],
)
def test_an_origin_is_the_same_in_every_clone(tmp_path: Path, remote: str | None, name: str) -> None:
    clone = tmp_path / "clone"
    (clone / "deep").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", clone], check=True)
    if remote:
        subprocess.run(["git", "-C", clone, "remote", "add", "origin", remote], check=True)
    file = clone / "deep" / "f.yaml"
    file.write_text("")
    assert origin_of(file) == f"{name}/deep/f.yaml"
    assert origin_of(clone / "deep") == f"{name}/deep"
    assert origin_of(clone) == name


def test_the_origin_in_a_worktree_is_that_of_the_repository(tmp_path: Path) -> None:
    main, other = tmp_path / "main", tmp_path / "other"
    git = ["git", "-C", str(main), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", main], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://git.example/finops.git"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", other], check=True, capture_output=True)
    (other / "f.yaml").write_text("")
    assert origin_of(other / "f.yaml") == "finops/f.yaml"


def test_outside_of_git_an_origin_is_the_path_and_files_may_say_theirs(tmp_path: Path) -> None:
    file, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("teams: []\n")
    assert load([file]).origins == {str(file)}
    assert load([file], origin="named").origins == {"named"}
    file.write_text("origin: said\n")
    second.write_text("")
    assert load([tmp_path]).origins == load([file]).origins == {"said"}
    second.write_text("origin: otherwise\n")
    with pytest.raises(Exception, match="another file of the same set says 'said'"):
        load([tmp_path])
    for wrong in ("''", "1", "[a]", "x" * 401):
        file.write_text(f"origin: {wrong}\n")
        with pytest.raises(Exception, match="an origin is a text of 1 to 400 letters"):
            load([file])
    with pytest.raises(Exception, match="The origin"):
        load([second], origin="x" * 401)


def test_what_is_declared_twice_is_told_with_both_places(tmp_path: Path) -> None:
    one, two = tmp_path / "a.yaml", tmp_path / "b.yaml"
    one.write_text("teams:\n  - name: ml\n")
    two.write_text("teams:\n  - {name: web}\n  - {name: ml}\n")
    with pytest.raises(Exception, match=rf"{two}:3:5: the team 'ml' is declared twice. It stands at {one}:2:5 already"):
        load([one, two])
