"""Azurite, Microsoft's emulator of Azure storage, on loopback: `azurite` (session) gives the URL of its account."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "node" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
# The key that every Azurite has; Microsoft publishes it.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
READY_SECONDS = 30.0


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """The address of a storage account with this key; it ends with the tests."""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    if not SCRIPT.is_file():
        pytest.fail("Azurite is not installed: run `make setup`.")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="azurite-") as room:
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", room, "--silent", "--skipApiVersionCheck"]
        child = subprocess.Popen([node, str(SCRIPT), *options], cwd=room, start_new_session=True, stdout=subprocess.DEVNULL)
        try:
            _wait(child, port)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _wait(child: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        assert child.poll() is None, "Azurite ended by itself"
        assert time.monotonic() < deadline, "Azurite did not start in time"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
