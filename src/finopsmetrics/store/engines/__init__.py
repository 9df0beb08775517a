"""Engines: the same tables and the same questions on DuckDB (one machine) or on Spark Connect (many)."""

from finopsmetrics.store.engines.base import Engine, TableSource

__all__ = ["Engine", "TableSource"]
