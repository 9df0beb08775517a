"""A telemetry plugin: fees that are the same every month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pydantic import Field

from finopsmetrics import CostEntry
from finopsmetrics.plugins import PluginConfig, TelemetryPlugin


class FlatFees(TelemetryPlugin):
    """Each fee is one charge a month, from the month in which it starts to the current one."""

    name = "flat-fees"
    version = "0.1.0"

    class Config(PluginConfig):
        """Which fees there are."""

        fees: dict[str, Decimal] = Field(description="The monthly fee of each service.")
        start: date = Field(description="The first month, by any of its days.")
        currency: str = Field(default="USD", pattern="^[A-Z]{3}$", description="The currency of the fees.")

    def collect(self) -> Iterable[CostEntry]:
        """The charges up to now; a month that was sent before is no change."""
        month = datetime(self.config["start"].year, self.config["start"].month, 1, tzinfo=UTC)
        while month <= datetime.now(UTC):
            after = (month + timedelta(days=32)).replace(day=1)
            for service, fee in self.config["fees"].items():
                yield CostEntry(
                    id=f"flat-fee:{service}:{month:%Y-%m}",
                    timestamp=month,
                    duration=after - month,
                    cost=fee,
                    currency=self.config["currency"],
                    service=service,
                    category="Purchase",
                )
            month = after
