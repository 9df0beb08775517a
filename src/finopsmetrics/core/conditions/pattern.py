"""Regular expressions of MATCHES: a subset with one meaning in every engine and no way to blow up.

Allowed: characters, `.`, classes with `\\d \\w \\s` (ASCII, as in RE2), groups, `|`, `* + ? {n,m}` (lazy forms too), `^ $`
for the very start and end of the text, `(?i)` in front for ASCII letters of either case. A pattern is searched for
anywhere in the text. Refused: look-around, backreferences, `\\b`, named groups, an open-ended repeat inside another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from finopsmetrics.core.conditions.classes import ANY, Ranges, chars, escape_class, fold, union, written_class
from finopsmetrics.core.errors import ConditionError

MAX_PATTERN = 1_000
"""Characters in a pattern, and states it may expand to (RE2 refuses more repeats)."""

MAX_GROUPS = 50
"""Levels of parentheses in a pattern."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Edge:
    """The start (`^`) or the end (`$`) of the text."""

    side: Literal["^", "$"]


@dataclass(frozen=True, slots=True)
class Sequence:
    """Patterns one after another; none at all is the empty text."""

    items: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several patterns."""

    branches: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A pattern `low` to `high` times; no `high` is open-ended."""

    item: Pattern
    low: int
    high: int | None


Pattern: TypeAlias = Chars | Edge | Sequence | Choice | Repeat


@lru_cache(maxsize=1024)
def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Raises ConditionError (without a position) with the cure for what is refused."""
    if len(text) > MAX_PATTERN:
        raise _refused(f"the pattern has more than {MAX_PATTERN} characters.", "Split it into several tests.")
    reader = _Reader(text)
    pattern = reader.choice(0)
    if reader.position < len(text):
        raise _refused("the pattern closes a group that was not opened.", r"Write \) for the character itself.")
    if _size(pattern) > MAX_PATTERN:
        raise _refused("the pattern repeats too much.", f"Keep the repeats together below {MAX_PATTERN} characters.")
    return pattern


def write_pattern(pattern: Pattern) -> str:
    """The pattern in the plainest form, which RE2, Java and PostgreSQL read alike."""
    match pattern:
        case Chars():
            return written_class(pattern.ranges)
        case Edge():
            return pattern.side
        case Sequence():
            return "".join(f"(?:{write_pattern(i)})" if isinstance(i, Choice) else write_pattern(i) for i in pattern.items)
        case Choice():
            return "|".join(write_pattern(branch) for branch in pattern.branches)
        case Repeat():
            item = write_pattern(pattern.item)
            item = item if isinstance(pattern.item, Chars) else f"(?:{item})"
            return f"{item}{_QUANTIFIERS.get((pattern.low, pattern.high)) or _counted(pattern.low, pattern.high)}"


_QUANTIFIERS = {(0, None): "*", (1, None): "+", (0, 1): "?"}


def _counted(low: int, high: int | None) -> str:
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"


class _Reader:
    """A recursive-descent reader; its depth is bounded by MAX_GROUPS."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.any_case = text.startswith("(?i)")
        self.position = 4 if self.any_case else 0

    def choice(self, depth: int) -> Pattern:
        if depth > MAX_GROUPS:
            raise _refused(f"groups are nested more than {MAX_GROUPS} deep.", "Simplify the pattern.")
        branches = [self.sequence(depth)]
        while self.take("|"):
            branches.append(self.sequence(depth))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self, depth: int) -> Pattern:
        items: list[Pattern] = []
        while self.position < len(self.text) and self.text[self.position] not in "|)":
            items.append(self.repeats(self.atom(depth)))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def atom(self, depth: int) -> Pattern:
        char = self.next()
        if char == "(":
            return self.group(depth)
        if char == "[":
            return self.chars(self.char_class())
        if char in "^$":
            return Edge("^" if char == "^" else "$")
        if char == ".":
            return Chars(ANY)
        if char in "*+?{":
            raise _refused(f"{char!r} repeats nothing.", f"Write \\{char} for the character itself.")
        if char == "\\":
            return self.escaped()
        return self.chars(chars(char))

    def group(self, depth: int) -> Pattern:
        if self.text.startswith("?", self.position) and not self.take("?:"):
            cure = "Use plain groups (...) or two conditions; (?i) stands only in front."
            raise _refused("look-around, named groups and flags are not allowed.", cure)
        inner = self.choice(depth + 1)
        if not self.take(")"):
            raise _refused("a group is not closed.", r"Close it with ), or write \( for the character itself.")
        return inner

    def escaped(self) -> Pattern:
        char = self.next()
        if char in "Az":
            return Edge("^" if char == "A" else "$")
        return self.chars(escape_class(char))

    def char_class(self) -> Ranges:
        negated = self.take("^")
        held: Ranges = ()
        first = True
        while first or not self.take("]"):
            low = self.class_item()
            if self.text.startswith("-", self.position) and self.text[self.position + 1 : self.position + 2] not in ("", "]"):
                self.position += 1
                high = self.class_item()
                if low[0][0] != low[-1][1] or high[0][0] != high[-1][1] or low > high:
                    raise _refused("a character range is out of order.", "Write it like [a-z], or put the - last.")
                low = ((low[0][0], high[0][0]),)
            held = union(held, low)
            first = False
        if self.any_case:
            held = fold(held)
        return union(held, negate=True) if negated else held

    def class_item(self) -> Ranges:
        char = self.next("a character class is not closed.", r"Close it with ], or write \[ for the character itself.")
        if char == "[":
            raise _refused("a [ stands inside a character class.", r"Write \[ for the character itself.")
        return escape_class(self.next()) if char == "\\" else chars(char)

    def repeats(self, item: Pattern) -> Pattern:
        bounds = self.quantifier()
        if bounds is None:
            return item
        low, high = bounds
        if isinstance(item, Edge) or not _size(item):
            raise _refused("a repeat follows something without characters.", "Repeat characters or groups of them.")
        if high is None and _varies(item):
            cure = "Repeat a single character or class, as in [a-z0-9-]+."
            raise _refused("an open-ended repeat holds another repeat, which can take forever.", cure)
        self.take("?")
        if self.text[self.position : self.position + 1] in ("*", "+", "?", "{"):
            raise _refused("a repeat follows a repeat.", "Keep one of them.")
        return Repeat(item, low, high)

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        if not self.take("{"):
            return None
        low, comma, high = self.text[self.position :].partition("}")[0].partition(",")
        closed = "}" in self.text[self.position :]
        if not (closed and _is_count(low) and (not high or _is_count(high))):
            raise _refused("a { does not open a repeat.", r"Write {2}, {2,} or {2,5}, or \{ for the character itself.")
        self.position += len(low + comma + high) + 1
        most = int(high) if high else None if comma else int(low)
        if most is not None and most < max(int(low), 1):
            raise _refused("a repeat ends before it begins.", "Write the smaller number first.")
        return int(low), most

    def chars(self, ranges: Ranges) -> Chars:
        return Chars(fold(ranges) if self.any_case else ranges)

    def take(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.position):
            return False
        self.position += len(sign)
        return True

    def next(self, cause: str = "the pattern ends too early.", cure: str = r"Write \\ for a backslash.") -> str:
        if self.position >= len(self.text):
            raise _refused(cause, cure)
        self.position += 1
        return self.text[self.position - 1]


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= MAX_PATTERN


def _size(pattern: Pattern) -> int:
    """How many single-character states the pattern expands to."""
    match pattern:
        case Chars():
            return 1
        case Edge():
            return 0
        case Sequence():
            return sum(_size(item) for item in pattern.items)
        case Choice():
            return sum(_size(branch) for branch in pattern.branches)
        case Repeat():
            return _size(pattern.item) * max(pattern.low, pattern.high or pattern.low + 1, 1)


def _varies(pattern: Pattern) -> bool:
    """True when a repeat that may take more or less lies inside."""
    match pattern:
        case Chars() | Edge():
            return False
        case Sequence():
            return any(_varies(item) for item in pattern.items)
        case Choice():
            return any(_varies(branch) for branch in pattern.branches)
        case Repeat():
            return pattern.low != pattern.high or _varies(pattern.item)


def _refused(cause: str, cure: str) -> ConditionError:
    return ConditionError(f"in the regular expression, {cause}", cure=cure)
