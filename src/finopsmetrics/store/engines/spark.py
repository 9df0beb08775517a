"""Spark Connect as an engine: Sail (no JVM) or Spark, on one host or on many, over the lake's own Iceberg tables."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import QueryError, StoreError
from finopsmetrics.store.engines.base import TableSource, normalise
from finopsmetrics.store.engines.session import is_at_fault, is_lost, is_sail, open_session
from finopsmetrics.store.engines.views import create_view, view_name

if TYPE_CHECKING:
    import pyarrow

VIEWS_KEPT = 64
"""Views of older snapshots stay this long, so that a query that started before a commit still finds its tables."""

_WITH = re.compile(r"\s*WITH\s+(?!RECURSIVE\b)", re.IGNORECASE)


class SparkEngine:
    """An engine behind `sc://host:port`. Connects on first use; safe for many threads; one session per instance.

    A table is registered once per snapshot under a name of its own, and each query binds its tables' names to exactly the
    snapshots it was given: two queries over two snapshots can run at the same time.
    """

    name = "spark"
    dialect = "spark"

    def __init__(self, url: str) -> None:
        if not re.fullmatch(r"sc://[^/\s:]+(:\d+)?(/.*)?", url):
            raise StoreError(f"{url!r} is not a Spark Connect address.", cure="Write it as sc://host:15002.")
        self.url = url
        self._lock = threading.Lock()
        self._session: Any = None
        self._sail = False
        self._views: OrderedDict[str, str] = OrderedDict()

    def query(self, sql: str, tables: Sequence[TableSource]) -> pyarrow.Table:
        """The answer of one Spark SELECT over `tables` as Arrow, in the types of `normalise`.

        A session that the server forgot (idle, or restarted) is opened again once. Raises QueryError when the question is
        at fault, StoreError when the tables or the server are.
        """
        answer = self._attempt(sql, tables)
        return normalise(self._attempt(sql, tables, last=True) if answer is None else answer)

    def close(self) -> None:
        """Release the session on the server; a second call does nothing."""
        with self._lock:
            session, self._session = self._session, None
            self._views.clear()
        if session is not None:
            session.stop()

    def _attempt(self, sql: str, tables: Sequence[TableSource], last: bool = False) -> pyarrow.Table | None:
        """One try; None means that the session is gone and that a new one may do better."""
        session = self._connected()
        try:
            bound = self._bind(session, sql, tables)
            return session.sql(bound).toArrow()
        except StoreError:
            raise
        except Exception as error:
            if not last and is_lost(session, error):
                self._forget(session)
                return None
            raise _translated(error, self.url) from error

    def _connected(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = open_session(self.url)
                self._sail = is_sail(self._session)
            return self._session

    def _forget(self, session: Any) -> None:
        with self._lock:
            if self._session is session:
                self._session = None
                self._views.clear()

    def _bind(self, session: Any, sql: str, tables: Sequence[TableSource]) -> str:
        """`sql` with each table name bound to the view of its snapshot, by common table expressions in front."""
        if not tables:
            return sql
        pairs = [(table.name, self._registered(session, table)) for table in tables]
        bindings = ", ".join(f"`{name}` AS (SELECT * FROM `{view}`)" for name, view in pairs)
        inner = _WITH.match(sql)
        return f"WITH {bindings}, {sql[inner.end() :]}" if inner else f"WITH {bindings} {sql}"

    def _registered(self, session: Any, table: TableSource) -> str:
        view = view_name(table)
        with self._lock:
            if view not in self._views:
                create_view(session, table, view, sail=self._sail)
                self._views[view] = table.name
            self._views.move_to_end(view)
            while len(self._views) > VIEWS_KEPT:
                session.catalog.dropTempView(self._views.popitem(last=False)[0])
        return view


def _translated(error: Exception, url: str) -> QueryError | StoreError:
    line = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
    if is_at_fault(error):
        return QueryError(f"The query cannot be answered: {line}.", cure="Check the names and types in the query.")
    cure = f"Check that the Spark Connect server at {url} runs and can read the lake's files, then try again."
    return StoreError(f"The Spark engine failed: {line}.", cure=cure, retryable=True)
