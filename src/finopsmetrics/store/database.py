"""The state database: SQLite on one machine, PostgreSQL for many. One way to read and one way to write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from finopsmetrics.core.errors import StoreError
from finopsmetrics.store.tables import lake_state

HEAD = "0009"
SWITCHING = 30.0  # seconds
_SCHEMA_LOCK = 7_205_301  # PostgreSQL advisory lock held while the schema is brought up to date


class Database:
    """Connections to the state: `read()` sees one consistent state, `write()` is alone among writers until it ends, and
    `change()` locks rows only.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.embedded = url.startswith("sqlite")
        self.engine = _engine(url, embedded=self.embedded)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state from its first read to its end."""
        options: dict[str, Any] = {} if self.embedded else {"isolation_level": "REPEATABLE READ"}
        with self._named_errors(), self.engine.connect().execution_options(**options) as connection:
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that excludes other writers; it commits at the end, or leaves the old state."""
        with (
            self._named_errors(),
            self.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            if not self.embedded:
                connection.execute(text("SELECT id FROM lake_state WHERE id = 1 FOR UPDATE"))
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """A transaction that locks the rows it changes, and on SQLite the whole file; for work that waits for no other writer.

        It may not write the audit trail, whose lines must follow one another: that takes `write()`.
        """
        with (
            self._named_errors(),
            self.engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def upgrade(self, to: str = HEAD) -> None:
        """Bring the schema up to date; quick when it is. Raises StoreError when a newer version made the state."""
        with self._named_errors():
            if self.revision() != to:
                self._migrate(to)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def revision(self) -> str | None:
        """The schema's revision; None when there is no schema."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return str(found) if found else None

    def _migrate(self, to: str) -> None:
        from finopsmetrics.store.migrations import upgrade

        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            if not self.embedded:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
            upgrade(connection, to)
            if connection.execute(lake_state.select()).first() is None:
                connection.execute(lake_state.insert().values(id=1, version=0, root=""))

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            cure = "Check that the state database can be reached, then try again."
            raise StoreError(f"The state database did not answer: {_first_line(error)}.", cure=cure, retryable=True) from error
        except SQLAlchemyError as error:
            raise StoreError(f"The state database refused: {_first_line(error)}.") from error


def _engine(url: str, *, embedded: bool) -> Engine:
    try:
        if not embedded:
            return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=20)
        engine = create_engine(url, poolclass=NullPool)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        cure = "Use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME (pip install finopsmetrics[postgres])."
        raise StoreError(f"The state URL cannot be used: {_first_line(error)}.", cure=cure) from error
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _on_begin, so that a writer is alone from its start
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 60000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        _patiently(cursor, f"PRAGMA {pragma}")
    cursor.close()


def _patiently(cursor: Any, statement: str) -> None:
    """Run a statement; while others turn a new database into WAL, SQLite refuses at once, without its busy timeout."""
    until = time.monotonic() + SWITCHING
    while True:
        try:
            cursor.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _on_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: BaseException) -> str:
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().split("\n")[0].rstrip(".")
