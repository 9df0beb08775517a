"""What a refused body is told: paths are keys of the body, messages are for people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from finopsmetrics.core.form import Form, form_of
from finopsmetrics.core.parts import OneOrMany, WordFor
from finopsmetrics.core.shapes import Amount, Tags
from finopsmetrics.core.spec import Fault, Name, Part, Path, Spec, SpecError
from finopsmetrics.kinds import KINDS


class Red(Part):
    """A variant that has a field by its own tag."""

    type: Literal["red"] = Field(description="Red.")
    red: Amount = Field(default=0, description="A field by the name of the tag.")  # type: ignore[assignment]
    blue: list[Name] = Field(default=[], description="Names.")


class Blue(Part):
    """The other variant."""

    type: Literal["blue", "azure"] = Field(description="Blue.")


Colour = Annotated[Red | Blue, Field(discriminator="type")]


class Picture(Spec, kind="picture"):
    """A kind with unions wherever they can be."""

    colour: Annotated[Colour, WordFor()] | None = Field(default=None, description="One.")
    colours: Annotated[list[Colour], OneOrMany()] = Field(default=[], description="Many.")
    named: dict[Name, Colour] = Field(default={}, description="By name.")
    tags: Tags = Field(default={}, description="Tags.")
    corners: tuple[int, int] | None = Field(default=None, description="Two.")


def faults(body: Any, spec: type[Spec] = Picture) -> list[tuple[Path, str]]:
    with pytest.raises(SpecError) as caught:
        spec.read(body)
    return [(fault.path, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"colour": {"type": "red", "red": -1}}, ("colour", "red")),
        ({"colour": {"type": "red", "red": {"red": 1}}}, ("colour", "red")),
        ({"colour": {"type": "red", "blue": ["ok", "a/b"]}}, ("colour", "blue", 1)),
        ({"colour": {"type": "blue", "blue": 1}}, ("colour", "blue")),
        ({"colour": {"type": "azure", "azure": 1}}, ("colour", "azure")),
        ({"colour": {"type": "green"}}, ("colour",)),
        ({"colour": {}}, ("colour",)),
        ({"colour": "green"}, ("colour",)),
        ({"colours": [{"type": "blue"}, {"type": "red", "red": "x"}]}, ("colours", 1, "red")),
        ({"colours": {"type": "red", "red": "x"}}, ("colours", "red")),
        ({"colours": "red"}, ("colours",)),
        ({"named": {"red": {"type": "red", "red": "x"}}}, ("named", "red", "red")),
        ({"named": {"a/b": {"type": "blue"}}}, ("named", "a/b")),
        ({"named": {"[key]": {"type": "red", "red": "x"}}}, ("named", "[key]", "red")),
        ({"tags": {"function-after[x]": 5}}, ("tags", "function-after[x]")),
        ({"tags": {"[key]": 5}}, ("tags", "[key]")),
        ({"tags": {"a-b": []}}, ("tags", "a-b")),
        ({"corners": [1, "x"]}, ("corners", 1)),
        ({"corners": [1]}, ("corners",)),
        ({"corners": [1, 2, 3]}, ("corners",)),
        ({"corners": 1}, ("corners",)),
        ({"str": 5}, ("str",)),
    ],
)
def test_a_path_holds_keys_of_the_body_and_nothing_else(body: dict[str, Any], path: Path) -> None:
    ((found, _message),) = faults({"name": "p", **body})
    assert found == path


def test_a_missing_field_is_told_where_it_is_missing() -> None:
    assert faults({}) == [((), "the field 'name' is needed")]
    body = {"name": "b", "amount": 1, "period": "monthly", "alerts": [{"threshold": 1}, {"on": "actual"}]}
    assert faults(body, KINDS["budget"]) == [(("alerts", 1), "the field 'threshold' is needed")]


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("budget", {"amount": 0}, "0 is too small: it must be above 0"),
        ("budget", {"amount": "12 EUR"}, "'12 EUR' is no number; write it as 12.34"),
        ("budget", {"amount": "0.0000000000000000001"}, "1E-19 has more than 18 decimal places"),
        ("budget", {"period": "montly"}, "'montly' is not known here (did you mean 'monthly'?)"),
        ("budget", {"period": 5}, "5 is not known here; there are custom, monthly, quarterly, rolling, yearly"),
        ("budget", {"currency": "usd"}, "a currency is written in three capitals (ISO 4217), such as USD"),
        ("budget", {"amout": 5}, "there is no field 'amout' (did you mean 'amount'?)"),
        ("budget", {"name": "a/b"}, "a name holds letters, digits, spaces and marks, but no slash, no backslash, no line break"),
        ("budget", {"name": ""}, "a text is needed here"),
        ("budget", {"name": "x" * 121}, "this text is longer than 120 letters"),
        ("budget", {"name": 7}, "7 is no text; put it in quotes"),
        ("budget", {"name": None}, "a text is needed here, not null"),
        ("budget", {"enabled": "perhaps"}, "'perhaps' is neither true nor false"),
        ("budget", {"start": "soon"}, "'soon' is no date; write it as 2025-01-31"),
        ("budget", {"alerts": [{"threshold": 80}]}, "80 would be 8000 %; write 80% or 0.8 for eighty per cent"),
        ("budget", {"alerts": 5}, "a list is needed here, not 5"),
        ("budget", {"filters": {"a": {}}}, "the filter 'a' cannot be '{}'. Give a text"),
        ("budget", {"condition": "a ==="}, "line 1, column 3: found '==='. Write ==."),
        ("team", {"lead": "a\nb"}, "one line of text is needed here, without line breaks"),
        ("role", {"permissions": ["all"]}, "a permission is <what>:<verb>, such as budget:write or costs:*"),
        ("role", {"permissions": []}, "at least 1 of these must be given"),
        ("policy", {"action": "prvent"}, "the type 'prvent' is not known here (did you mean 'prevent'?)"),
        (
            "policy",
            {"action": {"approvers": []}},
            "a `type` is needed; there are alert, prevent, remediate, require_approval, tag",
        ),
        ("report", {"schedule": "daily"}, "'daily' is no schedule; write five cron fields"),
        ("report", {"format": "docx"}, "'docx' is not known here"),
        ("report", {"zone": "Mars"}, "'Mars' is no time zone; write one such as UTC or Europe/Berlin"),
        ("report", {"template": "two words"}, "one word is needed: a letter, then letters, digits"),
        ("report", {"time_range": "whenever"}, "'whenever' is not a window of time"),
        ("forecast", {"horizon": "6 months"}, "'6 months' is no horizon; write 30d, 8w, 6m (months) or 1y"),
        ("anomaly_detector", {"model": {"type": "a", "sensitivity": 2, "window": "7d"}}, "2 is too large: it may be at most 1"),
        ("anomaly_detector", {"model": {"type": "a", "sensitivity": 1, "window": "7"}}, "'7' is no duration; write 30m, 24h"),
        ("connection", {"secrets": {"token": "xoxb-1"}}, "a secret is never written here: name where it is kept"),
        (
            "notification_preference",
            {"quiet_hours": {"start": "22", "end": "07:00"}},
            "a time of day is written as 08:30 or 22:00",
        ),
        (
            "scenario",
            {"changes": [{"service": "a", "change": "more"}, {"service": "a", "change": "50 %"}]},
            "a change is +50%, -20%",
        ),
        ("approval_workflow", {"stages": [{"stage": "s", "approvers": []}]}, "at least 1 of these must be given"),
        ("dashboard", {"widgets": [{"type": "a", "position": [0]}]}, "more values are needed here"),
    ],
)
def test_messages_are_for_people(kind: str, fields: dict[str, Any], message: str) -> None:
    ((_path, told),) = faults({**KINDS[kind].example, **fields}, KINDS[kind])
    assert told.startswith(message)
    assert "[" not in told.split("Give")[0] or "[key]" in told


def test_an_error_names_the_places_and_the_page() -> None:
    with pytest.raises(SpecError) as caught:
        KINDS["team"].read({"name": "a", "lead": 5, "x/y~z": 1})
    error = caught.value
    assert str(error).startswith("This is no valid team: /lead: 5 is no text; put it in quotes; /x~1y~0z: there is no field")
    assert "docs/kinds/team.md" in str(error)
    assert (error.kind, error.code, error.http_status, error.exit_code) == ("team", "spec", 422, 2)
    many = SpecError("team", [Fault(("a", number), "no") for number in range(7)])
    assert "(and 2 more)" in str(many)


def test_what_is_no_mapping_is_refused() -> None:
    for body in ([1], "text", None, 5):
        assert faults(body) == [((), "a mapping with fields is needed here")]


def test_forms_are_closed() -> None:
    assert form_of(Amount) == Form("number", label="amount")
    assert form_of(Tags | None) == Form("map", of=Form("text"), label="tags")
    assert form_of(tuple[int, int]) == Form("list", of=Form("whole"), size=2)
    assert set(form_of(Colour).variants) == {"red", "blue", "azure"}
    for annotation in (int | str, bytes, dict[int, str], set[str], Picture | Red, float, tuple[int, str]):
        with pytest.raises(TypeError):
            form_of(annotation)
