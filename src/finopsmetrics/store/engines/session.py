"""Spark Connect sessions: opening one that fails fast, and telling whose fault an error is."""

from __future__ import annotations

import re
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from finopsmetrics.core.errors import StoreError

DEFAULT_PORT = 15002
CONNECT_SECONDS = 5.0
RETRIES = 3

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # TIMESTAMP means without zone, as in the lake and in DuckDB
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # digits are kept or the query fails
    "spark.sql.ansi.enabled": "true",  # overflow is an error, not NULL
}

# What Spark and Sail say of a session they no longer have. Our views begin with fm_ (see views.view_name): when one of
# those is missing the session is a new one; a table that the query misspells is no reason to open another.
_SESSION_GONE = re.compile(
    r"INVALID_HANDLE\.SESSION|SESSION_(CLOSED|NOT_FOUND|CHANGED)|session \S+ is not running"
    r"|not found.*\bfm_\w+_[0-9a-f]{24}\b",
    re.IGNORECASE,
)
_AT_FAULT = ("AnalysisException", "ParseException", "IllegalArgumentException", "ArithmeticException")
_AT_FAULT_BASES = ("NumberFormatException", "DateTimeException", "ArrayIndexOutOfBoundsException")


def open_session(url: str) -> Any:
    """A new session of our own at `url`, in UTC. Raises StoreError in seconds when nobody answers."""
    builder = _import_session().builder
    _knock(url)
    try:
        session = builder.remote(url).create()
        _retry_briefly(session)
        for key, value in SETTINGS.items():
            session.conf.set(key, value)
    except Exception as error:
        raise _unreachable(url, error) from error
    return session


def is_sail(session: Any) -> bool:
    """Whether the server is Sail. Sail answers version() with its number; Spark adds the hash of its build."""
    version = session.sql("SELECT version() AS v").toArrow().column(0)[0].as_py()
    return " " not in str(version).strip()


def is_at_fault(error: BaseException) -> bool:
    """Whether the question is wrong, rather than the server or the files."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names.intersection(_AT_FAULT + _AT_FAULT_BASES))


def is_lost(session: Any, error: BaseException) -> bool:
    """Whether `error` can come from a session that the server no longer knows: its views and settings are gone."""
    return bool(session.is_stopped) or _SESSION_GONE.search(str(error)) is not None


def _import_session() -> Any:
    try:
        with warnings.catch_warnings(), _named_program():
            warnings.simplefilter("ignore", FutureWarning)
            from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise StoreError("The Spark engine is not installed.", cure="pip install finopsmetrics[spark]") from error
    return SparkSession


@contextmanager
def _named_program() -> Iterator[None]:
    """Name the running program for a moment: without a file (`python -c`) pyspark takes us for its doctests and exits."""
    program = sys.modules["__main__"]
    unnamed = not hasattr(program, "__file__")
    if unnamed:
        program.__file__ = __file__
    try:
        yield
    finally:
        if unnamed:
            del program.__file__


def _knock(url: str) -> None:
    """Open and close a plain connection first: the client by itself keeps trying a closed port for ten minutes."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "", address.port or DEFAULT_PORT), timeout=CONNECT_SECONDS):
            pass
    except OSError as error:
        raise _unreachable(url, error) from error


def _retry_briefly(session: Any) -> None:
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES, max_backoff=2_000)])


def _unreachable(url: str, error: BaseException) -> StoreError:
    line = str(error).split("\n")[0].rstrip(".")
    cure = "Start it (sail spark server), or correct the engine's address in the settings."
    return StoreError(f"No Spark Connect server answers at {url}: {line}.", cure=cure, retryable=True)
