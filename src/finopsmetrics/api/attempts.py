"""How often an address may fail to prove who it is: ten times a minute, then it waits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import HTTPConnection

from finopsmetrics.iam.errors import TooManyAttemptsError

ALLOWED, WITHIN = 10, 60.0
MOST_ADDRESSES = 10_000


class Attempts:
    """Failed proofs by address, of the last minute. Safe for threads; one process counts for itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, connection: HTTPConnection) -> None:
        """Raise TooManyAttemptsError when the address failed too often."""
        with self._lock:
            times = self._recent(_address(connection))
            if len(times) >= ALLOWED:
                wait = int(WITHIN - (self._clock() - times[0])) + 1
                raise TooManyAttemptsError("There were too many failed attempts from this address.", wait)

    def failed(self, connection: HTTPConnection) -> None:
        """Note a failed proof."""
        with self._lock:
            self._recent(_address(connection)).append(self._clock())

    def _recent(self, address: str) -> deque[float]:
        times = self._failed.setdefault(address, deque(maxlen=ALLOWED))
        self._failed.move_to_end(address)
        while times and self._clock() - times[0] > WITHIN:
            times.popleft()
        while len(self._failed) > MOST_ADDRESSES:
            self._failed.popitem(last=False)
        return times


def _address(connection: HTTPConnection) -> str:
    """The address that a connection comes from; of IPv6 the network, which one host can hold whole."""
    host = connection.client.host if connection.client else "unknown"
    return ":".join(host.split(":")[:4]) if ":" in host else host
