"""A home, opened: its state brought up to date, its lake, its engine. Everything above the store starts from one of these."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.store.database import Database
from finopsmetrics.store.engines.base import Engine
from finopsmetrics.store.home import Home
from finopsmetrics.store.ingest import Ingestor
from finopsmetrics.store.lake import Lake

if TYPE_CHECKING:
    from finopsmetrics.store.engines.duck import DuckEngine


class OpenedHome:
    """The parts of an open home, each made when it is first needed."""

    def __init__(self, home: Home, *, now: Callable[[], datetime] | None = None, engine: Engine | None = None) -> None:
        self.home = home
        self.now = now or (lambda: datetime.now(UTC).replace(tzinfo=None))
        self.database = Database(home.state_url)
        self.database.upgrade()
        self.lake = Lake(home, self.database)
        self._engine = engine
        self._duck: DuckEngine | None = None
        self._rooms = ExitStack()

    @property
    def engine(self) -> Engine:
        """The engine that answers: DuckDB, or Spark Connect when FINOPSMETRICS_ENGINE names one (`sc://host:port`)."""
        if self._engine is None:
            url = os.environ.get("FINOPSMETRICS_ENGINE", "duckdb")
            self._engine = self.duck if url == "duckdb" else _spark(url)
        return self._engine

    @property
    def duck(self) -> DuckEngine:
        """DuckDB over the home's folders, also where another engine answers about costs."""
        if self._duck is None:
            from finopsmetrics.store.engines.duck import DuckEngine

            # A room of its own: two processes that spill into one folder would write over each other's pages.
            room = self._rooms.enter_context(self.home.workroom())
            self._duck = DuckEngine([self.home.lake, self.home.cache], room / "spill")
        return self._duck

    @property
    def ingestor(self) -> Ingestor:
        """What takes deliveries in."""
        return Ingestor(self.home, self.database, self.now)

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        for engine in (self._engine, self._duck):
            if engine is not None:
                engine.close()
        self._rooms.close()
        self.database.close()


def open_home(root: str | Path | None = None, *, now: Callable[[], datetime] | None = None) -> OpenedHome:
    """Open a home by its folder, else by FINOPSMETRICS_HOME, else the default one."""
    return OpenedHome(Home.open(root), now=now)


def _spark(url: str) -> Engine:
    from finopsmetrics.store.engines.spark import SparkEngine

    return SparkEngine(url)
