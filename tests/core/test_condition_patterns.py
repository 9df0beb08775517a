"""Regular expressions of MATCHES: the automaton, Python's re and RE2 (in DuckDB) find the same; nothing blows up."""

from __future__ import annotations

import re
import time

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from finopsmetrics.core.conditions import automaton as automata
from finopsmetrics.core.conditions.automaton import automaton
from finopsmetrics.core.conditions.pattern import parse_pattern, write_pattern
from finopsmetrics.core.errors import ConditionError

atoms = st.sampled_from(
    ["a", "b", "é", ".", "[ab]", "[^a]", "[a-c0-9-]", r"\d", r"\w", r"\s", r"\.", r"\S", r"[\d.]", "[]a]", "_", "-", "/"]
)
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])),
        st.builds("{}{}".format, atoms, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "+?"])),
        inner.map("^{}".format),
        inner.map("{}$".format),
    ),
    max_leaves=8,
)
subjects = st.text(st.sampled_from("abcABé019 .-_/\n\t\v]"), max_size=8)


def reference(pattern: str, text: str) -> bool:
    """Python's own engine, with the meanings of the language: ASCII classes, `$` only at the very end, \\s without \\v."""
    translated = pattern.replace(r"\s", r"[\t\n\f\r ]").replace(r"\S", r"[^\t\n\f\r ]").replace("$", r"\Z")
    return re.search(translated, text, re.ASCII) is not None


@settings(deadline=None, max_examples=300)
@given(st.lists(patterns, min_size=1, max_size=5), st.lists(subjects, min_size=1, max_size=5), st.booleans())
def test_three_engines_agree(sources: list[str], texts: list[str], any_case: bool) -> None:
    prefix = "(?i)" if any_case else ""
    accepted = []
    for source in sources:
        try:
            accepted.append((source, prefix + source, write_pattern(parse_pattern(prefix + source))))
        except ConditionError:
            continue
    assume(accepted)
    query = f"SELECT {', '.join(['regexp_matches(?, ?)'] * len(accepted) * len(texts))}"
    values = [value for text in texts for _, _, plain in accepted for value in (text, plain)]
    row = iter(duckdb.connect().execute(query, values).fetchall()[0])
    for text in texts:
        for source, whole, plain in accepted:
            found = automaton(whole).search(text)
            assert found is next(row), (whole, plain, text)
            if not any_case:
                assert found is reference(source, text), (whole, text)


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (".*-ml-.*", ["prod-ml-1", "-ml-"], ["ml", "prod-Ml-1"]),
        ("^prod-.*", ["prod-", "prod-x"], ["aprod-", "prod"]),
        (r"^\d{1,3}(\.\d{1,3}){3}$", ["10.0.0.1"], ["10.0.0", "1.2.3.4.5"]),
        ("(?i)^PROD|dev$", ["prod", "x-DEV"], ["xprod", "device"]),
        ("^$", [""], ["a"]),
        ("$^", [""], ["a"]),
        ("", ["", "a"], []),
        ("a|", ["", "b"], []),
        ("a^b", [], ["ab", "a\nb"]),
        (r"^[^\n]+\z", ["x"], ["x\n", ""]),
        ("(?i)[k-m]", ["L", "l"], ["\u212a", "j"]),
        (r"^\w$", ["a", "_"], ["é", "٣"]),
        ("^.$", ["😀", "é"], ["\n", "ab"]),
        ("x{0,2}y", ["y", "xxy"], ["x"]),
        (r"[\]\-^]", ["]", "-", "^"], ["\\", "["]),
    ],
)
def test_what_is_found(pattern: str, found: list[str], missed: list[str]) -> None:
    search = automaton(pattern).search
    assert [text for text in found if not search(text)] == []
    assert [text for text in missed if search(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        *("(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?P<n>a)", "(?i:a)", "a(?i)", r"(a)\1", r"\bfoo", r"\pL", "(a+)+", "(a*)*b"),
        *(
            "(a|b+)*",
            "(a?)+",
            "(a{1,3})*",
            "a**",
            "a{2}{3}",
            "*a",
            "a|*",
            "(",
            ")",
            "(a",
            "a)",
            "[a",
            "[]",
            "a\\",
            "[z-a]",
            "[[:alpha:]]",
        ),
        *(
            "a{",
            "a{,3}",
            "a{3,2}",
            "a{0}",
            "a{0,0}",
            "a{1001}",
            "(a{40}){40}",
            "^*",
            "()*",
            "(" * 60 + ")" * 60,
            "a" * 1001,
            r"[\d-z]",
        ),
        *("a++", "a*+", "(?>a)", "a{١}"),
    ],
)
def test_what_is_refused(pattern: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_pattern(pattern)
    assert caught.value.cure


@given(st.text(st.sampled_from(list(r"ab()[]{}|*+?^$\.-,019:=<!PidwWsSbAzZ")), max_size=12))
def test_any_text_gives_a_pattern_or_a_condition_error(text: str) -> None:
    try:
        pattern = parse_pattern(text)
    except ConditionError:
        return
    automaton(text).search("ab01")
    assert parse_pattern(write_pattern(pattern)) is not None
    duckdb.connect().execute("SELECT regexp_matches('a', ?)", [write_pattern(pattern)]).fetchall()


def test_searching_is_linear_where_backtracking_explodes() -> None:
    search = automaton("(a|aa|[a-z]|a{1,9}){30}.*.*.*.*=b$").search
    started = time.perf_counter()
    assert not search("a" * 20_000)
    assert time.perf_counter() - started < 5


def test_the_automaton_forgets_and_still_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automata, "MAX_MOVES", 3)
    search = automata.Automaton(parse_pattern("b[^x]*y$")).search
    text = "".join(map(chr, range(0x100, 0x200)))
    for _ in range(3):
        assert search(f"{text}b{text}y")
        assert not search(f"{text}b{text}x{text}y")
