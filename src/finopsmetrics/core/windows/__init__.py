"""Windows of time: what people write (`30d`, `mtd`, `2026-Q2`, `2026-05..2026-07`) as exact UTC bounds."""

from finopsmetrics.core.windows.window import Kind, Window

__all__ = ["Kind", "Window"]
