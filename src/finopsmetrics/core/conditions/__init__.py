"""The one condition language of policies, filters, tag rules, automation and row scopes (see docs/conditions.md)."""

from finopsmetrics.core.conditions.columns import Column, ColumnType, Resolve
from finopsmetrics.core.conditions.condition import Condition
from finopsmetrics.core.conditions.paths import Record
from finopsmetrics.core.conditions.tree import Path

__all__ = ["Column", "ColumnType", "Condition", "Path", "Record", "Resolve"]
