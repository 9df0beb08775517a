"""Messages about anomalies show what the charges that they are about cost; what cannot be drawn holds none up."""

from __future__ import annotations

import base64
import io
import json
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
from finopsmetrics.integrations.teams.message import rendered
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
        patch.setattr(picturing, "_area", lambda *_: 1 / 0)
        assert pictured(room.acting, told) == told
    assert "goes out without its chart: division by zero" in caplog.text
    gone = replace(told, about="f-00")
    assert pictured(room.acting, gone) == gone


def anomaly(name: str, impact: int | None, **more: Any) -> Finding:
    given: dict[str, Any] = {"body": {"subject": name, "metric": "billed"}, "currency": "USD", "start": FINDING.start, **more}
    amount = None if impact is None else Decimal(impact)
    return Finding(
        "anomaly", name, f"{name} costs more", where=f'ServiceName == "{name}"', end=FINDING.end, impact=amount, **given
    )


def digest(room: Room, *findings: Finding) -> Notice:
    FindingBook(room.workspace.opened.database, room.workspace.opened.now).keep(list(findings))
    parts = tuple(replace(NOTICE, about=one.id, title=one.title) for one in findings)
    return replace(NOTICE, about="digest-1", title="daily: findings", parts=parts)


def test_a_digest_shows_the_days_of_its_greatest_anomalies(room: Room, told: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = charts(monkeypatch)
    elsewhere = [anomaly("other", 10_000, currency="EUR"), anomaly("list", 9, body={"metric": "list"})]
    notice = digest(room, FINDING, anomaly("other", 7), anomaly("nothing", None), elsewhere[1])
    found = pictured(room.acting, notice)
    assert found.chart is not None
    assert replace(found, chart=None) == notice
    [chart] = seen
    assert (chart.spec.chart, chart.spec.title) == ("line", "The 3 greatest anomalies by day, billed cost")
    costs = {(str(row[0])[:10], row[1]): Decimal(str(row[2])) for row in chart.spec.rows}
    assert (costs["2026-11-16", "gpu"], costs["2026-11-19", "gpu"], costs["2026-11-19", "other"]) == (100, 900, 7)
    assert {name for _, name in costs} == {"gpu", "other"}, "only charges of its own findings"
    assert chart.spec.columns[2].currency == "USD"
    # The greatest decides the currency; of its own there is but one, without charges.
    assert pictured(room.acting, digest(room, FINDING, elsewhere[0])).chart is None


def test_a_digest_with_one_anomaly_shows_it(room: Room, told: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = charts(monkeypatch)
    assert pictured(room.acting, digest(room, FINDING, Finding("insight", "x", "An insight"))).chart is not None
    assert [one.spec.title for one in seen] == ["gpu by day, billed cost"]


def test_a_digest_without_anomalies_shows_what_its_findings_come_to(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = charts(monkeypatch)
    many = [
        Finding("recommendation", f"r{at}", f"Stop {at}", impact=Decimal(at) + Decimal("0.01"), currency="USD")
        for at in range(12)
    ]
    euros = Finding("recommendation", "e", "Euros", impact=Decimal(3), currency="EUR")
    assert pictured(room.acting, digest(room, *many, euros, Finding("insight", "x", "An insight"))).chart is not None
    [chart] = seen
    assert chart.spec.chart == "bar"
    assert chart.spec.rows[:2] == (("Stop 11", "11.01"), ("Stop 10", "10.01"))
    assert chart.spec.rows[-1] == ("(other)", "6.04")
    assert sum(Decimal(str(row[1])) for row in chart.spec.rows) == sum(one.impact for one in many if one.impact)
    for few in ([many[3]], [Finding("insight", "x", "An insight"), Finding("insight", "y", "Another")]):
        assert pictured(room.acting, digest(room, *few)).chart is None


def test_a_picture_is_as_small_as_the_channel_takes_it(room: Room, told: Notice) -> None:
    sizes = []
    for most in (None, 30_000, 14_000, 9_000, 100):
        chart = pictured(room.acting, told, most).chart
        png = base64.b64decode(chart or "")
        assert most is None or len(png) <= most
        sizes.append(Image.open(io.BytesIO(png)).size if png else None)
    assert sizes[0] == (1440, 600)
    assert sizes[-1] is None
    widths = [size[0] for size in sizes if size]
    assert widths == sorted(widths, reverse=True)
    assert sizes[2] is not None, "it can be read where Teams takes it"


def test_only_a_channel_that_shows_pictures_is_sent_one(room: Room, told: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Notice] = {}

    def take(_self: Channels, name: str, parcel: Parcel) -> Proof:
        sent[name] = parcel.notice
        return Proof(parcel.id)

    monkeypatch.setattr(Channels, "send", take)
    room.declare("mail", "email", {"host": "127.0.0.1", "sender": "a@example.com"})
    room.declare("hook", "webhook", {"url": "http://127.0.0.1:9/in"}, {"signing_key": "env:SIGNING_KEY"})
    room.declare("card", "teams", {}, {"url": "env:SIGNING_KEY"})
    room.declare("call", "pagerduty", {}, {"routing_key": "env:SIGNING_KEY"})
    for name in ("mail", "hook", "card", "call"):
        room.put(name, name, told, "ann@example.com" if name == "mail" else "")
    Delivering(room.acting).deliver()
    sizes = {name: len(base64.b64decode(notice.chart or "")) for name, notice in sent.items()}
    assert sizes["mail"] == sizes["hook"] > 14_000 >= sizes["card"] > 0
    assert sizes["call"] == 0
    assert '"type": "Image"' in json.dumps(rendered(sent["card"])), "it has room in the card"
