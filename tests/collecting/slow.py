"""A slow line on loopback: what a server sends passes at a given pace, so that a transfer can be killed in its middle."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit


class SlowLine:
    """Listens on `url` and passes everything to and from `target`: `free` bytes at once, then a block each `pause` seconds."""

    def __init__(self, target: str, *, free: int = 1 << 20, pause: float = 0.2) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self.free, self.pause = free, pause
        self.heads: list[str] = []  # the beginnings of the requests that passed
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, asking: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := one.recv(1 << 16):
                if asking:
                    self.heads.append(data.decode("latin-1")[:2_000])
                elif passed > self.free:
                    time.sleep(self.pause)
                other.sendall(data)
                passed += len(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
