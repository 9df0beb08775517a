"""What holds for every widget: its facts, its settings, and how it stands when there is nothing, too little, or too much."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib import util
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import StoreError
from finopsmetrics.dashboard.scaffold import write_scaffold
from finopsmetrics.dashboard.widget import Config, Widget
from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam.permissions import permissions
from finopsmetrics.iam.principal import OWNER
from finopsmetrics.observability.cost_observatory import CostObservatory
from finopsmetrics.observability.memory import AnswerMemory
from finopsmetrics.observability.observability_hub import ObservabilityHub
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.dashboards import Asked, Drawn
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import HIDDEN, LEAD, MARKUP, NOBODY, every, shown

NAMES = sorted(WIDGETS)
FIGURE = re.compile(r"[0-9]")
ALL = [Asked(name, name, {}) for name in NAMES]


def faults(widget: Widget[Any], drawn: Drawn | None) -> list[str]:
    """What a widget lacks to be one."""
    fields = widget.config.model_fields
    found = ["its description is no sentence"] if not widget.description.strip().endswith(".") else []
    found += [f"{name} has no description" for name, field in fields.items() if not field.description]
    found += ["its settings are no Config"] if not issubclass(widget.config, Config) else []
    found += [f"{need} is no permission" for need in widget.needs if need not in permissions()]
    if not (1 <= widget.size[0] <= 3 and 1 <= widget.size[1] <= 4):
        found.append("its size does not fit a grid of three columns")
    if drawn is not None and (drawn.state != "ok" or not drawn.sentence.strip().endswith(".")):
        found.append("it says nothing in a sentence")
    if drawn is not None and widget.name != "text" and not FIGURE.search(drawn.sentence):
        found.append("its sentence tells no figure")
    if drawn is not None and drawn.shown and widget.name != "text" and not (drawn.shown.receipts or drawn.shown.source):
        found.append("nothing says where its figures come from")
    return found


def test_there_are_the_widgets_that_are_promised() -> None:
    assert len(NAMES) >= 18
    assert {"cost_trend", "budget_status", "top_resources"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_widget_is_whole(held: Workspace, demo: Workspace, name: str) -> None:
    widget = WIDGETS[name]
    assert type(widget).__module__.rpartition(".")[2] == widget.name == name
    home, frame = (demo, Frame("30d")) if name in {"forecast", "anomalies", "cloud_prices"} else (held, None)
    drawn = None if name == "plugin" else shown(home, name, frame=frame)  # shown with a plugin in test_plugin.py
    assert faults(widget, drawn) == []
    json.dumps(widget.config.model_json_schema())


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_that_is_not_known_is_named(held: Workspace, name: str) -> None:
    drawn = shown(held, name, {"nonsense": 1})
    assert (drawn.state, drawn.shown) == ("failed", None)
    assert drawn.error is not None
    assert drawn.error.code == "config"
    assert "nonsense" in drawn.error.detail
    assert all(field in drawn.error.cure for field in WIDGETS[name].config.model_fields)


def test_an_empty_home_says_what_to_do(workspace: Workspace) -> None:
    for drawn in every(workspace, ALL):
        if drawn.type == "text":
            continue
        assert drawn.state == "empty", drawn
        assert drawn.shown is not None
        assert drawn.shown.empty
        assert drawn.sentence.endswith(".")


def test_one_that_fails_says_so_and_the_others_are_shown(held: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise StoreError("The disk is gone.", cure="Bring it back.")

    monkeypatch.setattr("finopsmetrics.runtime.widget_asking.memory_of", lambda _: AnswerMemory())
    for method in ("get_costs", "select", "ask", "tag_keys"):
        monkeypatch.setattr(CostObservatory, method, broken)
    monkeypatch.setattr(ObservabilityHub, "ask", broken)
    stands = {drawn.type: drawn for drawn in every(held, ALL)}
    assert stands["text"].state == stands["freshness"].state == "ok"
    for name in set(NAMES) - {"text", "freshness", "reconciliation", "budget_status", "burn_down", "plugin"}:
        drawn = stands[name]
        assert drawn.state == "failed", name
        assert drawn.error is not None
        assert (drawn.error.code, drawn.error.detail, drawn.error.cure) == ("store", "The disk is gone.", "Bring it back.")


def test_what_nobody_foresaw_leaves_no_trace_of_its_inside(held: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret path of a server")

    monkeypatch.setattr(CostObservatory, "get_costs", broken)
    drawn = shown(held, "kpi")
    assert drawn.error is not None
    assert (drawn.state, drawn.error.code) == ("failed", "unforeseen")
    assert "secret" not in json.dumps(drawn.as_dict())


def test_an_unknown_widget_names_those_that_there_are(held: Workspace) -> None:
    first, second = every(held, [Asked("a", "efficiency_score", {}), Asked("b", "kpi", {})])
    assert (first.state, second.state) == ("failed", "ok")
    assert "efficiency_score" in first.sentence
    assert "cost_trend" in first.sentence


def test_whoever_may_not_gets_a_sentence_and_no_row(held: Workspace) -> None:
    for drawn in every(held, ALL, principal=NOBODY):
        assert drawn.state == ("ok" if drawn.type == "text" else "forbidden")
        assert drawn.as_dict()["chart"] is None


def test_a_scope_holds_in_every_widget(held: Workspace, demo: Workspace) -> None:
    assert HIDDEN in json.dumps([one.as_dict() for one in every(held, ALL)])  # and is remembered, for those who may see it
    drawn = every(held, ALL, principal=LEAD)
    told = json.dumps([one.as_dict() for one in drawn])
    assert HIDDEN not in told
    assert MARKUP not in told
    stands = {one.type: one.state for one in drawn}
    assert stands["freshness"] == stands["reconciliation"] == "forbidden"
    assert set(stands.values()) <= {"ok", "empty", "forbidden"}
    whole, mine = (shown(held, "kpi", principal=who).as_dict()["chart"]["rows"][0][2] for who in (OWNER, LEAD))
    assert Decimal(mine) < Decimal(whole)  # nor is the owner's answer given again


def test_odd_names_are_data(held: Workspace) -> None:
    drawn = every(held, [*ALL, Asked("t", "text", {"markdown": MARKUP}), Asked("m", "cost_by", {"group_by": "tags.team"})])
    for one in drawn:
        body = one.as_dict()
        assert json.loads(json.dumps(body)) == body
        assert all(link is None or link.startswith("/") for link in (body["chart"] or {"links": []})["links"])
    names = {row[0] for row in next(one for one in drawn if one.type == "cost_by").as_dict()["chart"]["rows"]}
    assert MARKUP in names


@pytest.mark.parametrize("name", NAMES)
def test_every_amount_is_exact_decimal_text(held: Workspace, name: str) -> None:
    chart = shown(held, name).as_dict()["chart"] or {"columns": [], "rows": []}
    for place, column in enumerate(chart["columns"]):
        for row in chart["rows"]:
            cell = row[place]
            if column["type"] in {"money", "share"} and cell is not None:
                assert isinstance(cell, str)
                assert f"{Decimal(cell):f}" == cell


DRILLS: list[tuple[str, dict[str, Any]]] = [
    ("cost_by", {}),
    ("cost_by", {"group_by": "tags.team", "chart": "treemap"}),
    ("cost_by", {"group_by": ["service", "SubAccountId"], "chart": "heatmap", "top": 3}),
    ("cost_trend", {"group_by": "service", "top": 2}),
    ("cost_trend", {"grain": "week"}),
    ("top_resources", {"limit": 3}),
    ("cross_cloud", {}),
    ("unallocated_cost", {"keys": ["app"]}),
    ("cost_flow", {}),
]


@pytest.mark.parametrize(("name", "config"), DRILLS, ids=str)
def test_a_click_leads_to_the_charges_behind_the_figure(held: Workspace, name: str, config: dict[str, Any]) -> None:
    chart = shown(held, name, config).as_dict()["chart"]
    place = next(number for number, column in enumerate(chart["columns"]) if column["name"] == "cost")
    followed = 0
    for row, link in zip(chart["rows"], chart["links"], strict=True):
        if link is None:
            continue
        asked = {key: value[0] for key, value in parse_qs(urlsplit(link).query).items()}
        where = Condition.parse(asked["filter"]) if "filter" in asked else None
        answer = Acting(held, OWNER).costs.get_costs(filters=where, time_range=asked["range"])
        assert answer.total["USD"].amount == Decimal(row[place]), link
        followed += 1
    assert followed > 2


def test_a_scaffold_is_refused_until_it_is_real(held: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write_scaffold("my_idea", tmp_path, tmp_path)
    assert [file.name for file in files] == ["my_idea.py", "test_my_idea.py"]
    spec = util.spec_from_file_location("my_idea", files[0])
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.MyIdea()
    monkeypatch.setattr("finopsmetrics.runtime.dashboards.WIDGETS", {"my_idea": made})
    found = faults(made, shown(held, "my_idea"))
    assert found == ["its description is no sentence", "it says nothing in a sentence", "its sentence tells no figure"]
    with pytest.raises(Exception, match="is there already"):
        write_scaffold("my_idea", tmp_path, None)
    with pytest.raises(Exception, match="no name of a widget"):
        write_scaffold("../up", tmp_path, None)


def test_many_resources_are_named_in_batches(demo: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    config, frame = {"limit": 200}, Frame("60d")
    whole = shown(demo, "top_resources", config, frame).as_dict()
    monkeypatch.setattr("finopsmetrics.dashboard.widgets.top_resources.LONGEST", 200)
    assert shown(demo, "top_resources", config, frame).as_dict() == whole
    rows = whole["chart"]["rows"]
    assert sum(len(row[4]) for row in rows) > 2_000
    assert sum(row[0] != row[4] for row in rows) > 30
