"""The Grafana dashboards against a running server: every expression and every request asks for what is really there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.core.findings import Finding
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.store.findings import FindingBook
from tests.dashboard.estate import filled

FOLDER = Path(__file__).parents[2] / "docs" / "integrations" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "dashboards").glob("*.json"))}
PAGE = (FOLDER.parent / "grafana.md").read_text(encoding="utf-8")
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
TARGETS = [(panel["title"], target) for _, panel in PANELS for target in panel["targets"]]
EXPRESSIONS = [target["expr"] for _, target in TARGETS if "expr" in target]
REQUESTS = [(title, target) for title, target in TARGETS if target.get("source") == "url"]
VARIABLES = {"${__from:date:YYYY-MM-DD}": "2026-05-01", "${__to:date:YYYY-MM-DD}": "2026-06-19", "${currency}": "USD"}
ADDED_BY_PROMETHEUS = {"job", "instance"}
# A metric's name is no function (which has a bracket behind it) and stands neither in a matcher nor in a list of labels.
METRIC = re.compile(r"\b((?:finopsmetrics|process|python)_[a-z_]+)\b(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """Clients with the tokens of the page over a home that has some of everything: `scraper` and `reader`."""
    workspace = filled(tmp_path_factory.mktemp("grafana"))
    with workspace, BackgroundServer(workspace) as server:
        opened, iam = workspace.opened, IAMManager(workspace.opened)
        found = [Finding("anomaly", str(number), f"Number {number}", severity="high", impact=Decimal(9)) for number in range(3)]
        book = FindingBook(opened.database, opened.now)
        book.keep(found)
        book.change(found[0].id, actor="ann", state="done")
        jobs = JobBook(opened.database, opened.now)
        jobs.queue("doctor", {}, actor="ann")
        made = {}
        for block in re.findall(r"```yaml\n(roles:.*?)```", PAGE, re.DOTALL):
            for role in yaml.safe_load(block)["roles"]:
                Acting(workspace, OWNER).specs.put("role", role.pop("name"), role)
        for name, role in (("scraper", "metrics_scraper"), ("reader", "grafana_reader")):
            token = iam.tokens.create(name, roles=[role], by=OWNER)[1]
            made[name] = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        made["reader"].get("/api/v1/costs")  # so that a request was counted
        yield made
        for client in made.values():
            client.close()


@pytest.fixture(scope="module")
def exposed(served: dict[str, httpx.Client]) -> dict[str, set[str]]:
    """Each sample's name that /metrics has, with the labels it comes with."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(served["scraper"].get("/metrics").text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
        found.setdefault(family.name, set())
    return found


def test_an_expression_is_taken_apart_as_it_should() -> None:
    told = 'sum by (le, route) (rate(finopsmetrics_x_bucket{job=~"$job",a="b"}[5m])) / process_y'
    assert METRIC.findall(told) == [("finopsmetrics_x_bucket", 'job=~"$job",a="b"'), ("process_y", "")]
    assert GROUPED.findall(told) == ["le, route"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_asks_for_metrics_and_labels_that_are_exposed(expression: str, exposed: dict[str, set[str]]) -> None:
    asked = METRIC.findall(expression)
    assert asked
    labels: set[str] = set()
    for name, matchers in asked:
        assert name in exposed, name
        matched = set(re.findall(r"(\w+)(?:=~|!=|!~|=)\"", matchers))
        assert matched - ADDED_BY_PROMETHEUS <= exposed[name], name
        labels |= exposed[name]
    for group in GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",")} <= labels


def test_the_values_that_are_matched_are_those_that_are_told(served: dict[str, httpx.Client]) -> None:
    text = served["scraper"].get("/metrics").text
    assert 'finopsmetrics_lake_rows{table="cost_and_usage"}' in text
    assert 'finopsmetrics_runs{state="waiting",step="doctor"} 1.0' in text
    assert 'finopsmetrics_findings_open{severity="high",sort="anomaly"} 2.0' in text


def test_the_cost_that_is_scraped_is_the_months(served: dict[str, httpx.Client]) -> None:
    told = {
        (sample.labels["provider"], sample.labels["currency"]): sample.value
        for family in text_string_to_metric_families(served["scraper"].get("/metrics").text)
        for sample in family.samples
        if sample.name == "finopsmetrics_cost_month_to_date"
    }
    rows = served["reader"].get("/api/v1/costs", params={"range": "mtd", "group_by": "provider"}).json()["rows"]
    assert told == {(row["provider"] or "(none)", row["currency"]): float(row["cost"]) for row in rows}
    assert len(told) > 1
    assert served["reader"].get("/metrics").status_code == 403


@pytest.mark.parametrize(("title", "target"), REQUESTS, ids=[title for title, _ in REQUESTS])
def test_every_request_is_answered_with_its_columns(title: str, target: dict[str, Any], served: dict[str, httpx.Client]) -> None:
    params = []
    for one in target["url_options"]["params"]:
        value = one["value"]
        for variable, meant in VARIABLES.items():
            value = value.replace(variable, meant)
        assert "$" not in value, value
        params.append((one["key"], value))
    answer = served["reader"].get(target["url"], params=params)
    assert answer.status_code == 200, answer.text
    rows = answer.json()[target["root_selector"]]
    assert rows, title
    for column in target["columns"]:
        assert any(column["selector"] in row for row in rows), column  # a budget that cannot be told has an error instead
        values = [row[column["selector"]] for row in rows if row.get(column["selector"]) is not None]
        kinds = {"number": Decimal, "string": str, "timestamp": datetime.fromisoformat}
        for value in values:
            kinds[column["type"]](str(value))
        assert values or column["selector"] in {"owner", "error", "currency"}, column
    known = served["reader"].get("/openapi.json").json()
    taken = {one["name"] for one in known["paths"][target["url"]]["get"].get("parameters", ())}
    assert {key for key, _ in params} <= taken


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_is_whole(name: str) -> None:
    board = BOARDS[name]
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells))
    assert all(0 <= x < 24 for x, _ in cells)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    text = (FOLDER / "provisioning/datasources/finopsmetrics.yaml").read_text(encoding="utf-8")
    sources = {one["uid"]: one["type"] for one in yaml.safe_load(text)["datasources"]}
    for panel in board["panels"]:
        for one in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert sources[one["uid"]] == one["type"]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in board["panels"]])))
    own = {one["name"] for one in board["templating"]["list"]}
    assert {one for one in used if not one.startswith("__")} == own
