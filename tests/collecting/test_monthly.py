"""Rows of an API as a file: each number is its text, so that columns are of one kind, whatever numbers come."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from finopsmetrics.integrations.monthly import write_lines


def test_whole_and_fractional_numbers_of_a_column_are_of_one_kind(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"cost": 1500, "sure": True, "none": None, "invoice": {"tax": 0}, "tiers": [1, "1.5"]},
        {"cost": "212.40000000000000001", "sure": False, "none": None, "invoice": {"tax": Decimal("0.5")}, "tiers": []},
    ]
    write_lines(rows, tmp_path / "rows.jsonl")
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()] == [
        {"cost": "1500", "sure": True, "none": None, "invoice": {"tax": "0"}, "tiers": ["1", "1.5"]},
        {"cost": "212.40000000000000001", "sure": False, "none": None, "invoice": {"tax": "0.5"}, "tiers": []},
    ]
