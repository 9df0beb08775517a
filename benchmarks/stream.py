"""The stream under many listeners: how soon all of them hear of a delivery, and whether memory grows with connections that went.

`python -m benchmarks.stream [CLIENTS]`; everything runs on loopback, clients in this process, the server in one of its own.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.measure import show

SERVE = """
import sys
from finopsmetrics.api.server import BackgroundServer
from finopsmetrics.iam import OWNER, IAMManager
from finopsmetrics.runtime.workspace import Workspace
with Workspace(sys.argv[1]) as workspace, BackgroundServer(workspace) as server:
    print(server.url, IAMManager(workspace.opened).tokens.create("bench", roles=["admin"], by=OWNER)[1], flush=True)
    sys.stdin.read()
"""
ASKED = {"id": "a", "costs": {"range": "all", "group_by": ["ServiceName"]}}


def entry(name: str) -> dict[str, object]:
    return {"id": name, "timestamp": "2026-05-17T10:00:00Z", "cost": "1", "service": "Compute"}


def held(process: subprocess.Popen[str]) -> float:
    """The memory that a process holds, in MB."""
    text = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


async def hear(socket: ClientConnection) -> float:
    await socket.recv()
    return time.monotonic()


async def told(url: str, proof: dict[str, str], clients: int) -> list[float]:
    """Seconds from a charge's being durable until each client heard of it."""
    address = url.replace("http", "ws") + "/api/v1/stream"
    sockets = [await connect(address, open_timeout=60, additional_headers=proof) for _ in range(clients)]
    for socket in sockets:
        await socket.send(json.dumps(ASKED))
    await asyncio.gather(*(hear(socket) for socket in sockets))
    waiting = [asyncio.create_task(hear(socket)) for socket in sockets]
    async with httpx.AsyncClient(timeout=60, headers=proof) as client:
        (await client.post(f"{url}/api/v1/cost-entries", json=[entry(f"new-{time.time_ns()}")])).raise_for_status()
    began = time.monotonic()
    heard = await asyncio.gather(*waiting)
    await asyncio.gather(*(socket.close() for socket in sockets))
    return [one - began for one in heard]


async def passed(url: str, proof: dict[str, str], times: int) -> None:
    """Connections that come, ask, are answered and go."""
    address = url.replace("http", "ws") + "/api/v1/stream"
    for _ in range(times):
        async with connect(address, open_timeout=60, additional_headers=proof) as socket:
            await socket.send(json.dumps(ASKED))
            await socket.recv()


def main(clients: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen([sys.executable, "-c", SERVE, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        url, token = server.stdout.readline().split()
        proof = {"Authorization": f"Bearer {token}"}
        httpx.post(f"{url}/api/v1/cost-entries", json=[entry("first")], timeout=60, headers=proof).raise_for_status()
        asyncio.run(passed(url, proof, 200))
        before = held(server)
        asyncio.run(passed(url, proof, 1_000))
        after = held(server)
        heard = sorted(asyncio.run(told(url, proof, clients)))
        server.terminate()
        server.wait()
    row = {"clients": clients, "median s": round(heard[len(heard) // 2], 2), "last s": round(heard[-1], 2)}
    show("The stream", [{**row, "MB after 200": round(before), "MB after 1,200 connects": round(after)}])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
