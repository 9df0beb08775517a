"""Sets of characters in regular expressions, as sorted ranges of code points."""

from __future__ import annotations

from typing import TypeAlias

from finopsmetrics.core.errors import ConditionError

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Inclusive ranges of code points, sorted, neither touching nor overlapping."""

LAST = 0x10FFFF


def union(*sets: Ranges, negate: bool = False) -> Ranges:
    """All characters of the sets; or, negated, all others."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(part for ranges in sets for part in ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    if not negate:
        return tuple(merged)
    edges = [-1, *(edge for part in merged for edge in part), LAST + 1]
    gaps = ((edges[at] + 1, edges[at + 1] - 1) for at in range(0, len(edges), 2))
    return tuple((low, high) for low, high in gaps if low <= high)


def chars(text: str) -> Ranges:
    """The characters of a text."""
    return union(tuple((ord(char), ord(char)) for char in text))


ANY = union(chars("\n"), negate=True)
"""What `.` stands for: anything but a line break."""

DIGIT: Ranges = ((0x30, 0x39),)
SPACE = chars("\t\n\f\r ")
WORD = union(DIGIT, ((0x41, 0x5A), (0x61, 0x7A)), chars("_"))

_CLASSES = {"d": DIGIT, "s": SPACE, "w": WORD}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


def escape_class(char: str) -> Ranges:
    r"""The characters that a backslash and `char` stand for: `\d`, `\n`, `\.`. Raises ConditionError."""
    if char.lower() in _CLASSES:
        return union(_CLASSES[char.lower()], negate=char.isupper())
    if char in _CONTROLS:
        return chars(_CONTROLS[char])
    if char.isascii() and not char.isalnum() and char.isprintable():
        return chars(char)
    if char.isdigit():
        raise ConditionError("in the regular expression, backreferences are not allowed.", cure="Write the text out.")
    cause = f"in the regular expression, \\{char} is not allowed."
    raise ConditionError(cause, cure=r"Use \d \w \s \n \t, or a backslash before a punctuation mark.")


def fold(ranges: Ranges) -> Ranges:
    """The set with the other case of its ASCII letters."""
    others = []
    for low, high in ranges:
        for first, last, shift in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
            if max(low, first) <= min(high, last):
                others.append((max(low, first) + shift, min(high, last) + shift))
    return union(ranges, tuple(others))


def written_class(ranges: Ranges) -> str:
    """The set as a pattern: a character, or a class in square brackets."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return _escaped(ranges[0][0])
    negated = bool(ranges) and ranges[-1][1] == LAST
    shown = union(ranges, negate=True) if negated else ranges
    if not shown:
        return r"[\s\S]" if negated else r"[^\s\S]"
    parts = (_escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}" for low, high in shown)
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _escaped(code: int) -> str:
    char = chr(code)
    return f"\\{char}" if char.isascii() and char.isprintable() and not char.isalnum() and char not in " _" else char
