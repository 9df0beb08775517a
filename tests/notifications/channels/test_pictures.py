"""Messages about anomalies show what the charges that they are about cost; what cannot be drawn holds none up."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from finopsmetrics.core.findings import Finding
from finopsmetrics.core.notices import Notice
from finopsmetrics.integrations.sending import Parcel, Proof
from finopsmetrics.runtime import picturing
from finopsmetrics.runtime.channels import Channels
from finopsmetrics.runtime.delivering import Delivering
from finopsmetrics.runtime.picturing import pictured
from finopsmetrics.store.findings import FindingBook
from finopsmetrics.vizlychart import VizlyChart
from tests.anomalies.estate import deliver, rows
from tests.notifications.channels.conftest import NOTICE, Room

END = datetime(2026, 11, 20, tzinfo=UTC)
FINDING = Finding(
    "anomaly",
    "gpu",
    "gpu costs 9 times what is usual",
    where='ServiceName == "gpu"',
    start=datetime(2026, 11, 17),
    end=datetime(2026, 11, 20),
    impact=Decimal(2400),
    currency="USD",
    body={"subject": "gpu", "metric": "billed"},
)


@pytest.fixture
def told(room: Room, tmp_path: Path) -> Notice:
    """A notice about an anomaly that is in the book and in the bills."""
    charges = [*rows("gpu", lambda back: 900 if back < 3 else 100, days=9, end=END), *rows("other", lambda _: 7, days=9, end=END)]
    deliver(room.workspace, tmp_path / "bills", charges)
    FindingBook(room.workspace.opened.database, room.workspace.opened.now).keep([FINDING])
    return replace(NOTICE, about=FINDING.id)


def charts(monkeypatch: pytest.MonkeyPatch) -> list[VizlyChart]:
    seen: list[VizlyChart] = []
    draw = VizlyChart.to_png

    def noted(self: VizlyChart, **how: Any) -> bytes:
        seen.append(self)
        return draw(self, **how)

    monkeypatch.setattr(VizlyChart, "to_png", noted)
    return seen


def test_the_picture_is_of_the_findings_own_charges(room: Room, told: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = charts(monkeypatch)
    found = pictured(room.acting, told)
    assert found.chart is not None
    assert Image.open(io.BytesIO(base64.b64decode(found.chart))).size == (1440, 600)
    [chart] = seen
    assert chart.spec.title == "gpu by day, billed cost"
    assert [(one.at, one.sort) for one in chart.spec.markers] == [("2026-11-17T00:00:00", "anomaly")]
    costs = {str(day)[:10]: Decimal(str(cost)) for day, cost in chart.spec.rows}
    assert (costs["2026-11-16"], costs["2026-11-17"], costs["2026-11-19"]) == (100, 900, 900)
    assert replace(found, chart=None) == told


@pytest.mark.parametrize("change", [{"stage": "resolve"}, {"about": "digest"}, {"chart": "aGk="}, {"parts": (NOTICE,)}])
def test_other_messages_stay_as_they_are(room: Room, told: Notice, change: dict[str, Any]) -> None:
    assert pictured(room.acting, replace(told, **change)) == replace(told, **change)


def test_what_cannot_be_drawn_goes_out_without(room: Room, told: Notice, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picturing, "_drawn", lambda *_: 1 / 0)
        assert pictured(room.acting, told) == told
    assert "goes out without its chart: division by zero" in caplog.text
    gone = replace(told, about="f-00")
    assert pictured(room.acting, gone) == gone


def test_only_a_channel_that_shows_pictures_is_sent_one(room: Room, told: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Notice] = {}

    def take(_self: Channels, name: str, parcel: Parcel) -> Proof:
        sent[name] = parcel.notice
        return Proof(parcel.id)

    monkeypatch.setattr(Channels, "send", take)
    room.declare("mail", "email", {"host": "127.0.0.1", "sender": "a@example.com"})
    room.declare("hook", "webhook", {"url": "http://127.0.0.1:9/in"}, {"signing_key": "env:SIGNING_KEY"})
    for name in ("mail", "hook"):
        room.put(name, name, told, "ann@example.com" if name == "mail" else "")
    Delivering(room.acting).deliver()
    assert {name: notice.chart is not None for name, notice in sent.items()} == {"mail": True, "hook": False}
