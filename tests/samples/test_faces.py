"""Samples through every face: HTTP, the command line, the step that brings them to the lake, roles, the widget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from finopsmetrics import ObservabilityHub, Sample
from finopsmetrics.core.conditions import Condition
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.iam.principal import ForbiddenError, Principal
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.built_in_steps import refresh
from finopsmetrics.runtime.dashboards import Asked, Dashboards, Drawn
from finopsmetrics.runtime.steps import Inputs
from finopsmetrics.runtime.widget_asking import Frame
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store import sample_book
from finopsmetrics.store.sample_book import SampleBook
from tests.cli.console import Said, inside
from tests.iam.conftest import client_of

NOW = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
AT = "2026-05-31T10:00:00Z"
EVERYTHING = frozenset({"*:*"})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "home", now=lambda: NOW) as workspace:
        yield workspace


@pytest.fixture
def client(home: Workspace) -> Iterator[httpx.Client]:
    with client_of(home) as made:
        yield made


def sample(value: Any = "1.5", **more: Any) -> dict[str, Any]:
    return {"at": AT, "measure": "cpu", "value": value, "unit": "percent", **more}


def test_a_batch_is_kept_and_asked_for(client: httpx.Client, home: Workspace) -> None:
    batch = [sample(0.1, resource="a", tags={"team": "ml"}), sample("0.200000000000000001", resource="b"), sample(3)]
    first = client.post("/api/v1/samples", json=batch)
    assert (first.status_code, first.json()) == (200, {"added": 3, "replaced": 0, "known": 0, "place": 1})
    assert client.post("/api/v1/samples", json=batch).json() == {"added": 0, "replaced": 0, "known": 3, "place": 1}
    again = client.post("/api/v1/samples", json=[sample("4")]).json()
    assert again == {"added": 0, "replaced": 1, "known": 0, "place": 2}
    with Workspace(home.home) as other:  # durable: another process sees it
        assert SampleBook(other.opened).waiting() == 3
    found = client.get("/api/v1/samples", params={"measure": "cpu", "group_by": "resource", "grain": "hour"}).json()
    rows = [(row["period"], row["resource"], row["value"], row["samples"]) for row in found["rows"]]
    assert rows == [
        (AT, None, "4.000000000000000000", 1),
        (AT, "b", "0.200000000000000001", 1),
        (AT, "a", "0.100000000000000000", 1),
    ]
    assert (found["unit"], found["statistic"], found["window"]["end"]) == ("percent", "sum", "2026-06-02T00:00:00Z")
    asked = {"measure": "cpu", "statistic": "count", "filter": 'tags.team == "ml"'}
    assert client.get("/api/v1/samples", params=asked).json()["rows"] == [{"unit": "percent", "value": 1, "samples": 1}]
    assert "unit,value,samples" in client.get("/api/v1/samples", params={"measure": "cpu", "format": "csv"}).text
    arrow = client.get("/api/v1/samples", params={"measure": "cpu", "format": "arrow"}).content
    assert pa.ipc.open_stream(arrow).read_all().column("value").to_pylist() == [Decimal("4.300000000000000001")]
    told = client.get("/api/v1/samples/measures").json()["measures"]
    assert told == [{"measure": "cpu", "unit": "percent", "first": AT, "last": AT, "samples": 3}]
    assert client.get("/api/v1/samples", params={"measure": "none"}).json()["rows"] == []


def test_what_cannot_be_kept_is_refused_whole(client: httpx.Client, home: Workspace) -> None:
    for wrong, status in (
        ([sample(), sample("ten")], 400),
        ([sample(), sample("1e400")], 400),
        ([sample(at="yesterday-ish")], 400),
        ([sample(tags={"a": 1})], 422),
        ([sample(cost=1)], 422),
        ([sample("1" * 81)], 422),
        ([sample(True)], 422),
        ([sample(10**400)], 400),
        ([], 422),
        ([sample()] * 10_001, 422),
        (sample(), 422),
    ):
        answer = client.post("/api/v1/samples", json=wrong)
        assert answer.status_code == status, answer.text
    assert "Sample 2: value" in client.post("/api/v1/samples", json=[sample(), sample("ten")]).json()["detail"]
    assert SampleBook(home.opened).waiting() == 0
    for params in (
        {"measure": "cpu", "statistic": "median"},
        {"measure": "a b"},
        {"measure": "cpu", "group_by": "a,b,c"},
        {"measure": "cpu", "grain": "year"},
        {"measure": "cpu", "filter": "SkuId IS NULL"},
        {"measure": "cpu", "typo": "1"},
        {},
    ):
        assert client.get("/api/v1/samples", params=params).status_code in (400, 422), params


def test_a_full_batch_fits_into_one_request(client: httpx.Client) -> None:
    batch = [sample(str(number), resource=f"{'r' * 100}{number}", tags={"team": "t" * 50}) for number in range(10_000)]
    assert len(json.dumps(batch)) > 2 << 20
    assert client.post("/api/v1/samples", json=batch).json()["added"] == 10_000
    whole = client.get("/api/v1/samples", params={"measure": "cpu"}).json()["rows"][0]
    assert Decimal(whole["value"]) == sum(range(10_000))
    assert (
        client.post("/api/v1/samples", content=b" " * (9 << 20), headers={"Content-Type": "application/json"}).status_code == 413
    )


def test_roles_and_scopes_hold(home: Workspace) -> None:
    iam = IAMManager(home.opened)
    Acting(home, OWNER).record_samples(
        [Sample(NOW, "cpu", Decimal(team == "ml"), "percent", tags={"team": team}) for team in ("ml", "web")]
    )
    lead = iam.tokens.create("lead", roles=["team_lead"], teams=["ml"], by=OWNER)[1]
    with client_of(home, lead) as client:
        assert client.post("/api/v1/samples", json=[sample()]).status_code == 403
        rows = client.get("/api/v1/samples", params={"measure": "cpu", "statistic": "count"}).json()["rows"]
        assert [row["value"] for row in rows] == [1]
        assert [one["samples"] for one in client.get("/api/v1/samples/measures").json()["measures"]] == [1]
    engineer = iam.tokens.create("engineer", roles=["engineer"], by=OWNER)[1]
    with client_of(home, engineer) as client:
        assert client.post("/api/v1/samples", json=[sample()]).status_code == 200
    lead_may = iam.tokens.create("leads", roles=["business_lead"], by=OWNER)[1]
    with client_of(home, lead_may) as client:
        assert client.get("/api/v1/samples/measures").status_code == 200
        assert client.post("/api/v1/samples", json=[sample()]).status_code == 403
    scoped = Principal("scoped", "person", EVERYTHING, scope=Condition.parse('tags.team == "ml"'))
    with pytest.raises(ForbiddenError, match="sending samples"):
        Acting(home, scoped).record_samples([Sample(NOW, "cpu", Decimal(1), "percent")])
    with pytest.raises(ForbiddenError, match="samples:read"):
        _ = Acting(home, Principal("nobody", "person", frozenset({"costs:read"}))).hub


JSON_LINES = "\n".join(json.dumps(sample(f"{number}.5", resource=f"i-{number}")) for number in range(3))
CSV = 'at,measure,value,unit,resource,tags.team,tags\n2026-05-31T10:00:00Z,cpu,2.25,percent,,ml,"{""app"": ""x""}"\n'


def run(home: Workspace, *words: str, text: str = "") -> Said:
    path = home.home.parent / "samples.txt"
    path.write_text(text, encoding="utf-8")
    return inside("samples", *(str(path) if word == "FILE" else word for word in words), home=home.home)


def test_the_command_line_sends_and_shows(home: Workspace) -> None:
    assert "samples add" in run(home, "measures").err
    assert run(home, "add", "FILE", text=JSON_LINES).json == {"added": 3, "replaced": 0, "known": 0}
    assert run(home, "add", "FILE", text=f"[{','.join(JSON_LINES.splitlines())}]").json["known"] == 3
    assert run(home, "add", "FILE", "--source", "agent", text=CSV).json["added"] == 1
    told = run(home, "measures", "--format", "json").json
    assert [(one["measure"], one["samples"]) for one in told] == [("cpu", 4)]
    asked = ["show", "cpu", "--range", "2026-05", "--group-by", "source,tags.app", "--grain", "day", "--stat", "mean"]
    rows = run(home, *asked, "--format", "json").json
    day = "2026-05-31T00:00:00Z"
    common = {"period": day, "unit": "percent"}
    assert rows == [
        {**common, "source": "agent", "tags.app": "x", "value": "2.250000000000000000", "samples": 1},
        {**common, "source": "api", "tags.app": None, "value": "1.500000000000000000", "samples": 3},
    ]
    assert "mean of cpu" in run(home, *asked).text
    assert "no sample of gpu" in run(home, "show", "gpu").err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (JSON_LINES + '\n{"at": 1', "line 4"),
        (JSON_LINES + '\n{"measure": "cpu", "value": 1, "unit": "x"}', "Sample 4: at is missing"),
        (CSV + "2026-05-31T10:00:00Z,cpu,two,percent,,,\n", "Sample 2: value"),
        (CSV + "1,2,3,4,5,6,7,8\n", "more cells"),
        (CSV.replace('"{""app"": ""x""}"', "x=y"), "no JSON object"),
        ("[1, 2]", "Sample 1: it is no object"),
    ],
    ids=range(6),
)
def test_a_file_with_a_fault_is_refused_whole(home: Workspace, text: str, told: str) -> None:
    said = run(home, "add", "FILE", text=text)
    assert (said.code, told in said.err) == (2, True), said.err
    assert SampleBook(home.opened).waiting() == 0
    assert inside("samples", "add", str(home.home / "none.csv"), home=home.home).code == 2


def test_the_step_brings_to_the_lake_what_is_worth_a_file(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    acting = Acting(home, OWNER)
    acting.record_samples([Sample(NOW, "cpu", Decimal(1), "percent")])

    def ran() -> int:
        return int(refresh(acting, Inputs(), lambda: None)["samples"])

    assert (ran(), SampleBook(home.opened).waiting()) == (0, 1)
    monkeypatch.setattr(home.opened, "now", lambda: NOW.replace(tzinfo=None) + timedelta(hours=1))
    assert (ran(), SampleBook(home.opened).waiting()) == (1, 0)
    monkeypatch.setattr(sample_book, "ENOUGH", 2)
    acting.record_samples([Sample(NOW, "cpu", Decimal(2), "percent", resource=name) for name in "ab"])
    assert (ran(), SampleBook(home.opened).waiting()) == (2, 0)


def drawn(home: Workspace, frame: Frame | None = None, **config: Any) -> Drawn:
    return next(Dashboards(Acting(home, OWNER)).show([Asked("u", "usage", config)], frame or Frame("2026-05")))


def test_the_widget_draws_a_measure_and_says_how_it_stands(home: Workspace) -> None:
    assert (drawn(home).state, drawn(home).sentence) == ("empty", "No sample was sent yet.")
    begin = datetime(2026, 5, 1)
    hub = ObservabilityHub(opened=home.opened)
    hub.record(
        [
            Sample(begin + timedelta(hours=hour), "cpu", Decimal(10 * machine + hour % 2), "percent", resource=f"vm-{machine}")
            for hour in range(48)
            for machine in range(3)
        ]
    )
    hub.record([Sample(begin, "cpu", Decimal("0.5"), "share"), Sample(begin, "requests", Decimal(7), "request")])
    whole = drawn(home)
    assert whole.sentence == "10.5 percent is the mean of cpu in 2026-05-01 … 2026-05-31, over 144 samples."
    by = drawn(home, group_by="resource", statistic="max", top=2, grain="hour", chart="area")
    assert by.sentence == (
        "21 percent is the highest of cpu in 2026-05-01 … 2026-05-31, over 144 samples; "
        "vm-2 has the greatest at 21 percent, and 1 more is not drawn."
    )
    chart = by.as_dict()["chart"]
    assert (chart["chart"], len(chart["rows"]), chart["series"]) == ("area", 96, "resource")
    assert {row[1] for row in chart["rows"]} == {"vm-1", "vm-2"}
    assert chart["rows"][0] == ["2026-05-01", "vm-2", "20"]
    assert chart["columns"][2]["unit"] == "percent"
    assert drawn(home, unit="share").sentence.startswith("0.5 share is the mean")
    assert drawn(home, measure="requests", statistic="count").sentence.startswith("1 is the number of requests")
    assert drawn(home, Frame("2026-04")).sentence == (
        "There is no sample of cpu in 2026-04-01 … 2026-04-30; the last one is of 2026-05-02T23:00:00Z."
    )
    assert drawn(home, measure="gpu").sentence == "No sample of gpu was sent yet."
    filtered = drawn(home, Frame("2026-05", 'ResourceId == "vm-0"'))
    assert filtered.sentence.startswith("0.5 percent")
    for frame, config in ((Frame("2026-05", "SkuId IS NULL"), {}), (None, {"group_by": "SkuId"})):
        failed = drawn(home, frame, **config)
        assert (failed.state, "SkuId" in failed.sentence) == ("failed", True)
