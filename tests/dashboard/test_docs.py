"""The page on dashboards lists every widget as it is. `python -m tests.dashboard.test_docs` writes the table."""

from __future__ import annotations

from pathlib import Path

from finopsmetrics.dashboard.dashboard_builder import layouts
from finopsmetrics.dashboard.widgets import WIDGETS

PAGE = Path(__file__).parents[2] / "docs" / "dashboards.md"
HEAD = "| widget | what it shows | needs | settings |\n|---|---|---|---|\n"


def table() -> str:
    rows = []
    for name, widget in WIDGETS.items():
        needs = ", ".join(f"`{need}`" for need in widget.needs) + (", all charges" if widget.all_charges else "")
        settings = ", ".join(f"`{field}`" for field in widget.config.model_fields)
        rows.append(f"| `{name}` | {widget.description} | {needs or 'nothing'} | {settings} |\n")
    return HEAD + "".join(rows)


def test_the_page_lists_every_widget() -> None:
    assert table() + "\n" in PAGE.read_text(encoding="utf-8"), "run: python -m tests.dashboard.test_docs"


def test_the_page_names_every_layout() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in layouts() if f"`{name}`" not in page] == []


if __name__ == "__main__":
    before, after = PAGE.read_text(encoding="utf-8").split(HEAD)
    PAGE.write_text(before + table() + "\n" + after[after.index("\nThose that need") + 1 :], encoding="utf-8")
