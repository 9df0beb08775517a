"""Sections of a file: both ways to write a kind, what is refused and where, and where a rewritten part stands in the file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsmetrics.core.spec import Path, SpecError
from finopsmetrics.iac.section_shapes import SHAPES
from finopsmetrics.iac.sections import Declared, SectionsError, declarations
from finopsmetrics.kinds import KINDS
from tests.kinds.bodies import JSON


def faults(top: Any) -> list[tuple[Path, str]]:
    """All that is wrong with a file: with its sections, or with what they declare; by the way from the file's top."""
    try:
        found = declarations(top)
    except SectionsError as error:
        return [(fault.path, fault.message) for fault in error.faults]
    told = []
    for one in found:
        try:
            KINDS[one.kind].read(one.body)
        except SpecError as error:
            told += [(one.where(fault.path), fault.message) for fault in error.faults]
    return told


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_section_is_a_list_or_a_mapping(kind: str) -> None:
    spec, example = KINDS[kind], dict(KINDS[kind].example)
    other = example | {"name": "another"}
    rest = {key: value for key, value in example.items() if key != "name"}
    listed = declarations({spec.plural: [example, other]})
    mapped = declarations({spec.plural: {str(example["name"]): rest, "another": rest}})
    assert [(one.kind, one.name, one.path) for one in listed] == [
        (kind, example["name"], (spec.plural, 0)),
        (kind, "another", (spec.plural, 1)),
    ]
    assert [(one.kind, one.name, one.path) for one in mapped] == [
        (kind, example["name"], (spec.plural, example["name"])),
        (kind, "another", (spec.plural, "another")),
    ]
    read = [spec.read(one.body) for one in listed]
    assert read == [spec.read(one.body) for one in mapped] == [spec.read(example), spec.read(other)]


def test_the_order_of_the_file_is_kept() -> None:
    found = declarations({"teams": {"b": {}, "a": {}}, "origin": "repo", "version": 1, "budgets": None, "roles": [{"name": "r"}]})
    assert [(one.kind, one.name) for one in found] == [("team", "b"), ("team", "a"), ("role", "r")]


def test_an_unknown_section_names_the_nearest_and_all_faults_are_told_at_once() -> None:
    assert faults({"bugdets": [], "policies": 5, "teams": [3], "dashboards": {7: {}}}) == [
        (("bugdets",), "there is no section 'bugdets' (did you mean 'budgets'?)"),
        (("policies",), "a list of policies, or a mapping of names to them, is needed here"),
        (("teams", 0), "a mapping with fields is needed here"),
        (("dashboards", 7), "the name 7 is no text; put it in quotes"),
    ]
    assert faults({3: []}) == [((3,), "there is no section 3")]
    assert faults([])[0][0] == ()
    assert faults({"teams": {"a": {"name": "b"}}}) == [
        (("teams", "a", "name"), "this is named 'a' by its key; leave the other name out")
    ]


def test_two_of_a_name_are_refused() -> None:
    twice = [
        (("tagging_rules",), "the tag_rule 'tagging_rules' is declared twice; give each a name of its own"),
    ]
    rules = [{"pattern": "a", "tags": {"b": "c"}}]
    assert faults({"tag_rules": {"tagging_rules": {"rules": rules}}, "tagging_rules": rules}) == twice
    assert faults({"budgets": {"a": {"amount": 1, "period": "monthly"}}, "teams": {"a": {}}}) == []


def test_a_section_error_says_where_and_what_to_read() -> None:
    with pytest.raises(SectionsError) as caught:
        declarations({"bugdets": []})
    assert "/bugdets: there is no section 'bugdets' (did you mean 'budgets'?)" in str(caught.value)
    assert "docs/kinds/README.md" in str(caught.value)


@pytest.mark.parametrize(
    ("top", "place", "message"),
    [
        (
            {"budgets": [{"name": "a", "amount": 0, "period": "monthly"}]},
            ("budgets", 0, "amount"),
            "0 is too small: it must be above 0",
        ),
        ({"budgets": {"a/b": {"amount": 1, "period": "monthly"}}}, ("budgets", "a/b"), None),
        ({"tagging_rules": [{"pattern": "a"}]}, ("tagging_rules", 0), None),
        ({"tagging_rules": [{"pattern": "(", "tags": {"a": "b"}}]}, ("tagging_rules", 0, "pattern"), None),
        (
            {"tags": {"auto_tagging_rules": [{"pattern": "a", "tags": {"x": 5}}]}},
            ("tags", "auto_tagging_rules", 0, "tags", "x"),
            None,
        ),
        ({"tags": {"auto_taging_rules": []}}, ("tags", "auto_taging_rules"), None),
        (
            {"virtual_tags": {"cost_mapping": {"i-1": {"team": 5}}}},
            ("virtual_tags", "cost_mapping", "i-1", "team"),
            "5 is no text; put it in quotes",
        ),
        (
            {"virtual_tags": {"tag_rules": [{"resource_pattern": "a", "tags": {}}]}},
            ("virtual_tags", "tag_rules", 0, "tags"),
            None,
        ),
        ({"automation_policy": {"rules": [{"name": "a", "action": "shutdown"}]}}, ("automation_policy", "rules", 0), None),
        (
            {"automation_policy": {"ruels": []}},
            ("automation_policy", "ruels"),
            "there is no 'ruels' here (did you mean 'rules'?)",
        ),
        (
            {
                "shared_service_attribution": {
                    "resource_id": "r",
                    "attribution_method": "proportional",
                    "allocations": [{"service": "s", "queries": -1}],
                }
            },
            ("shared_service_attribution", "allocations", 0, "queries"),
            "-1 is too small: it must be at least 0",
        ),
        (
            {"shared_service_attribution": [{"attribution_method": "even", "allocations": [{"service": "s"}]}]},
            ("shared_service_attribution", 0),
            "the field 'name' is needed",
        ),
        ({"business_mapping": {"products": {"a": {}}}}, ("business_mapping", "products", "a"), None),
        ({"business_mapping": {"products": {"a": {"clusers": ["x"]}}}}, ("business_mapping", "products", "a", "clusers"), None),
        ({"business_mapping": {"products": []}}, ("business_mapping", "products"), None),
        ({"slack_approvals": [{"channel": "#a"}]}, ("slack_approvals", 0), None),
        (
            {"slack_approvals": [{"action": "a", "chanel": "#a"}]},
            ("slack_approvals", 0, "chanel"),
            "there is no field 'chanel' (did you mean 'channel'?)",
        ),
        ({"ownership_rules": [{"source": "tag", "map_to": "owner"}]}, ("ownership_rules", 0), "the source tag needs `tag_key`"),
        ({"resource_policies": [{"rule": "r", "action": "alert"}]}, ("resource_policies", 0), None),
        (
            {"resource_policies": [{"rule": "must_have_owner", "scope": "all", "action": "alert"}]},
            ("resource_policies", 0, "scope"),
            None,
        ),
        (
            {"resource_policies": [{"rule": "must_have_owner", "age_threshold": "soon", "action": "alert"}]},
            ("resource_policies", 0, "age_threshold"),
            "'soon' is no duration; write 24h or 7d",
        ),
        ({"resource_policies": [{"action": "alert"}]}, ("resource_policies", 0), None),
        ({"notification_rules": [{"persona": "cfo", "channels": ["a"], "alerts": ["b"]}] * 2}, ("notification_rules", 1), None),
        (
            {"approval_workflows": {"a": {"stages": [{"stage": "s", "approvers": "cto", "sla_hours": 0}]}}},
            ("approval_workflows", "a", "stages", 0, "sla_hours"),
            None,
        ),
    ],
)
def test_a_fault_stands_where_it_was_written(top: dict[str, Any], place: Path, message: str | None) -> None:
    ((found, told),) = faults(top)
    assert found == place
    assert message is None or told == message


def test_a_canonical_virtual_tag_may_end_in_mapping() -> None:
    found = declarations({"virtual_tags": {"my_mapping": {"resources": {"i-1": {"team": "a"}}, "override": True}}})
    assert KINDS["virtual_tag"].read(found[0].body).plain() == {
        "name": "my_mapping",
        "resources": {"i-1": {"team": "a"}},
        "override": True,
    }


def test_names_of_their_own_win() -> None:
    rules = [{"name": "mine", "source": "creator", "map_to": "team"}, {"source": "creator", "map_to": "owner"}]
    found = declarations({"ownership_rules": rules})
    assert [(one.name, one.body.get("priority")) for one in found] == [("mine", None), ("creator", 2)]


def test_a_resource_policy_with_a_condition_of_its_own() -> None:
    rule = {
        "rule": "big",
        "condition": 'a == "x" OR b == "y"',
        "scope": "unowned_resources",
        "age_threshold": "30m",
        "action": {"type": "prevent"},
    }
    (one,) = declarations({"resource_policies": [rule]})
    assert one.body["condition"] == 'resource.owner IS NULL AND (a == "x" OR b == "y") AND resource.age_hours > 0.5'
    assert KINDS["policy"].read(one.body).plain()["action"] == {"type": "prevent"}


def test_what_is_told_of_a_moved_part() -> None:
    one = Declared("k", "n", {}, ("s", 0), {("a",): ("s",), ("a", 0): ("t", 1)})
    assert one.where(()) == ("s", 0)
    assert one.where(("b", 1)) == ("s", 0, "b", 1)
    assert one.where(("a", 2, "x")) == ("s", 2, "x")
    assert one.where(("a", 0, "x")) == ("t", 1, "x")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({*SHAPES, *(spec.plural for spec in KINDS.values()), "x"})), JSON, max_size=3))
def test_any_file_is_read_or_refused(top: dict[str, Any]) -> None:
    before = repr(top)
    for path, message in faults(top):
        assert message
        assert path[0] in top
    assert repr(top) == before, "what was given is not changed"
