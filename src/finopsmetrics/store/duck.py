"""DuckDB for writing: connections with bounded memory, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.core.errors import StoreError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WRITE_MEMORY = "850MB"
ROW_GROUP_ROWS = 61_440


@contextmanager
def writer(room: Path, memory: str = WRITE_MEMORY) -> Iterator[DuckDBPyConnection]:
    """A DuckDB connection for one piece of work: UTC, bounded memory, spilling into `room`, nothing loaded from outside."""
    import duckdb

    spill = room / "spill"
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": "2",
        "temp_directory": str(spill),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # it would write to standard output, in notebooks and `python -c`
    # It only helps aggregates over joins, and takes a second or two to find that a careful reading of costs has none.
    connection.execute("SET disabled_optimizers = 'partial_aggregate_pushdown'")
    try:
        yield connection
    except duckdb.OutOfMemoryException as error:
        cure = "Close other work on this machine and try again; nothing was changed."
        raise StoreError("The work did not fit into its memory.", cure=cure, retryable=True) from error
    except duckdb.IOException as error:
        raise StoreError(f"A file could not be read or written: {first_line(error)}.", retryable=True) from error
    finally:
        connection.close()


def first_line(error: BaseException) -> str:
    """The first line of an engine's error, without its class."""
    line = str(error).strip().split("\n")[0].rstrip(".")
    return line.split("Error: ", 1)[-1]
