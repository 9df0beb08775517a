"""An attribution plugin: tags from a map of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from finopsmetrics.plugins import CostAttributionPlugin, PluginConfig


class AccountTags(CostAttributionPlugin):
    """Charges get the tags of their account; a tag that a charge has already stays as it is."""

    name = "account-tags"
    version = "1.0.0"

    class Config(PluginConfig):
        """The tags of each account."""

        accounts: dict[str, dict[str, str]] = Field(description="Tags by the account's id.")

    def attribute(self, charge: Mapping[str, Any]) -> Mapping[str, str]:
        """The tags of the charge's account: of its sub-account, else of the account that is billed."""
        accounts: dict[str, dict[str, str]] = self.config["accounts"]
        return accounts.get(charge.get("SubAccountId", "")) or accounts.get(charge.get("BillingAccountId", "")) or {}
