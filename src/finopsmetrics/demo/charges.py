"""Makes every charge of an estate in DuckDB, with decimals from end to end."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import duckdb

from finopsmetrics.demo.estate import Estate
from finopsmetrics.demo.tables import load

STEPS = ("usage", "commitments", "charges")


def statements(name: str) -> list[str]:
    """Return the statements of sql/`name`.sql without comments."""
    text = files("finopsmetrics.demo").joinpath(f"sql/{name}.sql").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def run(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    """Run sql/`name`.sql; each statement gets those of `values` that it names as $parameter."""
    for statement in statements(name):
        used = {key: value for key, value in values.items() if f"${key}" in statement}
        con.execute(statement, used)


def connect() -> duckdb.DuckDBPyConnection:
    """Return an empty in-memory database with UTC as its clock and two threads."""
    con = duckdb.connect(config={"threads": 2})
    con.execute("SET TimeZone = 'UTC'")
    return con


def make_charges(estate: Estate, con: duckdb.DuckDBPyConnection) -> None:
    """Load `estate` and fill the table `charge`: one row a charge, known before or on the end of the window."""
    load(estate, con)
    for step in STEPS:
        run(con, step, seed=estate.seed, end=estate.window.end)
    for made in ("usage", "covered", "term", "shape", "hour"):
        con.execute(f"DROP TABLE {made}")
