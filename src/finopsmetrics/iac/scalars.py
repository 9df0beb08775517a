"""What a plain word of YAML means, by YAML 1.2's core schema: `yes`, dates and 1:30 are text, numbers are exact."""

from __future__ import annotations

import re
from decimal import Decimal

Scalar = str | int | bool | Decimal | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,999})", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,200}", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]{1,200}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]{0,999})?(\.[0-9]{0,999})?(?<=[0-9.])([eE][-+]?[0-9]{1,3})?", re.ASCII)


def meaning(word: str) -> Scalar:
    """The value of an unquoted word. A number with a leading zero is text: it is an account's number, not an amount."""
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _HEXADECIMAL.fullmatch(word) or _OCTAL.fullmatch(word):
        return int(word, 0)
    if _NUMBER.fullmatch(word) and re.search(r"[0-9]", word.split("e", maxsplit=1)[0].split("E", maxsplit=1)[0]):
        return Decimal(word)
    return word
