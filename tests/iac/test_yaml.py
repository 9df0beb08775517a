"""YAML as data with places: exact, unambiguous, and hostile files are refused with the place."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.iac.places import CodeError, Place, dotted
from finopsmetrics.iac.scalars import meaning
from finopsmetrics.iac.yaml_reader import MOST_VALUES, read_yaml


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(CodeError) as caught:
        read_yaml(text.encode() if isinstance(text, str) else text, "f.yaml")
    assert caught.value.exit_code == 1
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("1:30", "1:30"),
        ("012345678901", "012345678901"),
        ("1_000", "1_000"),
        ("80%", "80%"),
        ("7", 7),
        ("-0", 0),
        ("+12", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("0.1", Decimal("0.1")),
        ("1.50", Decimal("1.50")),
        (".5", Decimal("0.5")),
        ("5.", Decimal("5")),
        ("1e3", Decimal("1e3")),
        ("0.123456789012345678", Decimal("0.123456789012345678")),
        (".inf", ".inf"),
        (".nan", ".nan"),
        (".", "."),
        ("e3", "e3"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("9" * 5_000, "9" * 5_000),
    ],
)
def test_what_a_plain_word_means(word: str, value: Any) -> None:
    assert (meaning(word), type(meaning(word))) == (value, type(value))
    if word not in {"-", "~"}:
        assert read_yaml(f"a: {word}".encode(), "f").top == {"a": value}
    assert read_yaml(f"a: '{word}'".encode(), "f").top == {"a": word}


def test_places_are_those_of_the_tokens() -> None:
    text = "teams:\n  - name: ml\n    groups: [a, größe]\n\nroles:\n    x:   {permissions: [b]}\n"
    document = read_yaml(text.encode(), "f.yaml")
    assert document.keys["teams", 0, "groups"] == Place(3, 5)
    assert document.values["teams", 0, "groups", 1] == Place(3, 17)
    assert document.values["roles", "x", "permissions"] == Place(6, 24)
    assert document.keys["roles", "x"] == Place(6, 5)
    assert document.place(("teams", 0, "absent", 1)) == document.values["teams", 0] == Place(2, 5)
    assert str(document.fault(("teams", 0, "groups"), "there is no field 'groups'", "Do so.")).startswith(
        "f.yaml:3:5: teams[0].groups: there is no field 'groups'. Do so."
    )
    assert str(document.fault(("teams", 0, "groups"), "it is wrong")) == "f.yaml:3:13: teams[0].groups: it is wrong."
    assert read_yaml(b"\xef\xbb\xbfa: 1", "f").top == {"a": 1}
    assert read_yaml(b"", "f").top == read_yaml(b"# nothing\n", "f").top == {}
    assert read_yaml(b'{"a": [1, {"b": null}]}', "f").top == {"a": [1, {"b": None}]}


def test_aliases_and_merges_stand_for_what_they_name() -> None:
    text = (
        "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd: {<<: [{x: 9}, *a], z: 4}\ne: &e [*a, &n 5]\nf: [*e, *n]\ng: {'<<': 1}\n"
    )
    top = read_yaml(text.encode(), "f").top
    assert (top["b"], top["c"]) == ({"x": 1, "y": 3}, {"x": 1, "y": 2})
    assert top["d"] == {"x": 9, "y": 2, "z": 4}
    assert top["f"] == [[{"x": 1, "y": 2}, 5], 5]
    assert top["g"] == {"<<": 1}
    assert top["b"] is not top["c"]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3: b.c: this key is given twice. It stands on line 3 already"),
        ("a: {1: x}", "f.yaml:1:5: a: the key 1 is no text"),
        ("true: x", "f.yaml:1:1: the key true is no text"),
        ("a: {[1]: 2}", "f.yaml:1:5: a: this key is no text"),
        ("a: !!python/object:os.system x", "f.yaml:1:4: a: the tag tag:yaml.org,2002:python/object:os.system is not read"),
        ("a: !env X", "f.yaml:1:4: a: the tag !env is not read"),
        ("a: &a [*a]", "f.yaml:1:8: a[0]: *a stands within what it names"),
        ("a: *b", "f.yaml:1:4: a: there is no anchor &b above"),
        ("a: {<<: 1}", "f.yaml:1:9: a: << takes a mapping"),
        ("- 1", "f.yaml:1:1: the top of the file is no mapping"),
        ("text", "f.yaml:1:1: the top of the file is no mapping"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: this is a second document"),
        ("a:\n\t- 1", "f.yaml:2:1: no YAML"),
        ("a: b: c", "f.yaml:1:5: no YAML"),
        ("a: 1\nb: \x01", "f.yaml:2:1: no YAML"),
        (b"a: 1\nb: \xff", "f.yaml:2:1: the file is no UTF-8 text"),
        ("a: " + "[" * 60 + "]" * 60, "f.yaml:1:"),
        ("a: " + "[" * 100_000, "f.yaml:1:"),
        ("a: " + "{a: " * 500 + "}" * 500, "f.yaml:1:"),
        (b" " * (4 * 1024 * 1024 + 1), "f.yaml:1:1: the file is longer"),
    ],
)
def test_what_is_ambiguous_or_hostile_is_refused_with_its_place(text: str | bytes, start: str) -> None:
    assert refused(text)[0].startswith(start)


def test_a_bomb_of_aliases_is_refused_soon() -> None:
    names = "abcdefghijkl"
    lines = [f"a: &a [{', '.join('x' * 10)}]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in pairwise(names)]
    [fault] = refused("\n".join(lines))
    assert f"more than {MOST_VALUES} values" in fault


def test_all_wrong_keys_of_a_file_are_told_at_once() -> None:
    assert len(refused("a: 1\na: 2\nb: {1: 2, 2: 3}\nc: !x y\n")) == 4


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), max_size=12)
leaves = st.one_of(words, st.integers(-(10**30), 10**30), st.booleans(), st.none())
trees = st.dictionaries(
    words,
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20),
    max_size=5,
)


@given(trees, st.booleans())
def test_what_is_written_by_another_library_reads_back(tree: dict[str, Any], flow: bool) -> None:
    quoted = yaml.dump(tree, Dumper=Quoting, default_flow_style=flow, allow_unicode=True)
    document = read_yaml(quoted.encode(), "f.yaml")
    assert document.top == tree
    lines = quoted.split("\n")
    for path, place in document.keys.items():
        assert lines[place.line - 1][place.column - 1] in "'\"?", dotted(path)


class Quoting(yaml.SafeDumper):
    """Quotes every text, so that only the reader decides what the rest means."""


Quoting.add_representer(str, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"'))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_is_given_is_read_or_refused(data: bytes) -> None:
    try:
        found = read_yaml(data, "f").top
    except CodeError as error:
        found = {str(number): fault for number, fault in enumerate(error.faults) if fault.place >= Place(1, 1) and fault.message}
        assert len(found) == len(error.faults) > 0  # noqa: PT017
    assert isinstance(found, dict)


@given(st.text("-+.eE0123456789xo_abfnulltrs~", max_size=8))
def test_a_number_is_exactly_its_text(word: str) -> None:
    value = meaning(word)
    if (
        isinstance(value, (int, Decimal))
        and not isinstance(value, bool)
        and not word.startswith("0x")
        and not word.startswith("0o")
    ):
        assert value == Decimal(word)
    else:
        assert isinstance(value, (str, bool, int)) or value is None
