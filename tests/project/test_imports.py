"""The package starts quickly: nothing heavy is loaded before it is used, and every public name is there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import finopsmetrics
from finopsmetrics.cli.main import app

HEAVY = {"alembic", "duckdb", "fastapi", "lark", "numpy", "pandas", "pyarrow", "pyiceberg", "rich", "sqlalchemy", "sqlglot"}


def loaded(statement: str) -> set[str]:
    """The top packages that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(ran.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded("import finopsmetrics") & HEAVY == set()
    assert "duckdb" in loaded("import duckdb")  # or the test would see nothing


def test_the_command_line_starts_without_the_lake() -> None:
    heavy = HEAVY - {"rich"}
    assert loaded("import finopsmetrics.cli.main") & heavy == set()


@pytest.mark.parametrize("name", finopsmetrics.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(finopsmetrics, name) is not None


def test_a_name_that_is_not_public_is_missed() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = finopsmetrics.Nothing


def test_the_package_lists_its_names_once_and_knows_their_homes() -> None:
    assert sorted(finopsmetrics.__all__, key=str.lower) == sorted(set(finopsmetrics.__all__), key=str.lower)
    assert set(finopsmetrics._HOMES) | {"__version__"} == set(finopsmetrics.__all__)
    for name, home in finopsmetrics._HOMES.items():
        assert hasattr(importlib.import_module(home), name)


def test_the_installed_command_is_the_entry_point() -> None:
    [command] = entry_points(group="console_scripts", name="finopsmetrics")
    assert command.value == "finopsmetrics.cli.main:run"
    assert callable(command.load())
    assert app.registered_commands
