"""A dashboard plugin: how much of the cost lacks a tag."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from finopsmetrics.plugins import DashboardPlugin, PluginConfig, RenderContext, Widget


class UntaggedShare(DashboardPlugin):
    """The billed cost without a tag beside all of it, for each currency."""

    name = "untagged-share"
    version = "1.0.0"

    class Config(PluginConfig):
        """Which tag is looked for."""

        tag: str = Field(default="team", pattern=r"^[A-Za-z][A-Za-z0-9_.:/-]{0,79}$", description="The tag's key.")

    def render(self, context: RenderContext) -> Widget:
        """A row for each currency: cost without the tag, all cost, and the share in percent."""
        tag = f"tags.{self.config['tag']}"
        whole: dict[str, Decimal] = {}
        lacking: dict[str, Decimal] = {}
        for row in context.costs.get_costs(group_by=[tag], time_range=context.window):
            currency, cost = row["currency"] or "—", row["cost"] or Decimal(0)
            whole[currency] = whole.get(currency, Decimal(0)) + cost
            if row[tag] is None:
                lacking[currency] = lacking.get(currency, Decimal(0)) + cost
        rows = [(name, lacking.get(name, Decimal(0)), total, _share(lacking.get(name), total)) for name, total in whole.items()]
        return Widget(
            title=f"Cost without the tag {self.config['tag']}",
            columns=("Currency", "Without the tag", "All", "Share"),
            rows=rows,
            sentence=f"{context.window.label()}. A share cannot be told where the cost is not above zero.",
        )


def _share(part: Decimal | None, whole: Decimal) -> str | None:
    return f"{100 * (part or Decimal(0)) / whole:.1f} %" if whole > 0 else None
