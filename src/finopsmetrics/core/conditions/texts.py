"""Literals and names in condition text: reading them and writing them in their one canonical form."""

from __future__ import annotations

import re
from decimal import Decimal

from finopsmetrics.core.conditions.numbers import fits
from finopsmetrics.core.conditions.tree import Path
from finopsmetrics.core.errors import ConditionError

KEYWORDS = frozenset(["AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "MATCHES", "CONTAINS", "STARTSWITH", "ENDSWITH"])
"""Names that need backticks when used as a whole field name."""

MAX_PARTS = 20
"""Dotted parts of a field name."""

_NAME = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"""[^\W\d]\w*|`[^`\n]+`|"(?:[^"\\\n]|\\[^\n])+"|'(?:[^'\\\n]|\\[^\n])+'""")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_WRITTEN = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def read_text(quoted: str) -> str:
    r"""The text between quotes. `\n \t \r \" \' \\ \uXXXX` are escapes; any other backslash stands for itself.

    So a regular expression may be written as it is: `"\d+"`. Raises ConditionError (without a position) for a text that
    no table can hold.
    """
    return check_text(_ESCAPE.sub(_unescaped, quoted[1:-1]))


def check_text(text: str) -> str:
    """The text itself, if a table can hold it. Raises ConditionError for NUL and for halves of surrogate pairs."""
    if "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
        raise ConditionError("a text holds a character that no table can hold.", cure="Leave out NUL and surrogates.")
    return text


def write_text(text: str) -> str:
    """The text in double quotes, on one line."""
    return '"' + "".join(_WRITTEN.get(char) or _printable(char) for char in text) + '"'


def read_number(written: str) -> Decimal:
    """`12.5` or, a hundredth of it, `12.5%`. Raises ConditionError (without a position) outside DECIMAL(38,18)."""
    if len(written) > 100 or not fits(value := _decimal(written)):
        cure = "Use at most 20 digits before and 18 after the decimal point."
        raise ConditionError(f"the number {written[:50]} is too long.", cure=cure)
    return value


def write_number(value: Decimal) -> str:
    """All digits and no exponent: 0.05, -3, 100."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_path(written: str) -> Path:
    """The parts of a field name: `tags."cost center"` is `("tags", "cost center")`. Raises ConditionError."""
    return check_path(tuple(check_text(_part(found[0])) for found in _PART.finditer(written)))


def check_path(path: Path) -> Path:
    """The path itself, if it is not too long. Raises ConditionError (without a position)."""
    if len(path) > MAX_PARTS:
        raise ConditionError(f"a field name has more than {MAX_PARTS} parts.", cure="Quote a part that holds dots.")
    return path


def write_path(path: Path) -> str:
    """The field name; parts that are not plain names are quoted. Raises ConditionError for a name that cannot be."""
    first, rest = path[0], path[1:]
    plain = _NAME.fullmatch(first) is not None and (bool(rest) or first.upper() not in KEYWORDS)
    if not plain and (not first or "`" in first or "\n" in first):
        raise ConditionError(f"{first!r} cannot be a field name.", cure="Leave out backticks and line breaks.")
    if not all(rest):
        raise ConditionError("a field name has an empty part.", cure="Write tags.team, without doubled dots.")
    head = first if plain else f"`{first}`"
    return ".".join([head, *(part if _NAME.fullmatch(part) else write_text(part) for part in rest)])


def _decimal(written: str) -> Decimal:
    percent = written.endswith("%")
    sign, digits, exponent = Decimal(written.rstrip("%")).as_tuple()
    return Decimal((sign, digits, int(exponent) - 2 * percent))


def _part(written: str) -> str:
    if written[0] == "`":
        return written[1:-1]
    return read_text(written) if written[0] in "\"'" else written


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _NAMED.get(code, found[0])


def _printable(char: str) -> str:
    return char if char.isprintable() or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
