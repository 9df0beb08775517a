"""Print: documents that hold every figure as text, tagged and the same bytes each time; signs that the picture's font lacks."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from finopsmetrics import VizlyChart
from finopsmetrics.vizlychart import ChartError, drawing, lettering, printing
from finopsmetrics.vizlychart.spec import Sort
from tests.vizlychart.samples import HOSTILE, one_of_each, rows

MARKUP = 'Costs *bold* _under_ #eval("1") $x$ <label> @ref \\ // /* `raw` -- --- \'"\' [a] = + ~ <img src=x>'
NOBODYS = "\U000f1234"  # a sign of private use, which no font has
FOREIGN = "خدمة 日本語 हिन्दी 🚀"


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text(pdf: bytes) -> str:
    """The text of all pages, in one line."""
    return " ".join(" ".join(page.extract_text().replace("\u200b", "").split()) for page in read(pdf).pages)


def tags(pdf: bytes) -> list[DictionaryObject]:
    """The structure elements of a document, in order."""
    found: list[DictionaryObject] = []

    def walk(one: Any) -> None:
        inner = one.get_object()
        for part in (each.get_object() for each in (inner if isinstance(inner, list) else [inner])):
            if isinstance(part, DictionaryObject) and "/S" in part:
                found.append(part)
            if isinstance(part, DictionaryObject) and "/K" in part:
                walk(part["/K"])

    walk(read(pdf).trailer["/Root"]["/StructTreeRoot"])  # type: ignore[index]
    return found


def declared(pdf: bytes) -> bool:
    return b"<pdfuaid:part>1</pdfuaid:part>" in pdf


@pytest.mark.parametrize("sort", get_args(Sort))
def test_a_document_holds_the_table_and_is_the_same_bytes_each_time(sort: str) -> None:
    chart = one_of_each(MARKUP)[sort]
    pdf = chart.to_pdf()
    assert pdf.startswith(b"%PDF-")
    assert chart.to_pdf() == pdf
    drawing._ENGINE.close()
    assert one_of_each(MARKUP)[sort].to_pdf() == pdf
    said = "".join(text(pdf).split())
    for row in chart.twin["rows"]:
        for cell in row:
            assert "".join(drawing.printable(cell).replace("\u202e", "").split()) in said.replace("\u202e", ""), cell
    assert declared(pdf)


def test_words_are_shown_as_they_are_written() -> None:
    chart = VizlyChart.bar(rows(1), x="service", title=MARKUP, sentence=f"Sentence {MARKUP}")
    pdf = chart.to_pdf()
    assert text(pdf).count(MARKUP) == 2
    assert read(pdf).metadata.title == MARKUP  # type: ignore[union-attr]
    assert read(pdf).metadata.creation_date is None  # type: ignore[union-attr]


def test_the_picture_is_vectors_with_alternative_text() -> None:
    chart = VizlyChart.line(rows(), series="service", title="Costs", sentence="They rise. <b>")
    pdf = chart.to_pdf()
    figures = [one for one in tags(pdf) if one["/S"] == "/Figure"]
    assert [one["/Alt"] for one in figures] == ["They rise. <b>"]
    assert sum(len(page.images) for page in read(pdf).pages) == 0, "it is no bitmap"
    names = [str(one["/S"]) for one in tags(pdf)]
    assert names.index("/H1") < names.index("/Figure") < names.index("/Table")
    assert names.count("/TH") == 3
    assert names.count("/TD") == 3 * len(chart.twin["rows"])
    assert read(pdf).trailer["/Root"]["/Lang"] == "en-US"  # type: ignore[index]


def test_a_long_table_has_its_head_on_each_page() -> None:
    chart = VizlyChart.table([{"name": f"n{at}", "cost": Decimal(at), "currency": "EUR"} for at in range(400)], locale="de-DE")
    pages = [page.extract_text() for page in read(chart.to_pdf()).pages]
    assert len(pages) > 5
    assert all("Cost" in page and f"{at + 1} / {len(pages)}" in page for at, page in enumerate(pages))
    assert "399,00 EUR" in pages[-1]


def test_figures_are_never_broken_and_a_broad_table_has_broader_pages() -> None:
    wide = VizlyChart.table([{f"amount {at}": Decimal("123456789012.34") for at in range(30)}])
    page = read(wide.to_pdf()).pages[0]
    assert page.mediabox.width > 30 * 60
    assert page.extract_text().count("123,456,789,012.34") == 30
    assert read(one_of_each()["bar"].to_pdf()).pages[0].mediabox.width == pytest.approx(841.89)


def test_a_long_word_stays_in_its_column_and_whole() -> None:
    word = "arn:aws:ec2:eu-central-1:123456789012:instance/" + "i0123456789abcdef" * 12
    pdf = VizlyChart.table([{"resource": word, "cost": 1}, {"resource": "x" * 300, "cost": 2}]).to_pdf(width=300, height=400)
    assert read(pdf).pages[0].mediabox.width == pytest.approx(595.28)
    ends: list[float] = []

    def note(part: str, _cm: Any, tm: list[float], _font: Any, size: float) -> None:
        ends.append(tm[4] + len(part.strip()) * 4 if part.strip() else 0)

    read(pdf).pages[0].extract_text(visitor_text=note)
    assert max(ends) < 595
    assert word in "".join(text(pdf).split())


@pytest.mark.parametrize(
    ("how", "size"), [({"paper": "us-letter"}, (792, 612)), ({"width": 300, "height": 500}, (595.28, 841.89))]
)
def test_paper_lies_where_the_picture_is_broad(how: dict[str, Any], size: tuple[float, float]) -> None:
    box = read(one_of_each()["area"].to_pdf(**how)).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx(size)
    with pytest.raises(ChartError, match=r"There is no paper 'a0'\. Use a4 or us-letter"):
        one_of_each()["area"].to_pdf(paper="a0")  # type: ignore[arg-type]


def test_it_is_saved_as_a_document(tmp_path: Path) -> None:
    chart = one_of_each("Costs")["donut"]
    assert chart.save(tmp_path / "x.PDF", theme="dark").read_bytes() == chart.to_pdf(theme="dark") != chart.to_pdf()


@given(st.text(max_size=40), st.text(max_size=60), st.text(min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_any_text_is_printed(title: str, sentence: str, name: str) -> None:
    chart = VizlyChart.donut([{"name": name, "cost": 2}, {"name": "b", "cost": 1}], path="name", title=title, sentence=sentence)
    assert chart.to_pdf(width=300, height=200).startswith(b"%PDF-")
    assert chart.to_png(width=300, height=200).startswith(b"\x89PNG")


FORKED = """
import os, sys
from finopsmetrics import VizlyChart
chart = VizlyChart.bar([{"name": "x", "cost": 1}], x="name", title="Costs \u65e5")
before = chart.to_png(), chart.to_pdf()
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
sys.exit(0 if (chart.to_png(), chart.to_pdf()) == before else 1)
"""


def test_a_fork_prints_the_same() -> None:
    subprocess.run([sys.executable, "-c", FORKED], timeout=60, check=True)


def gap(one: bytes, two: bytes) -> int:
    """How many pixels of two pictures differ clearly."""
    first, second = (Image.open(io.BytesIO(png)).convert("L") for png in (one, two))
    return sum(1 for value in ImageChops.difference(first, second).tobytes() if value > 100)


def test_both_faces_have_every_sign_that_is_called_their_own() -> None:
    own = {code for code in range(0x20, 0x2FFF) if lettering.OWN.fullmatch(chr(code))}
    for face in ("Regular", "Bold"):
        assert own <= set(TTFont(drawing.BUILT / f"Arimo-{face}.ttf").getBestCmap()), face
    assert lettering.OWN.fullmatch("Łódź Ελλάδα Привет שירות −1,234.50 € ▲ ● … → “x” •")
    assert not any(map(lettering.OWN.fullmatch, FOREIGN.replace(" ", "")))


def test_text_of_own_signs_sees_no_font_but_arimo(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printing._fonts(True, drawing.FONTS).families() == ["Arimo"]
    asked: list[bool] = []
    fonts = printing._fonts
    monkeypatch.setattr(printing, "_fonts", lambda own, where: asked.append(own) or fonts(own, where))
    for title in ("Łódź Ελλάδα Привет ▲ −1 €", FOREIGN):
        chart = VizlyChart.bar([{"a": 1, "cost": 2}], x="a", title=title)
        chart.to_png()
        chart.to_pdf()
    VizlyChart.bar([{"a": 1, "cost": 2}], x="a", sentence=FOREIGN).to_pdf()
    assert asked == [True, True, False, False, False]


@pytest.mark.parametrize("sort", get_args(Sort))
def test_a_text_that_is_set_apart_stands_where_it_stood(sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = one_of_each("Costs (own)")[sort]
    before = chart.to_png(scale=1)
    monkeypatch.setattr(lettering, "_FOREIGN", re.compile("[A-Za-z0-9]"))
    svg, texts = lettering.without_foreign(chart.to_svg())
    assert texts
    assert "Costs (own)</text>" not in svg
    assert gap(before, chart.to_png(scale=1)) == 0


def test_a_sign_comes_from_a_font_that_has_it_and_is_a_box_where_none_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(title: str) -> bytes:
        return VizlyChart.kpi([{"cost": 1}], title=title).to_png(width=400, height=200)

    joined, boxes, none = drawn("خدمة"), drawn(NOBODYS * 4), drawn("")
    assert gap(boxes, none) > 50, "nothing stands where no font has the sign"
    monkeypatch.setattr(printing, "_fonts", lambda own, where, made=printing._fonts: made(True, where))
    assert gap(drawn("خدمة"), joined) > 50, "the fonts that Typst brings have Arabic"
    assert gap(drawn(NOBODYS * 4), boxes) == 0


def test_a_document_without_a_glyph_is_tagged_and_claims_nothing() -> None:
    pdf = VizlyChart.bar(rows(1), x="service", title=f"Costs {NOBODYS}", sentence=HOSTILE).to_pdf()
    assert not declared(pdf)
    assert "/Table" in [str(one["/S"]) for one in tags(pdf)]
