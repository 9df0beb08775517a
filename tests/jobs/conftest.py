"""A clock that is set by hand, and a home with the steps for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from finopsmetrics.runtime.jobs import JobBook
from finopsmetrics.runtime.workspace import Workspace
from finopsmetrics.store.database import Database
from tests.jobs import extra_steps


class Clock:
    """Gives the time that it was set to, UTC without zone."""

    def __init__(self, at: datetime = datetime(2026, 11, 20, 12)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **much: float) -> None:
        self.at += timedelta(**much)


@pytest.fixture(autouse=True, scope="package")
def steps() -> None:
    extra_steps.register()


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An up-to-date SQLite state without rows, to be copied."""
    path = tmp_path_factory.mktemp("state") / "state.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'state.db'}")
    made.upgrade()
    yield made
    made.close()


def jobs_of(workspace: Workspace) -> JobBook:
    return JobBook(workspace.opened.database, workspace.opened.now)


def until(true: Callable[[], object], seconds: float = 45) -> None:
    """Wait until something is so; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)


def begun(file: Path) -> bool:
    """Whether a step for tests has written its first line."""
    return file.exists() and file.read_text().endswith("\n")
