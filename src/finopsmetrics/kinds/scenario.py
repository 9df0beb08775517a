"""The kind `scenario`: what if this changed? A forecast with declared changes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from finopsmetrics.core.form import Label
from finopsmetrics.core.messages import text
from finopsmetrics.core.shapes import Change as ShareChange
from finopsmetrics.core.shapes import ConditionText, Currency, Filters, Horizon, Line, Share, Word
from finopsmetrics.core.spec import Part, Spec

_HOW = r"^([+-][0-9]{1,12}(\.[0-9]{1,18})?%?|[a-z][a-z0-9_]{0,59})$"
How = Annotated[
    str,
    Label("change"),
    text(_HOW, "a change is +50%, -20%, +5000 (an amount a month) or a word such as ri_conversion, in quotes"),
]


class ScenarioChange(Part):
    """One thing that changes, from when on."""

    change: How = Field(description="How it changes: +50%, -20%, +5000 a month, or ri_conversion, region_move, growth, removal.")
    service: Line | None = Field(default=None, description="The service whose cost changes.")
    filters: Filters = Field(default={}, description="The charges that change, by keys that must all match.")
    condition: ConditionText | None = Field(default=None, description="The charges that change, as a condition.")
    start_date: date | None = Field(default=None, description="The first day of the change; the forecast's first, unless given.")
    end_date: date | None = Field(default=None, description="The last day of the change; the forecast's last, unless given.")
    coverage: Share | None = Field(default=None, description="The share of the use that a conversion covers: 0.7 or 70%.")
    term: Word | None = Field(default=None, description="The commitment's term, such as one_year or three_years.")
    region: Line | None = Field(default=None, description="Where a region_move goes, as RegionId of the charges.")
    rate: ShareChange | None = Field(default=None, description="How much growth adds a month, compounded: 0.05 or 5%.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.service or self.filters or self.condition):
            raise ValueError("a change says what changes: give service, filters or condition")
        if self.start_date is not None and self.end_date is not None and self.end_date < self.start_date:
            raise ValueError("`end_date` is before `start_date`")
        return self


class GivenPrice(Part):
    """What something costs other than on demand, where the charges do not show it; of all that it names."""

    discount: ShareChange = Field(description="How much cheaper it is, as a share: 0.28 or 28%; negative is dearer.")
    service: Line | None = Field(default=None, description="The service.")
    sku: Line | None = Field(default=None, description="The SkuId of the charges.")
    region: Line | None = Field(default=None, description="The RegionId; for a region_move, the one moved to.")


class Scenario(Spec, kind="scenario"):
    """What if this changed? A forecast with declared changes, beside the one without them."""

    example = {
        "name": "ML Training Expansion",
        "horizon": "6m",
        "changes": [{"service": "ml-training", "change": "+50%", "start_date": "2025-03-01"}],
    }

    engine = "forecasting.what_if"

    changes: list[ScenarioChange] = Field(min_length=1, max_length=200, description="What changes.")
    horizon: Horizon = Field(description="How far ahead: 30d, 6m (months), 1y.")
    forecast: Line | None = Field(default=None, description="The forecast it starts from; one of all charges, unless given.")
    variables: dict[Word, ShareChange] = Field(default={}, description="What is assumed besides, as shares.")
    prices: list[GivenPrice] = Field(default=[], max_length=1_000, description="Prices that the charges do not show.")
    currency: Currency | None = Field(default=None, description="The currency of amounts; that of the charges, unless given.")
