"""Templates: any finding in any words; values are data, what is missing is left out, what is wrong is named by its line."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finopsmetrics.core.findings import SEVERITIES, SORTS, Finding, Link
from finopsmetrics.notifications.templates import TemplateError, Templates
from finopsmetrics.notifications.templates.composing import Telling, compose
from finopsmetrics.notifications.templates.reading import read_template
from finopsmetrics.store.findings import KeptFinding

NOW = datetime(2026, 5, 20, 12)
ALL = Templates.built_in()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
plain = st.one_of(st.none(), texts, st.integers(), st.booleans(), st.floats())
bodies = st.dictionaries(
    st.sampled_from(
        [
            "kind",
            "spent",
            "allowed",
            "over",
            "threshold",
            "budget",
            "period",
            "likely_cause",
            "context",
            "recommendations",
            "messages",
        ]
    ),
    st.one_of(plain, st.lists(plain, max_size=3), st.dictionaries(texts, plain, max_size=3)),
)
findings = st.builds(
    Finding,
    sort=st.sampled_from(SORTS),
    key=texts,
    title=texts,
    severity=st.sampled_from(SEVERITIES),
    where=st.one_of(st.none(), texts),
    start=st.one_of(st.none(), st.datetimes()),
    impact=st.one_of(st.none(), st.decimals(-(10**15), 10**15, places=6)),
    currency=st.one_of(st.none(), st.sampled_from(["USD", "AWS credits"])),
    body=bodies,
)
personas = st.one_of(
    st.none(),
    st.sampled_from(["cfo", "coo", "finance", "finance_analyst", "engineer", "business_lead", "infrastructure_leader", "nobody"]),
)
formats = st.sampled_from([None, "executive_summary", "technical_details", "cfo", "nonsense"])


def said(finding: Finding, persona: str | None = None, form: str | None = None, templates: Templates = ALL) -> Any:
    kept = KeptFinding(finding, "open", None, 1, NOW, NOW, NOW, (Link("https://t.example/1", "FIN-1"),))
    return compose(Telling(kept, NOW, finding.severity, "found"), templates.pick(persona, form))


@given(findings, personas, formats)
def test_any_finding_can_be_told_in_any_words(finding: Finding, persona: str | None, form: str | None) -> None:
    notice = said(finding, persona, form)
    own = str(finding)
    for text in (*notice.sentences, *(value for _, value in notice.facts)):
        assert text.strip()
        for odd in ("None", "nan", "NaN", "Infinity"):
            assert odd not in text or odd in own
    assert notice.title
    assert len(notice.recommendations) <= 10


def test_values_are_data_and_no_template() -> None:
    notice = said(Finding("anomaly", "k", "{impact} {{x}}", body={"likely_cause": "{title} {body.x}"}))
    assert notice.title == "{impact} {{x}}"
    assert any("{title} {body.x}" in one for one in notice.sentences)


def test_each_role_is_told_in_its_words_and_money_with_its_currency() -> None:
    body = {
        "kind": "budget_threshold",
        "budget": "ml",
        "period": "2026-05",
        "threshold": "1",
        "spent": "1234.5",
        "allowed": "1000",
        "over": "234.5",
    }
    over = Finding("violation", "k", "t", impact=Decimal("234.50"), currency="USD", body=body, start=NOW)
    cfo, engineer = said(over, "cfo"), said(over, "engineer", "technical_details")
    assert cfo.title == "ml is over its budget for 2026-05"
    assert dict(cfo.facts) == {"Over": "234.50 USD", "Spent": "1,234.50 USD", "Allowed": "1,000.00 USD"}
    assert dict(engineer.facts) != dict(cfo.facts)
    assert cfo.links == (("FIN-1", "https://t.example/1"),)
    no_money = said(Finding("violation", "k", "t", body={**body, "spent": None}), "cfo")
    assert not any("spent" in one for one in no_money.sentences)


def test_a_home_has_its_own_words(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "cfo_alerts.yaml").write_text(
        "default: short\nformats:\n  short:\n    sentences: ['{impact|words} by {context.team}']\n"
    )
    spike = Finding("anomaly", "k", "t", impact=Decimal(5), currency="USD", body={"team": "ml"})
    assert said(spike, "cfo", None, Templates.of_home(tmp_path)).sentences == ("5.00 USD by ml",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("default: [", r"x.yaml, line 1 is no YAML"),
        ("default: a\nformats:\n  b: {}\n", r"x.yaml, line 1, default: there is no format 'a'"),
        (
            "default: a\nformats:\n  a:\n    sentences:\n      - ok\n      - '{body}'\n",
            r"x.yaml, line 6, formats.a.sentences.1: there is no 'body'",
        ),
        ("default: a\nformats:\n  a:\n    title: '{impact|shout}'\n", r"line 4, formats.a.title: there is no form 'shout'"),
        ("default: a\nformats:\n  a:\n    title: 'a } b'\n", r"line 4, formats.a.title: a brace stands alone at 3"),
        ("default: a\nformats:\n  a:\n    alerts: {moon: {}}\n", r"line 4, formats.a.alerts.moon: there is no alert 'moon'"),
        ("default: a\nformats:\n  a:\n    odd: 1\n", r"line 4, formats.a.odd"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(text: str, told: str) -> None:
    with pytest.raises(TemplateError) as raised:
        read_template(text, "x.yaml")
    assert re.search(told, str(raised.value))
