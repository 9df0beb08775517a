"""Charts by command: a cost question or a widget becomes a file, of what the asker may see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finopsmetrics.cli.desk import TOKEN
from finopsmetrics.iam.manager import IAMManager
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.runtime.workspace import Workspace
from tests.cli.conftest import Asked
from tests.cli.console import inside
from tests.store.bills import charge, write_csv

ALL = ("--range", "all", "--currency", "USD")


def spec(asked: Asked, folder: Path, *how: str) -> dict[str, object]:
    said = inside("chart", *how, *ALL, "--save", str(folder / "chart.json"), home=asked.home)
    assert said.code == 0, said.err
    found: dict[str, object] = json.loads((folder / "chart.json").read_text())
    return found


@pytest.mark.parametrize("sort", ["line", "area", "stacked_bar", "heatmap", "bar", "treemap", "donut", "table"])
def test_a_cost_question_is_drawn(asked: Asked, tmp_path: Path, sort: str) -> None:
    found = spec(asked, tmp_path, sort, "--group-by", "service")
    assert found["chart"] == sort
    assert "10.000000000000000001" in json.dumps(found["rows"])
    assert "EUR" not in json.dumps(found["rows"])


def test_two_groups_flow(asked: Asked, tmp_path: Path) -> None:
    assert spec(asked, tmp_path, "sankey", "--group-by", "account,service")["path"] == ["account", "service"]


def test_the_file_is_what_its_name_says(asked: Asked, tmp_path: Path) -> None:
    for suffix, begin in {"svg": b"<svg ", "png": b"\x89PNG", "pdf": b"%PDF-", "html": b"<!doctype"}.items():
        path = tmp_path / f"costs.{suffix}"
        said = inside("chart", "bar", "--group-by", "service", *ALL, "--theme", "dark", "--save", str(path), home=asked.home)
        assert said.err == f"wrote {path}\n"
        assert path.read_bytes().startswith(begin)


def test_a_widget_is_drawn_with_its_words(asked: Asked, tmp_path: Path) -> None:
    found = spec(asked, tmp_path, "--widget", "cost_by", "--set", "group_by=service", "--title", "Mine")
    assert found["title"] == "Mine"
    assert "Compute" in str(found["sentence"])
    assert "10.00 USD" in str(found["sentence"])


@pytest.mark.parametrize(
    ("how", "code", "told"),
    [
        ((), 2, "Say what to draw."),
        (("bar",), 2, "A bar needs 1 of --group-by, not 0."),
        (("sankey", "--group-by", "service"), 2, "A sankey needs 2"),
        (("bar", "--group-by", "service", "--range", "all"), 2, "The charges are in EUR, USD. Choose one: --currency EUR."),
        (("--widget", "nope"), 2, "There is no widget 'nope' here."),
        (("--widget", "text", "--set", "markdown=hi"), 2, "Text has nothing to draw."),
        (("--widget", "kpi", "--set", "what"), 2, "'what' is no setting."),
        (("table", *ALL, "--size", "3"), 2, "The size '3' cannot be read. Write it as 900x360."),
        (("table", *ALL, "--save", "chart.gif"), 2, "not saved as '.gif'"),
    ],
)
def test_what_cannot_be_drawn_is_said(asked: Asked, how: tuple[str, ...], code: int, told: str) -> None:
    said = inside("chart", *how, home=asked.home)
    assert said.code == code
    assert told in said.err


def test_only_what_the_asker_may_see_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    bill = write_csv(tmp_path / "b.csv", [charge("7", Tags='{"team":"red"}'), charge("9", "Hidden", Tags='{"team":"blue"}')])
    assert inside("ingest", bill, home=home).code == 0
    with Workspace(home) as workspace:
        token = IAMManager(workspace.opened).tokens.create("lead", roles=["team_lead"], teams=["red"], by=OWNER)[1]
    monkeypatch.setenv(TOKEN, token)
    path = tmp_path / "chart.svg"
    assert inside("chart", "bar", "--group-by", "service", *ALL, "--save", str(path), home=home).code == 0
    assert "Compute" in path.read_text()
    assert "Hidden" not in path.read_text()
