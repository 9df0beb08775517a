"""A recommendation plugin: commitments that were paid for and not used."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from pydantic import Field

from finopsmetrics import CostObservatory
from finopsmetrics.plugins import PluginConfig, Recommendation, RecommendationPlugin

BY = ["CommitmentDiscountId", "CommitmentDiscountName"]


class UnusedCommitments(RecommendationPlugin):
    """Adds up the effective cost of the unused part of each commitment over the last whole month."""

    name = "unused-commitments"
    version = "1.0.0"

    class Config(PluginConfig):
        """From which amount on a commitment is worth a word."""

        at_least: Decimal = Field(default=Decimal(1), ge=0, description="The least unused amount a month, in its currency.")

    def recommend(self, costs: CostObservatory) -> Iterable[Recommendation]:
        """One recommendation for each commitment; its saving is what its unused part cost last month."""
        unused = 'CommitmentDiscountStatus == "Unused"'
        answer = costs.get_costs(filters=unused, group_by=BY, time_range="last-month", metric="effective")
        for row in answer:
            name = row["CommitmentDiscountName"] or row["CommitmentDiscountId"]
            if name is None or row["cost"] is None or row["cost"] < self.config["at_least"]:
                continue
            yield Recommendation(
                title=f"Use or reduce the commitment {name}",
                reason=f"Last month {row['cost']:,.2f} {row['currency']} of it were paid for and not used.",
                currency=row["currency"],
                monthly_saving=row["cost"],
                evidence=[{"CommitmentDiscountId": row["CommitmentDiscountId"], "unused": row["cost"]}],
            )
