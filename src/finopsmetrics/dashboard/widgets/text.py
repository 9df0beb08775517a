"""text: words of one's own between the figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import Field

from finopsmetrics.core.shapes import LongText
from finopsmetrics.dashboard.widget import Config, Shown, Widget

if TYPE_CHECKING:
    from finopsmetrics.dashboard.asking import Asking

LONGEST = 200


class TextConfig(Config):
    """What it says."""

    markdown: LongText = Field(default="Write here what others need to know.", description="Markdown, at most 10,000 letters.")


class Text(Widget[TextConfig]):
    """A text."""

    name = "text"
    title = "Text"
    description = "A text in Markdown: a heading, an explanation, links."
    config = TextConfig
    needs = ()

    def show(self, asking: Asking, config: TextConfig) -> Shown:  # noqa: ARG002
        """Give the text as it was written; whoever draws it takes no HTML from it."""
        lines = (re.sub(r"^[#>*\-\s]+", "", line).strip() for line in config.markdown.splitlines())
        first = next((line for line in lines if line), "An empty text.")
        return Shown(first[:LONGEST], text=config.markdown)
