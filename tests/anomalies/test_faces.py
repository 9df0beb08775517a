"""Anomalies by Python, command line, API and step: the same, with the measured quality beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.ml import AnomalyDetector
from finopsmetrics.ml.measured import ROBUST
from finopsmetrics.runtime.acting import Acting
from finopsmetrics.runtime.anomalies import Anomalies
from finopsmetrics.runtime.workspace import Workspace
from tests.anomalies.estate import background, deliver, quiet, rows
from tests.cli.console import inside
from tests.iam.conftest import client_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose last day is yesterday."""
    folder = tmp_path_factory.mktemp("faces")
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with Workspace(folder / "home") as workspace:
        spike = rows("compute", lambda back: quiet(back) + (900 if back == 1 else 0), end=end)
        deliver(workspace, folder / "bills", [*background(end), *spike])
    return folder / "home"


def test_every_face_tells_the_same(home: Path) -> None:
    told = inside("anomalies", "--format", "json", home=home).json
    [one] = told["anomalies"]
    assert (told["measured"]["recall"], told["watched"][0]["series"]) == (ROBUST.recall, 3)
    with Workspace(home) as workspace:
        with client_of(workspace) as client:
            found = client.get("/api/v1/anomalies").json()
            assert client.get("/api/v1/anomalies?detector=odd").status_code == 404
            assert client.get("/api/v1/anomalies?sensitivity=2").status_code == 422
            assert client.get("/api/v1/anomalies?group_by=nonsense").json()["unwatched"].keys() == {"everything"}
            narrowed = client.get("/api/v1/anomalies", params={"filter": 'ServiceName == "storage"'}).json()
            assert (narrowed["anomalies"], narrowed["watched"][0]["series"]) == ([], 1)
            grouped = client.get("/api/v1/anomalies?group_by=service,tags.team&sensitivity=0.9").json()
            assert (len(grouped["anomalies"]), grouped["measured"]) == (1, None)
            narrow = IAMManager(workspace.opened).tokens.create(
                "web", roles=["admin"], by=OWNER, scope='ServiceName == "storage"'
            )[1]
            seen = client.get("/api/v1/anomalies", headers={"Authorization": f"Bearer {narrow}"}).json()
            assert (seen["anomalies"], seen["watched"][0]["series"]) == ([], 1)
        history = workspace.costs.get_time_series(days=90)
    assert [found["anomalies"][0][name] for name in ("id", "impact", "title")] == [
        one[name] for name in ("id", "impact", "title")
    ]
    assert found["measured"] == told["measured"]
    [anomaly] = AnomalyDetector().detect(cost_history=history)
    assert (anomaly.service, f"{anomaly.actual:f}".rstrip("0").rstrip(".")) == (
        "compute",
        one["body"]["actual"].rstrip("0").rstrip("."),
    )


def test_the_words_of_the_command_line(home: Path) -> None:
    said = inside("anomalies", home=home)
    assert "compute in account sub-1" in " ".join(said.text.split())
    assert str(ROBUST) in said.err
    assert "Nothing unusual" in inside("anomalies", "--filter", 'ServiceName == "storage"', home=home).err
    assert inside("anomalies", "--min-impact", "5000", home=home).err.startswith("Nothing unusual")
    assert "1 too small to tell" in inside("anomalies", "--min-impact", "5000", home=home).err
    assert inside("anomalies", "--format", "csv", home=home).text.splitlines()[0].startswith("start,end,severity")
    wrong = inside("anomalies", "--min-impact", "much", home=home)
    assert (wrong.code, "--min-impact cannot be read" in wrong.err) == (2, True)
    assert inside("anomalies", "--sensitivity", "7", home=home).code == 1
    missing = inside("anomalies", "--detector", "odd", home=home)
    assert (missing.code, "There is no detector 'odd'" in missing.err) == (1, True)


def test_the_nightly_step_keeps_findings(home: Path) -> None:
    ran = inside("run", "anomalies", "--wait", home=home)
    assert ran.code == 0, ran.err
    [one] = inside("findings", "--sort", "anomaly", "--format", "json", home=home).json
    assert one["source"] == "anomalies"
    again = inside("anomalies", "run", home=home)
    assert "0 new, 1 seen again, 0 no longer there" in again.err


def test_the_quality_shown_is_the_quality_measured() -> None:
    page = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("| robust | 3,000 ")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert [float(cells[place]) for place in (3, 4, 5, 6)] == [
        ROBUST.recall,
        ROBUST.recall_by_money,
        ROBUST.precision,
        ROBUST.false,
    ]


def test_a_look_of_long_ago_reads_no_more_than_it_needs(home: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=60)
    with Workspace(home, now=lambda: later) as workspace:
        anomalies = Anomalies(Acting(workspace, OWNER))
        assert [len(anomalies.look(since=later.date() - timedelta(days=back)).findings) for back in (30, 90)] == [0, 1]
