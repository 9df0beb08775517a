"""What SQL of strangers may be: one SELECT over known tables, with functions that compute from their arguments alone.

Two parsers judge it: DuckDB's own, whose tree is what will run, and SQLGlot. Each part of DuckDB's tree must be of a sort
that is listed here; what a later DuckDB adds is refused until somebody has looked at it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

from finopsmetrics.core.errors import QueryError
from finopsmetrics.observability.sql_functions import FORMATS, FUNCTIONS, LARGEST, SIZED, TABLE_FUNCTIONS

LONGEST = 100_000
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r"[^A-Za-z0-9_\s\"']+")
_SORTS = """
BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA OPERATOR PARAMETER
POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW
"""
_KINDS = """
SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY
EMPTY_FROM PIVOT ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
"""
_EXPRESSIONS, _PARTS = frozenset(_SORTS.split()), frozenset(_KINDS.split())
_NARROW = re.compile(r"(?s)(?!.*([0-9]{4}|[*]|[{][^}]*[{])).*")
_ONE_SELECT = "Write one SELECT, or WITH … SELECT; nothing can be changed from here."


def refuse_odd_text(sql: str) -> None:
    """Refuse what no parser should be given: too long a text, or one that is no Unicode. Raises QueryError."""
    if len(sql) > LONGEST:
        raise QueryError(f"The statement is {len(sql):,} characters long; {LONGEST:,} are read.", cure="Shorten it.")
    if "\0" in sql or any("\ud800" <= letter <= "\udfff" for letter in sql):
        raise QueryError("The statement holds something that is no letter.", cure="Write it as plain text.")


def refuse_other_statements(kinds: Sequence[str]) -> None:
    """Refuse a text that is not one SELECT; `kinds` are its statements as DuckDB reads them. Raises QueryError."""
    if len(kinds) != 1:
        raise QueryError(f"There are {len(kinds)} statements instead of one.", cure=_ONE_SELECT)
    if kinds[0] != "SELECT":
        raise QueryError(f"{kinds[0]} is refused: the tables can only be read.", cure=_ONE_SELECT)


def tables_read(sql: str, tree: Mapping[str, Any], known: Collection[str]) -> set[str]:
    """The tables that a statement reads, as both parsers see it. Raises QueryError for whatever is not allowed."""
    seen = _Walk(known).tables(tree)
    other = _by_sqlglot(sql, known)
    if seen != other:
        raise QueryError("The statement can be read in two ways.", cure="Write table names plainly, without odd quotes.")
    return seen


class _Walk:
    """Judges DuckDB's tree, node by node, without recursion."""

    def __init__(self, known: Collection[str]) -> None:
        self.known = {name.lower() for name in known}
        self.named: set[str] = set()
        self.read: set[str] = set()

    def tables(self, tree: Mapping[str, Any]) -> set[str]:
        waiting: list[Any] = [tree["statements"]]
        while waiting:
            node = waiting.pop()
            if isinstance(node, list):
                waiting.extend(node)
            elif isinstance(node, dict):
                waiting.extend(self._judge(node))
        for name in self.read - self.named - self.known:
            raise _unknown(name, self.known)
        return self.read & self.known

    def _judge(self, node: dict[str, Any]) -> list[Any]:
        """Judge one node; give what is below it."""
        sort, kind = node.get("class"), node.get("type")
        if sort is not None and sort not in _EXPRESSIONS:
            raise QueryError(f"An expression of the sort {sort} is refused.", cure=_ONE_SELECT)
        if sort is None and isinstance(kind, str) and kind not in _PARTS and not kind.endswith("_TYPE_INFO"):
            shown = {"SHOW_REF": "DESCRIBE, SHOW or SUMMARIZE"}.get(kind, kind)
            raise QueryError(f"{shown} is refused: the tables can only be read.", cure=_ONE_SELECT)
        if "function_name" in node:
            self._function(node)
        if sort is None and kind == "BASE_TABLE":
            self._table(node)
        if "cte_map" in node:
            self._name(entry["key"] for entry in node["cte_map"]["map"])
        self._name(str(node[key]) for key in ("cte_name", "ctename") if key in node)
        if sort is None and kind == "TABLE_FUNCTION":
            function = node["function"]
            if str(function["function_name"]).lower() not in TABLE_FUNCTIONS or _path(function)[:-1]:
                raise _no_table_function(str(function["function_name"]))
            return [value for key, value in node.items() if key != "function"] + [function.get("arguments", [])]
        return list(node.values())

    def _function(self, node: dict[str, Any]) -> None:
        name = str(node["function_name"]).lower()
        if name not in FUNCTIONS and not _OPERATOR.fullmatch(name):
            raise _no_function(name)
        if name in SIZED:
            _refuse_size(name, _constant(node, SIZED[name]))
        if name in FORMATS and not _NARROW.fullmatch(_constant(node, 0) or "0000"):
            raise QueryError(f"{name} needs a plain format text.", cure="Write it in quotes, without widths of four digits.")

    def _table(self, node: dict[str, Any]) -> None:
        name = str(node["table_name"])
        if node.get("at_clause") is not None:
            raise QueryError("AT is refused: the tables are read as they are now.", cure=_ONE_SELECT)
        if node.get("schema_name") or node.get("catalog_name") or len(_path(node)) != 1:
            raise _unknown(".".join(_path(node)), self.known)
        self.read.add(name.lower())

    def _name(self, names: Any) -> None:
        """Names that WITH gives must be plain: no file can have such a name where DuckDB looks for one."""
        for name in names:
            if not _PLAIN.fullmatch(name):
                raise QueryError(f"WITH cannot name a table {name!r}.", cure="Use letters, digits and underscores.")
            self.named.add(name.lower())


def _constant(node: Mapping[str, Any], place: int) -> str | None:
    """The text of a function's argument where it is a constant (`5`, `'x'`)."""
    given = node.get("arguments") or []
    expression = given[place].get("expression", {}) if place < len(given) else {}
    literal = expression.get("literal") if expression.get("class") == "CONSTANT" else None
    return str(literal.get("text")) if isinstance(literal, dict) else None


def _refuse_size(name: str, size: str | None) -> None:
    if size is None or not size.isdigit() or int(size) > LARGEST:
        raise QueryError(f"{name} needs its size as a plain number.", cure=f"Write a number from 0 to {LARGEST:,}.")


def _path(node: Mapping[str, Any]) -> list[str]:
    return [str(part) for part in node.get("qualified_name", {}).get("path", [])]


def _by_sqlglot(sql: str, known: Collection[str]) -> set[str]:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        line = str(error).split("\n")[0].rstrip(".")
        raise QueryError(f"The statement cannot be read: {line}.", cure="Write it in DuckDB's SQL.") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise QueryError("This is not one SELECT.", cure=_ONE_SELECT)
    tree = trees[0]
    refused = tree.find(exp.DML, exp.DDL, exp.Command, exp.Into, exp.Pragma, exp.Set, exp.Describe, exp.Lock)
    if refused is not None and not isinstance(refused, exp.Query):
        raise QueryError(f"{refused.key.upper()} is refused: the tables can only be read.", cure=_ONE_SELECT)
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    read: set[str] = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            _refuse_function(table.this)
            continue
        name = ".".join(part.name for part in table.parts).lower()
        if name not in {one.lower() for one in known} and name not in named:
            raise _unknown(name, known)
        read.add(name)
    return read & {one.lower() for one in known}


def _refuse_function(function: exp.Expr) -> None:
    name = (function.name if isinstance(function, exp.Anonymous) else function.key).lower()
    if name not in TABLE_FUNCTIONS and name not in {"generateseries", "explode", "values"}:
        raise _no_table_function(name)


def _unknown(name: str, known: Collection[str]) -> QueryError:
    return QueryError(f"There is no table {name!r}.", cure=f"The tables are {', '.join(sorted(known))}.")


def _no_function(name: str) -> QueryError:
    cure = "Use DuckDB's functions of numbers, text, time, lists and JSON; those that reach outside the tables are closed."
    if name in TABLE_FUNCTIONS:
        cure = f"Write it after FROM: SELECT … FROM {name}(…)."
    return QueryError(f"The function {name!r} is refused here.", cure=cure)


def _no_table_function(name: str) -> QueryError:
    listed = ", ".join(sorted(TABLE_FUNCTIONS))
    return QueryError(f"The function {name!r} is refused after FROM.", cure=f"Of functions, only {listed} give rows.")
