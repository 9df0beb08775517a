"""Formats that plugins write: charges are handed to them in batches, and what they took is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finopsmetrics.plugins.base import ExportPlugin
from finopsmetrics.plugins.errors import ContractError, TimeLimitError
from finopsmetrics.store.plugin_book import plugins_of

if TYPE_CHECKING:
    import pyarrow
    from duckdb import DuckDBPyConnection

    from finopsmetrics.plugins.active import Active
    from finopsmetrics.store.opened import OpenedHome

_BATCH = 20_000  # rows


def exporters(opened: OpenedHome) -> dict[str, Active]:
    """The plugins that write a format, by the format's name."""
    found = plugins_of(opened).of(ExportPlugin)
    return {one.plugin.format: one for one in reversed(found) if isinstance(one.plugin, ExportPlugin)}


def hand_over(opened: OpenedHome, form: str, duck: DuckDBPyConnection, statement: str, draft: Path) -> int:
    """Let a plugin write the rows of a statement to `draft`; give how many it took.

    Raises PluginError, also when it left rows out or wrote no file.
    """
    manager, one = plugins_of(opened), exporters(opened)[form]
    plugin = one.plugin
    assert isinstance(plugin, ExportPlugin)
    source = duck.sql(statement).to_arrow_reader(_BATCH)
    taken = _Taken(source)

    def accept(_: None) -> int:
        if not taken.ended:
            raise ContractError(f"It took {taken.rows:,} rows and left the others.", cure="Write every batch.")
        if not draft.is_file():
            raise ContractError("It wrote no file.", cure="Write to the path that it is given.")
        return taken.rows

    try:
        rows: int = one.call("write", lambda: plugin.write(taken.reader(), draft), manager.limits.export, accept)
    finally:
        taken.stopped = True  # one that is too late reads no further
        manager.tally.settle()
    return rows


class _Taken:
    """Batches on their way to a plugin, counted."""

    def __init__(self, source: pyarrow.RecordBatchReader) -> None:
        self._source = source
        self.rows, self.ended, self.stopped = 0, False, False

    def reader(self) -> pyarrow.RecordBatchReader:
        """The batches as a reader."""
        import pyarrow

        return pyarrow.RecordBatchReader.from_batches(self._source.schema, self._batches())

    def _batches(self) -> Iterator[pyarrow.RecordBatch]:
        for batch in self._source:
            if self.stopped:
                raise TimeLimitError(0)
            self.rows += batch.num_rows
            yield batch
        self.ended = True
