"""A rollup-served group-by over HTTP: latency at the 95th percentile, the server's memory, and the time of an import."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.measure import show

ASKED = "/api/v1/costs?group_by=ServiceName&range=2026-05&metric=billed"


def main(home: Path) -> None:
    """Start a server on loopback, ask it 300 times, and print."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "finopsmetrics"), "--home", str(home), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _wait(client)
            for _ in range(10):
                client.get(ASKED).raise_for_status()
            laps = []
            for _ in range(300):
                began = time.perf_counter()
                client.get(ASKED).raise_for_status()
                laps.append((time.perf_counter() - began) * 1000)
            status = Path(f"/proc/{server.pid}/status").read_text()
    finally:
        server.terminate()
        server.wait(20)
    peak = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    laps.sort()
    imports = [_import() for _ in range(5)]
    show(
        "Serving",
        [
            {"what": "group-by from the rollup over HTTP, median ms", "figure": statistics.median(laps)},
            {"what": "the same, 95th percentile ms", "figure": laps[int(len(laps) * 0.95)]},
            {"what": "server peak memory MB", "figure": peak},
            {"what": "import finopsmetrics, median s", "figure": statistics.median(imports)},
        ],
    )


def _wait(client: httpx.Client) -> None:
    for _ in range(200):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit("The server did not start.")


def _import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import finopsmetrics"], check=True)
    return time.perf_counter() - began
