"""Ingest of native bills against a raw DuckDB COPY of the same files, in rows per CPU second, with peak memory.

Run it: `python -m benchmarks.native 5_000_000 FOLDER cur2`, or `python -m benchmarks.native 1_000_000 FOLDER` for all formats.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measure import apart, show
from benchmarks.native_bills import BILLS

RAW = """
import duckdb, resource
relation, target = sys.argv[1:3]
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF); return u.ru_utime + u.ru_stime
c = duckdb.connect(config={"threads": "2", "memory_limit": "850MB", "preserve_insertion_order": "false", "temp_directory": target + ".tmp"})
began = cpu()
c.execute(f"COPY (FROM {relation}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
result = {"cpu": cpu() - began}
"""

OURS = """
import resource
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF); return u.ru_utime + u.ru_stime
home, *sources = sys.argv[1:]
began = cpu()
import finopsmetrics.store.draft as draft, finopsmetrics.store.ingest as ingest
from finopsmetrics import Workspace
spent = {}
def watch(module, name, label):
    inner = getattr(module, name)
    def outer(*a, **k):
        t = cpu()
        try:
            return inner(*a, **k)
        finally:
            spent[label] = spent.get(label, 0) + cpu() - t
    setattr(module, name, outer)
watch(ingest, "take", "copy and hash"); watch(draft, "land", "land"); watch(draft, "as_focus", "map to FOCUS"); watch(draft, "profile", "look, check, sum"); watch(ingest, "write", "write, read back, roll up")
with Workspace(home) as w:
    report = w.ingest(sources, together=len(sources) > 1)[0]
result = {"cpu": cpu() - began, "rows": report.rows, "parts": spent, "mapping": report.mapping}
"""


def main(rows: int, folder: Path, chosen: list[str]) -> None:
    """Make each bill, measure both, and print the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in chosen or BILLS:
        measure(name, rows, folder)


def measure(name: str, rows: int, folder: Path) -> None:
    """One format: the raw copy's better run of two, and the ingest."""
    bill, home = BILLS[name], folder / "home"
    files = bill.make(folder, rows)
    shutil.rmtree(home, ignore_errors=True)
    target = str(folder / "raw.parquet")
    raw = min((apart(RAW, bill.relation(files), target) for _ in range(2)), key=lambda run: float(run["cpu"]))
    ours = apart(OURS, str(home), *map(str, files))
    table = [
        {
            "what": what,
            "CPU s": run["cpu"],
            "rows per CPU s": rows / run["cpu"],
            "peak MB": run["peak_mb"],
            "ratio": raw["cpu"] / run["cpu"],
        }
        for what, run in (("raw DuckDB COPY", raw), (f"ingest by {ours['mapping']}", ours))
    ]
    size = sum(file.stat().st_size for file in files) >> 20
    show(f"Ingest of {rows:,} lines of {bill.title} ({size} MB)", table)
    show("What it is spent on", [{"part": part, "CPU s": seconds} for part, seconds in ours["parts"].items()])


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")), Path(sys.argv[2]), sys.argv[3:])
