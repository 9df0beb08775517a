"""Notices by hypothesis: any text, hostile ones too, of any length."""

from __future__ import annotations

import base64
from datetime import datetime

from hypothesis import strategies as st

from finopsmetrics.core.findings import SEVERITIES
from finopsmetrics.core.notices import Notice

HOSTILE = [
    "<!channel> <@U1> <https://evil.example|click>",
    "*bold* _it_ ~no~ `code` [t](https://evil.example) **b** # h",
    "<script>alert(1)</script><img src=https://evil.example/x.png onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>&lt;b&gt;&amp;",
    "Bcc: all@example.com\r\nX-Evil: 1\r\n\r\nbody",
    "{{DATE(2017-02-14T06:08:39Z, SHORT)}} ${x} %(y)s",
    "\u202egnp.exe \x00\x1b[31m\ud800 \ufeff",
    "R&D < 5 > 3",
    "ü漢字🙂" * 300,
    "",
    " ",
]
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.text(st.characters(codec=None), max_size=40))
LONG = st.one_of(TEXT, st.builds(lambda text, times: text * times, TEXT, st.sampled_from([1, 1, 60])))
URL = st.sampled_from(
    ["https://finops.example.com/f/1?a=b&c=<d>", "javascript:alert(1)", "data:text/html,x", "http://x y", "https://[", "", "/x"]
)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4).decode()
BIG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 40_000).decode()


def notices(depth: int = 1, stage: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Notice]:
    return st.builds(
        Notice,
        about=st.one_of(st.just("f-1"), LONG),
        title=LONG,
        at=st.just(datetime(2026, 11, 20, 12, 30)),
        severity=st.sampled_from(SEVERITIES),
        stage=stage or st.sampled_from(["trigger", "acknowledge", "resolve"]),
        sentences=st.lists(LONG, max_size=4).map(tuple),
        facts=st.one_of(st.lists(st.tuples(TEXT, LONG), max_size=12), st.just([("k", "v")] * (600 if depth else 20))).map(tuple),
        recommendations=st.lists(LONG, max_size=4).map(tuple),
        links=st.lists(st.tuples(TEXT, URL), max_size=14).map(tuple),
        chart=st.sampled_from([None, PNG, BIG, "no base64", base64.b64encode(b"GIF89a").decode()]),
        parts=st.one_of(st.lists(notices(0), max_size=3), notices(0).map(lambda one: [one] * 70)).map(tuple)
        if depth
        else st.just(()),
    )
