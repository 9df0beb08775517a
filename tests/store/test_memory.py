"""Memory stays bounded whatever the size of a delivery."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from tests.store.bills import COLUMNS, write_big_csv

ROWS = 1_500_000
MOST_BYTES = 1_500_000_000
# The peak is this process's own: what getrusage tells begins with the peak of the process that started it.
INGEST = """
import sys, json, re
from finopsmetrics.runtime.workspace import Workspace
with Workspace(sys.argv[1]) as workspace:
    report = workspace.ingest([sys.argv[2]])[0]
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
print(json.dumps([report.accepted, report.totals["USD"]["billed"], peak]))
"""


def test_a_large_bill_is_taken_in_within_bounds(tmp_path: Path) -> None:
    path = write_big_csv(tmp_path / "large.csv", ROWS, ("2026-05", "2026-06"), more=40 - len(COLUMNS))
    total = Decimal(sum(i * 7919 % 1000003 for i in range(ROWS))) / 1000
    command = [sys.executable, "-c", INGEST, tmp_path / "home", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    accepted, billed, peak = json.loads(done.stdout)
    assert accepted == ROWS
    assert Decimal(billed) == total
    assert peak < MOST_BYTES
