"""The test services themselves: they start, they are ours alone, and they answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.services.sail import running_sail


def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]
    finally:
        engine.dispose()


def test_postgres_speaks_utf8_and_utc_on_loopback_only(postgres_database: str) -> None:
    sql = "SELECT current_setting('listen_addresses'), current_setting('TimeZone'), current_setting('server_encoding')"
    assert rows(postgres_database, sql) == [("127.0.0.1", "UTC", "UTF8")]


def test_postgres_wants_the_password(postgres_url: str) -> None:
    wrong = make_url(postgres_url).set(password="wrong").render_as_string(hide_password=False)
    with pytest.raises(OperationalError, match="password authentication failed"):
        rows(wrong, "SELECT 1")


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_an_empty_database(postgres_database: str, turn: int) -> None:
    engine = create_engine(postgres_database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_here (n int)"))
    engine.dispose()


def test_postgres_leaves_nothing_behind() -> None:
    """A run of its own: afterwards no folder and no listener of that server is left."""
    script = (
        "from tests.services.postgres import binaries, running_postgres\nwith running_postgres(binaries()) as url: print(url)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60, check=True)
    with pytest.raises(OperationalError, match="refused"):
        rows(done.stdout.strip(), "SELECT 1")


def test_sail_ends_with_its_context() -> None:
    import socket

    with running_sail(workers=1) as url:
        port = int(url.rsplit(":", 1)[1])
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
