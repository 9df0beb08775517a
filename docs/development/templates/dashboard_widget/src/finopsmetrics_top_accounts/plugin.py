"""A dashboard plugin: the accounts that cost the most."""

from __future__ import annotations

from pydantic import Field

from finopsmetrics.plugins import DashboardPlugin, PluginConfig, RenderContext, Widget


class TopAccounts(DashboardPlugin):
    """The dearest accounts of the page's window, the others summed."""

    name = "top-accounts"
    version = "0.1.0"

    class Config(PluginConfig):
        """How many accounts are shown."""

        most: int = Field(default=5, ge=1, le=50, description="How many accounts are shown.")

    def render(self, context: RenderContext) -> Widget:
        """A row for each account and currency."""
        answer = context.costs.get_costs(group_by="account", time_range=context.window, top=self.config["most"])
        rows = [(row["account"], row["cost"], row["currency"]) for row in answer]
        return Widget("Accounts", ("Account", "Cost", "Currency"), rows, f"Billed cost, {context.window.label()}.")
