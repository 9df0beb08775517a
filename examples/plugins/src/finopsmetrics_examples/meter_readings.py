"""A telemetry plugin: electricity on the premises, from meter readings and a tariff."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path

from pydantic import Field

from finopsmetrics import CostEntry
from finopsmetrics.plugins import Health, PluginConfig, PluginError, TelemetryPlugin

COLUMNS = ["meter", "start", "end", "kwh"]


class MeterReadings(TelemetryPlugin):
    """Each reading becomes a charge: its kilowatt hours times the tariff, exactly."""

    name = "meter-readings"
    version = "1.0.0"

    class Config(PluginConfig):
        """Where the readings are, and what a kilowatt hour costs."""

        readings: Path = Field(description="A CSV file with the columns meter, start, end, kwh.")
        tariff: Decimal = Field(gt=0, description="The price of a kilowatt hour.")
        currency: str = Field(pattern="^[A-Z]{3}$", description="The currency of the tariff.")
        account: str = Field(default="premises", description="The account that the charges belong to.")

    def health(self) -> Health:
        """Whether the file of readings is there."""
        path = self.config["readings"]
        return Health(True) if path.is_file() else Health(False, f"There is no file {path}.")

    def collect(self) -> Iterable[CostEntry]:
        """A charge for each reading. Raises PluginError for a line that cannot be read, and then collects nothing."""
        with Path(self.config["readings"]).open(newline="", encoding="utf-8") as text:
            reader = csv.DictReader(text)
            if reader.fieldnames != COLUMNS:
                raise PluginError(f"The readings have the columns {reader.fieldnames}.", cure=f"Write {','.join(COLUMNS)}.")
            return [self._entry(reader.line_num, row) for row in reader]

    def _entry(self, line: int, row: Mapping[str, str]) -> CostEntry:
        try:
            start, end = (datetime.fromisoformat(row[side]).astimezone(UTC) for side in ("start", "end"))
            with localcontext(prec=60):
                cost = Decimal(row["kwh"]) * self.config["tariff"]
        except (ValueError, ArithmeticError, TypeError) as error:
            raise PluginError(f"Line {line} of the readings cannot be read.", cure="Write meter,start,end,kwh.") from error
        return CostEntry(
            id=f"meter:{row['meter']}:{start:%Y%m%dT%H%M%SZ}",
            timestamp=start,
            duration=end - start,
            cost=cost,
            currency=self.config["currency"],
            service="Electricity",
            provider="premises",
            account=self.config["account"],
            resource_id=row["meter"],
            focus={"ConsumedQuantity": row["kwh"], "ConsumedUnit": "kWh"},
        )
