"""The kind `saas_subscription`: what is subscribed to, for whom, at which price, until when."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from finopsmetrics.core.parts import Lines
from finopsmetrics.core.shapes import Amount, Currency, Duration, Line, Share, Word
from finopsmetrics.core.spec import Part, Spec


class Tier(Part):
    """One edition of the service, with its own price."""

    name: Line = Field(description="The edition's name.")
    seats: int | None = Field(default=None, ge=0, le=100_000_000, description="How many seats of it are bought.")
    price: Amount = Field(description="Its price, as the subscription's `price_per` says.")


class SaasSubscription(Spec, kind="saas_subscription"):
    """What is subscribed to, for whom, at which price, until when, and when notice must be given."""

    example = {
        "name": "github-enterprise",
        "service": "github",
        "plan": "enterprise",
        "seats": 250,
        "price": 21,
        "price_per": "seat_month",
        "currency": "USD",
        "renewal_date": "2026-01-31",
        "notice_period": "60d",
        "inactive_threshold": "90d",
        "owner": "platform",
    }

    service: Word = Field(description="The service: github, jira, slack.")
    price: Amount | None = Field(default=None, description="What one unit of `price_per` costs.")
    price_per: Literal["seat_month", "seat_year", "month", "year", "unit"] = Field(
        default="seat_month", description="What the price is for: a seat or the whole, a month or a year; or one unit of use."
    )
    currency: Currency | None = Field(default=None, description="The currency of its prices; needed where there is one.")
    vendor: Line | None = Field(default=None, description="Who sells it, where that is not the service itself.")
    plan: Line | None = Field(default=None, description="The plan or edition.")
    seats: int | None = Field(default=None, ge=0, le=100_000_000, description="How many seats are bought.")
    tiers: list[Tier] = Field(
        default=[], max_length=100, description="Editions with prices of their own, where there are several."
    )
    discount: Share | None = Field(default=None, description="The share that is taken off the price: 0.1 or 10%.")
    billing: Literal["monthly", "quarterly", "yearly"] = Field(default="monthly", description="How often it is invoiced.")
    start_date: date | None = Field(default=None, description="The first day of the contract.")
    renewal_date: date | None = Field(default=None, description="The day on which it renews or ends.")
    auto_renews: bool = Field(default=False, description="Whether it renews by itself.")
    notice_period: Duration | None = Field(default=None, description="How long before the renewal notice must be given.")
    contract: Line | None = Field(default=None, description="The contract's number or address.")
    status: Literal["approved", "tolerated", "unapproved", "ending"] = Field(
        default="approved", description="Whether it may be used: what is unapproved is shadow IT."
    )
    approved_alternative: Line | None = Field(default=None, description="What should be used in its place.")
    category: Word | None = Field(default=None, description="What it is for: source_control, crm, chat.")
    domains: Lines = Field(default=[], description="The domains by which its use is recognised.")
    inactive_threshold: Duration | None = Field(default=None, description="After how long without use a seat counts as unused.")
    allocate_by: Literal["seat", "active_user", "usage", "team"] = Field(
        default="seat", description="How its cost is split among teams."
    )
    owner: Line | None = Field(default=None, description="Who answers for it.")
    team: Line | None = Field(default=None, description="The team that pays for it, where it is not split.")
    connection: Line | None = Field(default=None, description="The connection that its seats and use are fetched by.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.price is not None or self.tiers) and self.currency is None:
            raise ValueError("a price needs a `currency`")
        if len({tier.name for tier in self.tiers}) < len(self.tiers):
            raise ValueError("two tiers have the same name")
        if self.notice_period is not None and self.renewal_date is None:
            raise ValueError("`notice_period` counts back from the `renewal_date`: give both")
        if self.start_date is not None and self.renewal_date is not None and self.renewal_date <= self.start_date:
            raise ValueError("`renewal_date` is not after `start_date`")
        return self
