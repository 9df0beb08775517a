"""The plugin keeps its contract, and each message is a line."""

from __future__ import annotations

import json
from pathlib import Path

from finopsmetrics_log_file.plugin import LogFile

from finopsmetrics.plugins import Message
from finopsmetrics.plugins.testing import check_plugin, started


def test_the_plugin_keeps_its_contract(tmp_path: Path) -> None:
    assert check_plugin(LogFile, {"path": str(tmp_path / "log")}, connect=True) == []
    assert check_plugin(LogFile, {"path": str(tmp_path / "none" / "log")}, connect=True) != []


def test_each_message_is_a_line(tmp_path: Path) -> None:
    with started(LogFile, {"path": str(tmp_path / "log")}) as plugin:
        plugin.send(Message("One", "two\nlines", {"amount": 3}))
        plugin.send(Message("Two", ""))
    first, second = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert first == {"title": "One", "text": "two\nlines", "facts": {"amount": "3"}}
    assert second["title"] == "Two"
