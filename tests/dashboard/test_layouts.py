"""Layouts: built-in ones for every role, a place for every widget, and whose home is which."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.errors import NotFoundError
from finopsmetrics.dashboard.dashboard_builder import arranged, columns_of, home_of, layouts, shared_with
from finopsmetrics.dashboard.widgets import WIDGETS
from finopsmetrics.iam.grants import built_in
from finopsmetrics.iam.principal import OWNER, Principal
from finopsmetrics.kinds.dashboard import Dashboard
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.dashboards import Dashboards
from finopsmetrics.runtime.layouts import Layouts
from finopsmetrics.runtime.workspace import Workspace
from tests.cli.console import inside

FIXTURES = Path(__file__).parents[1] / "fixtures" / "roadmap"
ROLES = ["cfo", "coo", "infrastructure_leader", "finance_analyst", "engineer", "business_lead", "team_lead"]
SPANS = st.tuples(st.integers(1, 4), st.integers(1, 3))


def dashboard(name: str = "x", **more: object) -> Dashboard:
    return Dashboard.read({"name": name, "widgets": [{"type": "kpi"}], **more})


def someone(*roles: str, name: str = "ann", teams: tuple[str, ...] = ()) -> Principal:
    held = frozenset().union(*(frozenset(built_in()[role].permissions) for role in roles if role in built_in()))
    kinds = {"dashboard:read"} if "kinds:read" in held else set()
    return Principal(name, "person", frozenset(held | kinds), roles=roles, teams=teams)


@pytest.mark.parametrize("name", sorted(layouts()))
def test_every_layout_is_all_there_on_the_demo_estate(demo: Workspace, name: str) -> None:
    acting = Acting(demo, OWNER)
    layout = Layouts(acting).one(name)
    drawn = list(Dashboards(acting).show(layout.asked(), layout.frame()))
    assert [(one.type, one.state, one.sentence) for one in drawn if one.state != "ok"] == []
    assert {widget.type for widget in layout.widgets} <= set(WIDGETS)
    rows = max(widget.position[1] + widget.size[1] for widget in layout.widgets)
    assert layout.spec.layout == f"{layout.columns}x{rows}_grid"
    taken = sum(widget.size[0] * widget.size[1] for widget in layout.widgets)
    assert taken == layout.columns * rows or name == "custom_template", "a layout leaves no hole"
    assert name == "custom_template" or 8 <= len(layout.widgets) <= 10


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_all_of_its_own_home(demo: Workspace, role: str) -> None:
    from finopsmetrics.iam.permissions import expanded

    principal = Principal("x", "person", expanded(frozenset(built_in()[role].permissions)), roles=(role,))
    layout = Layouts(Acting(demo, principal)).home()
    assert layout.spec.role == role
    needs = {need for widget in layout.widgets for need in WIDGETS[widget.type].needs}
    assert [need for need in needs if not principal.may(need)] == []
    assert role != "team_lead" or not any(WIDGETS[widget.type].all_charges for widget in layout.widgets)


def test_homes() -> None:
    assert [home_of([role], []) for role in ROLES] == [f"{role}_default" for role in ROLES]
    assert home_of(["admin"], []) == home_of([], [], everything=True) == "infrastructure_leader_default"
    assert home_of(["auditor"], []) == "finance_analyst_default"
    assert home_of(["made_up"], []) == "business_lead_default"
    assert home_of(["made_up"], [], limited=True) == "team_lead_default"
    own = [dashboard("b", role="cfo"), dashboard("a", role="cfo"), dashboard("c", role="made_up")]
    assert home_of(["cfo"], own) == "a"
    assert home_of(["engineer", "made_up"], own) == "c"


@given(
    grid=st.integers(1, 6),
    sizes=st.lists(st.one_of(st.none(), SPANS), min_size=1, max_size=12),
    first=st.tuples(st.integers(0, 5), st.integers(0, 3)),
)
def test_every_widget_has_a_place_of_its_own(grid: int, sizes: list[tuple[int, int] | None], first: tuple[int, int]) -> None:
    fixed = {"type": "kpi", "position": [first[0] % grid, first[1]]}
    widgets = [fixed, *({"type": "forecast", **({"size": list(size)} if size else {})} for size in sizes)]
    spec = Dashboard.read({"name": "x", "layout": f"{grid}x9_grid", "widgets": widgets})
    placed = arranged(spec)
    cells = [
        (column, row)
        for one in placed
        for column in range(one.position[0], one.position[0] + one.size[0])
        for row in range(one.position[1], one.position[1] + one.size[1])
    ]
    assert len(set(cells)) == len(cells)
    assert max(column for column, _ in cells) < grid == columns_of(spec)
    assert placed[0].position == tuple(fixed["position"])
    assert len({one.id for one in placed}) == len(widgets)


def test_a_layout_can_be_named_and_the_grid_grows_with_positions() -> None:
    assert columns_of(dashboard(layout="cfo_default")) == 3
    wide = Dashboard.read({"name": "x", "widgets": [{"type": "kpi", "position": [5, 0], "size": [2, 1]}]})
    assert columns_of(wide) == 7


def test_sharing(workspace: Workspace) -> None:
    owner = Acting(workspace, OWNER)
    owner.specs.put("dashboard", "secret", {"widgets": [{"type": "kpi"}], "shared_with": ["cfo", "Team A", "bob"]})
    for principal, sees in [
        (someone("cfo"), True),
        (someone("coo", teams=("team a",)), True),
        (someone("coo", name="Bob"), True),
        (someone("coo"), False),
        (OWNER, True),
    ]:
        mine = Layouts(Acting(workspace, principal))
        assert ("secret" in {one.spec.name for one in mine.all()}) is sees, principal
        if sees:
            assert mine.one("secret").built_in is False
        else:
            with pytest.raises(NotFoundError):
                mine.one("secret")
    assert shared_with(dashboard(), "anybody", (), ())
    with pytest.raises(NotFoundError):
        Layouts(Acting(workspace, Principal("x", "person", frozenset({"costs:read"})))).one("secret")


def test_a_declared_dashboard_takes_the_place_of_a_built_in_one(workspace: Workspace) -> None:
    acting = Acting(workspace, OWNER)
    assert Layouts(acting).one("cfo_default").built_in
    acting.specs.put("dashboard", "cfo_default", {"role": "cfo", "widgets": [{"type": "kpi", "title": "Mine"}]})
    assert [one.title for one in Layouts(acting).one("cfo_default").widgets] == ["Mine"]
    home = Layouts(Acting(workspace, someone("cfo"))).home()
    assert (home.built_in, home.editable) == (False, True)
    assert Layouts(acting).one("cfo_default").editable
    acting.specs.delete("dashboard", "cfo_default")
    assert Layouts(acting).one("cfo_default").built_in


def test_the_roadmap_sample_goes_through_the_cycle_and_is_shown(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "finopsmetrics.yaml"
    file.write_text((FIXTURES / "2_3_dashboards.yaml").read_text())
    assert inside("validate", file, home=home).code == 0
    assert inside("plan", file, home=home).code == 2
    assert '✓ Dashboard "my_custom_dashboard" created' in inside("apply", file, home=home).text
    assert inside("plan", file, home=home).code == 0
    said = inside("dashboards", "show", "my_custom_dashboard", "--json", home=home)
    body = said.json
    assert [(one["position"], one["size"]) for one in placed_in(home, "my_custom_dashboard")] == [
        ([0, 0], [2, 1]),
        ([2, 0], [1, 2]),
    ]
    assert [(one["type"], one["state"]) for one in body["widgets"]] == [("cost_trend", "empty"), ("recommendations", "failed")]
    assert "There is no widget 'recommendations' here" in body["widgets"][1]["sentence"]
    assert said.code == 1


def placed_in(home: Path, name: str) -> list[dict[str, object]]:
    with Workspace(home) as workspace:
        return [one.as_dict() for one in Layouts(Acting(workspace, OWNER)).one(name).widgets]


def test_the_command_lists_and_shows(demo: Workspace) -> None:
    listed = inside("dashboards", home=demo.home).text
    assert all(name in listed for name in layouts())
    assert {one["name"] for one in inside("widgets", "--json", home=demo.home).json["widgets"]} == set(WIDGETS)
    assert "time_range" in inside("widgets", home=demo.home).text
    shown = inside("dashboards", "show", "custom_template", home=demo.home)
    assert shown.code == 0
    assert "Top movers" in shown.text
    missing = inside("dashboards", "show", "nothing", home=demo.home)
    assert (missing.code, "There is no dashboard" in missing.err) == (1, True)
