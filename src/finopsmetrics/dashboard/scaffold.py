"""The start of a new widget: a file and its test, which the contract refuses until they are real."""

from __future__ import annotations

import re
from pathlib import Path

from finopsmetrics.core.errors import ConflictError, UsageError

_WIDGET = '''\
"""{name}: say here what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsmetrics.dashboard.money_rows import in_currency, money_column, nothing, receipts_of, text
from finopsmetrics.dashboard.settings import Priced
from finopsmetrics.dashboard.widget import Shown, Widget
from finopsmetrics.vizlychart.spec import ChartSpec

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking


class {title}Config(Priced):
    """What can be set."""


class {title}(Widget[{title}Config]):
    """What it shows."""

    name = "{name}"
    title = "{words}"
    description = ""  # the contract fails while it is empty
    config = {title}Config

    def show(self, asking: Asking, config: {title}Config) -> Shown:
        """Ask, draw and say. The contract fails while the sentence tells no figure."""
        window = asking.window(config.time_range)
        answer = asking.costs(window, filters=config.filters, metric=config.metric)
        seen = in_currency(asking, answer)
        if seen is None:
            return nothing(asking, window, answer)
        columns = (money_column("cost", "Cost", seen.currency),)
        chart = ChartSpec(chart="table", columns=columns, rows=((text(seen.cost),),))
        return Shown("", chart, receipts=receipts_of(answer))
'''
_TEST = '''\
"""The widget {name}: its figures."""

from __future__ import annotations

from finopsmetrics.runtime.workspace import Workspace
from tests.dashboard.estate import shown


def test_what_it_says(held: Workspace) -> None:
    drawn = shown(held, "{name}", {{"time_range": "all"}})
    assert drawn.state == "ok"
    assert "USD" in drawn.sentence  # compare its figures with rows that you work out by hand
'''


def write_scaffold(name: str, folder: Path, tests: Path | None) -> list[Path]:
    """Write a new widget into `folder` and its test into `tests`, and give the files. Raises UsageError or ConflictError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise UsageError(f"{name!r} is no name of a widget.", cure="Use lower-case letters, digits and underscores.")
    title = name.replace("_", " ").title().replace(" ", "")
    words = {"name": name, "title": title, "words": name.replace("_", " ").capitalize()}
    written = {folder / f"{name}.py": _WIDGET.format(**words)}
    if tests is not None:
        written[tests / f"test_{name}.py"] = _TEST.format(**words)
    for file in written:
        if not file.parent.is_dir():
            raise UsageError(f"There is no folder {file.parent}.", cure="Make it first, or name another with --into.")
        if file.exists():
            raise ConflictError(f"{file} is there already.", cure="Choose another name, or remove it.")
    for file, text in written.items():
        file.write_text(text, encoding="utf-8")
    return list(written)
