"""The verbs and the API: the same answers as from Python, within the asker's scope; declared forecasts and scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from finopsmetrics.core.conditions import Condition
from finopsmetrics.core.errors import NotFoundError, UsageError
from finopsmetrics.iam.principal import OWNER, ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.foreseeing import Foreseeing
from finopsmetrics.runtime.workspace import Workspace
from tests.cli.console import inside
from tests.forecasting.made import filled
from tests.iam.conftest import client_of

CHANGES = [{"service": "ml-training", "change": "+50%"}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with declared forecasts and scenarios, closed."""
    folder = tmp_path_factory.mktemp("faces")
    with filled(folder) as workspace:
        specs = Acting(workspace, OWNER).specs
        blue = {"horizon": "3m", "condition": 'tags.team == "blue"', "grain": "month", "confidence_interval": 0.9}
        specs.put("forecast", "blue", blue)
        specs.put("forecast", "off", {"horizon": "3m", "enabled": False})
        specs.put("forecast", "tuned", {"horizon": "3m", "settings": {"alpha": 0.1}})
        specs.put("scenario", "more", {"horizon": "3m", "changes": CHANGES})
        blues = {"condition": 'tags.team == "blue"', "change": "-10%"}
        specs.put("scenario", "less blue", {"horizon": "3m", "forecast": "blue", "changes": [blues]})
    return folder / "home"


@pytest.fixture(scope="module")
def workspace(home: Path) -> Iterator[Workspace]:
    from tests.forecasting.made import NOW

    with Workspace(home, now=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(workspace: Workspace) -> Iterator[httpx.Client]:
    yield from _client(workspace)


def _client(workspace: Workspace) -> Iterator[httpx.Client]:
    with client_of(workspace) as made:
        yield made


def test_http_tells_what_python_tells(client: httpx.Client, workspace: Workspace) -> None:
    told = client.get("/api/v1/forecast", params={"horizon": "3m", "group_by": "service", "variable": "user_growth=10%"}).json()
    made = workspace.costs.forecast("3m", {"user_growth": "10%"}, group_by="service")
    assert told["expected"] == f"{made.expected:f}"
    assert sum(Decimal(row["expected"]) for row in told["rows"]) == made.expected
    assert [step["name"] for step in told["steps"]] == ["goes on as it is", "user_growth"]
    assert client.get(f"/api/v1/receipts/{told['receipts'][0]}").status_code == 200


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"horizon": "soon"}, 422),
        ({"variable": "x"}, 400),
        ({"variable": "x=1"}, 400),
        ({"grain": "hour"}, 422),
        ({"filter": "((("}, 400),
    ],
)
def test_http_refuses_what_cannot_be_told(client: httpx.Client, params: dict[str, str], status: int) -> None:
    answer = client.get("/api/v1/forecast", params=params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_declared_forecasts_are_made_when_asked(client: httpx.Client, workspace: Workspace) -> None:
    told = client.get("/api/v1/forecasts/blue/result").json()
    made = workspace.costs.forecast("3m", filters='tags.team == "blue"', confidence_interval=0.9)
    assert (told["expected"], told["confidence"]) == (f"{made.expected:f}", 0.9)
    assert client.get("/api/v1/forecasts/nobody/result").status_code == 404
    for name, why in (("off", "disabled"), ("tuned", "settings")):
        answer = client.get(f"/api/v1/forecasts/{name}/result")
        assert answer.status_code == 400
        assert why in answer.text


def test_what_if_over_http(client: httpx.Client) -> None:
    scenario = {"horizon": "3m", "changes": CHANGES}
    told = client.post("/api/v1/whatif", json={"scenario": scenario}).json()
    assert Decimal(told["total_cost"]) - Decimal(told["baseline"]) == Decimal(told["steps"][0]["amount"]) > 0
    assert told == client.get("/api/v1/scenarios/more/result").json() | {"name": "what if"}
    replay = client.post("/api/v1/whatif", json={"scenario": scenario, "replay": True}).json()
    assert len(replay["rows"]) == 12
    assert Decimal(replay["steps"][0]["amount"]) == 365 * Decimal("27.5")
    assert client.post("/api/v1/whatif", json={"scenario": {"changes": [{"service": "no", "change": "+5%"}]}}).status_code == 400
    assert client.post("/api/v1/whatif", json={"scenario": {"changes": []}}).status_code == 400


def test_a_scenario_starts_from_its_forecast(client: httpx.Client) -> None:
    told = client.get("/api/v1/scenarios/less blue/result").json()
    blue = client.get("/api/v1/forecasts/blue/result").json()
    assert told["baseline"] == blue["expected"]
    assert Decimal(told["savings"]) / Decimal(told["baseline"]) == pytest.approx(Decimal("0.1"), rel=Decimal("0.001"))


def person(name: str, *permissions: str, scope: Condition | None = None) -> Principal:
    return Principal(name=name, sort="user", permissions=frozenset(permissions), scope=scope)


def test_a_scope_holds_for_every_answer(workspace: Workspace) -> None:
    scope = Condition.parse('tags.team == "blue"')
    mine = Foreseeing(Acting(workspace, person("ann", "costs:read", "scenario:read", scope=scope)))
    made = mine.forecast("3m")
    assert made.expected == workspace.costs.forecast("3m", filters=scope).expected
    with pytest.raises(UsageError, match="No charge is touched"):
        mine.what_if(mine.scenario("more"))
    replay = mine.replay(mine.made({"name": "x", "horizon": "3m", "changes": [{"service": "ec2", "change": "removal"}]}))
    assert (replay.baseline, replay.total_cost) == (365 * 11, 0)
    assert replay.steps[0].rows == 365
    with pytest.raises(ForbiddenError):
        mine.declared("blue")
    with pytest.raises(ForbiddenError):
        Foreseeing(Acting(workspace, person("bob", "scenario:read"))).forecast("3m")
    with pytest.raises(NotFoundError):
        mine.scenario("nobody")


def said(home: Path, *words: str) -> Any:
    return inside(*words, home=home)


def test_the_verb_forecasts(home: Path) -> None:
    told = said(home, "forecast", "--horizon", "3m", "--var", "user_growth=0.1", "--group-by", "service", "--format", "json").json
    assert sum(Decimal(row["expected"]) for row in told["rows"]) == Decimal(told["expected"])
    shown = said(home, "forecast", "blue")
    assert shown.code == 0
    assert "Total" in shown.text
    assert "days were off by" in shown.err
    assert said(home, "forecast", "--horizon", "3m", "--confidence", "none", "--format", "csv").text.startswith(
        "start,end,currency"
    )
    for words in (("--var", "x"), ("--horizon", "x"), ("nobody",)):
        assert said(home, "forecast", *words).code != 0


def test_the_verb_says_what_if(home: Path) -> None:
    told = said(home, "whatif", "--change", "ml-training:+50%", "--horizon", "3m", "--format", "json").json
    assert Decimal(told["steps"][0]["amount"]) == -Decimal(told["savings"]) > 0
    shown = said(home, "whatif", "--change", "ec2:ri_conversion:coverage=0.9", "--replay")
    assert shown.code == 0
    assert "instead of" in shown.text
    assert said(home, "whatif", "more", "--format", "csv").text.splitlines()[0] == "start,end,baseline,cost,lower,upper"
    for words in ((), ("more", "--change", "ec2:-5%"), ("--change", "ec2"), ("--change", "ec2:-5%:x")):
        assert said(home, "whatif", *words).code == 2
