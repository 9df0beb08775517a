"""Turns what the parser stumbled over into a ConditionError: where, what was found, and what to write instead."""

from __future__ import annotations

from lark import UnexpectedInput, UnexpectedToken

from finopsmetrics.core.errors import ConditionError

SYMBOLS = {
    "=>": "Write >=.",
    "=<": "Write <=.",
    "===": "Write ==.",
    "!==": "Write !=.",
    "<>": "Write !=.",
    "&&": "Write AND.",
    "||": "Write OR.",
    "&": "Write AND.",
    "|": "Write OR.",
    "!": "Write NOT.",
    "=~": "Write MATCHES.",
    "~": "Write MATCHES.",
    "%": "A percent sign belongs right behind a number, as in 5%.",
    ",": "Commas stand only inside a list, as in IN [a, b].",
    "$": "Write amounts without a currency sign.",
    ";": "End the condition here, or join tests with AND.",
}
"""Signs of other languages, and what this one calls them. Longer signs come first."""

WORDS = {
    "LIKE": 'Write CONTAINS, STARTS WITH, ENDS WITH or MATCHES "regex".',
    "ILIKE": 'Write MATCHES "(?i)regex".',
    "BETWEEN": "Write x >= a AND x <= b.",
    "EXISTS": "Write x IS NOT NULL.",
    "STARTS": "Write STARTS WITH.",
    "ENDS": "Write ENDS WITH.",
    "IS": "IS is followed by NULL or NOT NULL; compare with ==.",
    "XOR": "Write (a AND NOT b) OR (b AND NOT a).",
}
"""Words of other languages, and what this one says."""

QUOTES = "\"'"
CURLY_QUOTES = "“”„‘’«»"


def explain(text: str, error: UnexpectedInput) -> ConditionError:
    """The error for people. `text` is the whole condition."""
    position = _position(text, error)
    symbol = _symbol(text, position)
    if symbol is not None:
        position, sign = symbol
        return _error(text, position, f"found {sign!r}.", SYMBOLS[sign])
    if position >= len(text.rstrip()):
        return _error(text, position, "the condition ends too early.", _expected(error))
    char = text[position]
    if text[position : position + 2].lstrip(".")[:1] in tuple(QUOTES) and not isinstance(error, UnexpectedToken):
        quote = char if char in QUOTES else text[position + 1]
        return _error(text, position, "a quote is not closed.", f"Close the text with {quote}.")
    if char in CURLY_QUOTES:
        return _error(text, position, f"found the quote {char!r}.", 'Use straight quotes: "text".')
    if char == ")":
        return _error(text, position, "found a ) that closes nothing.", "Remove it, or open a parenthesis before.")
    found = str(error.token) if isinstance(error, UnexpectedToken) else char
    if isinstance(error, UnexpectedToken) and error.token.type == "COMPARE" and not error.expected >= {"COMPARE"}:
        return _error(text, position, f"found {found!r} behind a whole test.", "Write a < b AND b < c.")
    return _error(text, position, f"found {found[:40]!r}.", _word(text, position, found) or _expected(error))


def _position(text: str, error: UnexpectedInput) -> int:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text)
    position = error.pos_in_stream
    return len(text) if position is None else min(position, len(text))


def _error(text: str, position: int, cause: str, cure: str) -> ConditionError:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return ConditionError(cause, line=line, column=column, cure=cure)


def _symbol(text: str, position: int) -> tuple[int, str] | None:
    """A known foreign sign at the position, or one that began just before it (`=>` is read as `=` and then `>`)."""
    for sign in SYMBOLS:
        for start in range(max(0, position - len(sign) + 1), position + 1):
            if text.startswith(sign, start) and start + len(sign) > position:
                return start, sign
    return None


def _word(text: str, position: int, found: str) -> str | None:
    """A cure for the word found, or for the word right before it (`EXISTS x` stumbles over x)."""
    before = text[:position].split()
    return WORDS.get(found.upper()) or (WORDS.get(before[-1].upper()) if before else None)


_AFTER_VALUE = frozenset({"COMPARE", "_IN", "TEXT_TEST"})
_VALUE = frozenset({"FIELD", "NUMBER", "STRING"})


def _expected(error: UnexpectedInput) -> str:
    expected = frozenset(getattr(error, "expected", None) or getattr(error, "allowed", None) or ())
    if "LSQB" in expected:
        return 'Write a list in square brackets, as in IN ["a", "b"].'
    if expected >= _VALUE:
        return "Write a field name, a number or a quoted text here."
    if "STRING" in expected:
        return "Write a quoted regular expression here."
    if expected >= _AFTER_VALUE:
        return 'Write a test such as == "value" behind the name, or join tests with AND or OR.'
    if "RPAR" in expected:
        return "Close the parenthesis with )."
    return "Join tests with AND or OR." if "_AND" in expected else "See the condition reference for what can stand here."
