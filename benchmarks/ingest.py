"""Ingest of FOCUS rows from Parquet against a raw DuckDB COPY of the same file: rows per CPU second, and where the rest goes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import apart, show

RAW = """
import duckdb, resource
source, target = sys.argv[1:3]
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF); return u.ru_utime + u.ru_stime
c = duckdb.connect(config={"threads": "2", "memory_limit": "850MB", "preserve_insertion_order": "false", "temp_directory": target + ".tmp"})
began = cpu()
c.execute(f"COPY (FROM read_parquet('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
result = {"cpu": cpu() - began}
"""

OURS = """
import resource
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF); return u.ru_utime + u.ru_stime
source, home = sys.argv[1:3]
began = cpu()
import finopsmetrics.store.profile as profile, finopsmetrics.store.writing as writing, finopsmetrics.store.ingest as ingest
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
watch(ingest, "take", "copy and hash"); watch(profile, "_plain_columns", "look at columns"); watch(profile, "_count", "checks")
watch(profile, "_sums", "sums before"); watch(writing, "_copy", "write"); watch(writing, "_read_back", "sums after"); watch(writing, "_roll_up", "rollup")
with Workspace(home) as w:
    report = w.ingest([source])[0]
    answer = w.costs.get_costs(group_by="ServiceName", time_range="all")
total = cpu() - began
result = {"cpu": total, "rows": report.rows, "parts": spent, "receipt": answer.receipt.id}
"""


def main(folder: Path, source: Path, rows: int) -> Path:
    """Measure, print, and leave the home for the measurements that follow."""
    home = folder / f"home-{rows}"
    raw = min((apart(RAW, str(source), str(folder / "raw.parquet")) for _ in range(2)), key=lambda run: float(run["cpu"]))
    if home.exists():
        import shutil

        shutil.rmtree(home)
    ours = apart(OURS, str(source), str(home))
    table = [
        {
            "what": "raw DuckDB COPY",
            "CPU s": raw["cpu"],
            "rows per CPU s": rows / raw["cpu"],
            "peak MB": raw["peak_mb"],
            "ratio": 1.0,
        },
        {
            "what": "ingest, first answer and receipt included",
            "CPU s": ours["cpu"],
            "rows per CPU s": rows / ours["cpu"],
            "peak MB": ours["peak_mb"],
            "ratio": raw["cpu"] / ours["cpu"],
        },
    ]
    show(f"Ingest of {rows:,} FOCUS 1.4 rows from Parquet", table)
    rest = ours["cpu"] - sum(ours["parts"].values())
    parts = {**ours["parts"], "start, Iceberg, state, answer": rest}
    show(
        "What the ingest is spent on",
        [{"part": name, "CPU s": seconds, "share": f"{seconds / ours['cpu']:.0%}"} for name, seconds in parts.items()],
    )
    return home
