"""What each plugin of the package does, with figures worked out by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from finopsmetrics_examples.account_tags import AccountTags
from finopsmetrics_examples.meter_readings import MeterReadings
from finopsmetrics_examples.untagged_share import UntaggedShare
from finopsmetrics_examples.unused_commitments import UnusedCommitments
from finopsmetrics_examples.webhook import Webhook

from finopsmetrics import CostEntry, CostObservatory, Window, Workspace
from finopsmetrics.observability.export import export_focus
from finopsmetrics.plugins import Message, PluginError, RenderContext
from finopsmetrics.plugins.testing import charge, started

HEAD = "meter,start,end,kwh\n"


def meters(path: Path, text: str) -> dict[str, str]:
    path.write_text(text)
    return {"readings": str(path), "tariff": "0.2134", "currency": "EUR", "account": "dc-1"}


def test_a_reading_costs_its_hours_times_the_tariff_exactly(tmp_path: Path) -> None:
    line = "rack-1,2026-05-01T02:00:00+02:00,2026-05-02T00:00:00Z,120.123456789012\n"
    with started(MeterReadings, meters(tmp_path / "r.csv", HEAD + line)) as plugin:
        [entry] = plugin.collect()
    assert entry.cost == Decimal("25.6343456787751608")  # 120.123456789012 × 0.2134
    assert (entry.timestamp, entry.duration) == (datetime(2026, 5, 1, tzinfo=UTC), timedelta(days=1))
    assert entry.as_charge()["ConsumedQuantity"] == "120.123456789012"


@pytest.mark.parametrize("bad", ["rack-1,yesterday,2026-05-02T00:00:00Z,1\n", "rack-1,2026-05-01,2026-05-02,much\n", "rack-1\n"])
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_collected(tmp_path: Path, bad: str) -> None:
    good = "rack-1,2026-05-01T00:00:00Z,2026-05-02T00:00:00Z,1\n"
    with (
        started(MeterReadings, meters(tmp_path / "r.csv", HEAD + good + bad)) as plugin,
        pytest.raises(PluginError, match="Line 3"),
    ):
        plugin.collect()


def test_other_columns_are_refused(tmp_path: Path) -> None:
    with started(MeterReadings, meters(tmp_path / "r.csv", "a,b\n1,2\n")) as plugin:
        with pytest.raises(PluginError, match="columns"):
            plugin.collect()
        assert plugin.health().ok
        (tmp_path / "r.csv").unlink()
        assert not plugin.health().ok


def test_an_account_gives_its_tags_and_the_sub_account_comes_first() -> None:
    accounts = {"payer": {"team": "shared"}, "sub": {"team": "ml", "cost_center": "7"}}
    with started(AccountTags, {"accounts": accounts}) as plugin:
        assert plugin.attribute(charge(SubAccountId="sub", BillingAccountId="payer")) == {"team": "ml", "cost_center": "7"}
        assert plugin.attribute(charge(SubAccountId="other", BillingAccountId="payer")) == {"team": "shared"}
        assert plugin.attribute(charge(SubAccountId="", BillingAccountId="")) == {}


def committed(name: str, status: str, cost: str, when: datetime) -> CostEntry:
    focus = {"CommitmentDiscountId": name, "CommitmentDiscountStatus": status, "CommitmentDiscountName": name.upper()}
    return CostEntry(f"{name}-{status}", when, "0", "Compute", effective_cost=cost, focus=focus)


def test_what_was_not_used_last_month_is_the_saving(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path, now=lambda: datetime(2026, 6, 10, tzinfo=UTC))
    may, april = datetime(2026, 5, 5), datetime(2026, 4, 5)
    costs.add_cost_entries(
        [
            committed("ri-1", "Unused", "31.41", may),
            committed("ri-1", "Used", "100", may),
            committed("ri-2", "Unused", "0.5", may),
            committed("ri-3", "Unused", "77", april),
        ]
    )
    with started(UnusedCommitments) as plugin:
        [found] = plugin.recommend(costs)
    assert (found.title, found.monthly_saving, found.currency) == ("Use or reduce the commitment RI-1", Decimal("31.41"), "USD")
    assert found.evidence == [{"CommitmentDiscountId": "ri-1", "unused": Decimal("31.41")}]


def test_the_share_without_a_tag_is_by_currency(tmp_path: Path) -> None:
    costs = CostObservatory(tmp_path)
    day = datetime(2026, 5, 5)
    costs.add_cost_entries(
        [
            CostEntry("1", day, 30, "s", tags={"team": "ml"}),
            CostEntry("2", day, 10, "s"),
            CostEntry("3", day, -5, "s", currency="EUR"),
        ]
    )
    window = Window.parse("2026-05", now=datetime(2026, 6, 1, tzinfo=UTC))
    with started(UntaggedShare, {"tag": "team"}) as plugin:
        widget = plugin.render(RenderContext("test", window, costs))
    assert sorted(widget.rows) == [("EUR", Decimal(-5), Decimal(-5), None), ("USD", Decimal(10), Decimal(40), "25.0 %")]


def test_an_export_as_json_lines_keeps_every_digit(tmp_path: Path) -> None:
    from finopsmetrics.store.plugin_book import PluginBook

    with Workspace(tmp_path / "home") as workspace:
        PluginBook(workspace.opened.database, workspace.opened.now).enable("json-lines", {}, actor="test")
        workspace.costs.add_cost_entry(CostEntry("1", datetime(2026, 5, 1), "0.000000000000000001", "=1+1", tags={"ü": "\\"}))
        report = export_focus(workspace.opened, tmp_path / "out.jsonl", format="jsonl")
    [row] = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (row["BilledCost"], row["ServiceName"]) == ("0.000000000000000001", "=1+1")
    assert (row["ChargePeriodStart"], json.loads(row["Tags"])) == ("2026-05-01T00:00:00Z", {"ü": "\\"})
    assert (report.rows, report.totals["USD"]["BilledCost"]) == (1, "0.000000000000000001")


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str | None, Any]], list[int]]]:
    """A server on loopback: its address, what it received, and the statuses that it will answer."""
    received: list[tuple[str | None, Any]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(answers.pop() if answers else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received, answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_message_is_posted_with_its_token(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, received, answers = receiver
    monkeypatch.setenv("HOOK_TOKEN", "s3cret")
    with started(Webhook, {"url": url, "token": "env:HOOK_TOKEN", "allow_private": True}) as plugin:
        assert plugin.test_connection().ok
        assert received == []
        plugin.send(Message("Budget", "Over", {"amount": Decimal("1.50")}))
        answers.append(500)
        with pytest.raises(PluginError, match="answered 500"):
            plugin.send(Message("Again", "Over"))
    assert received[0] == ("Bearer s3cret", {"title": "Budget", "text": "Over", "facts": {"amount": "1.50"}})


def test_a_message_does_not_reach_this_machine_unless_allowed(receiver: Any) -> None:
    url, received, _ = receiver
    for one in (url, url.replace("http://127.0.0.1", "https://localhost"), url.replace("http:", "https:")):
        with started(Webhook, {"url": one}) as plugin:
            assert not plugin.test_connection().ok
            with pytest.raises(PluginError):
                plugin.send(Message("a", "b"))
    assert received == []
