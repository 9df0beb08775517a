"""Charges that no usage makes: subscriptions, support, marketplace, credits and refunds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from finopsmetrics.demo.catalog import ACCOUNTS
from finopsmetrics.demo.estate import OneOff
from finopsmetrics.demo.window import DAY, Window, next_month

_ACCOUNT = {(account.source, account.name): account.id for account in ACCOUNTS}
# source, account, sku, amount a month, invoice, description
_MONTHLY = (
    ("aws", "security", "aws-guard", "1840.00", "2", "Exampleguard Scanner, marketplace subscription"),
    ("azure", "corp-apps", "azure-maps", "620.50", "2", "Examplemaps Tiles, marketplace subscription"),
    ("azure", None, "azure-support", "100.00", "1", "Standard support plan"),
    ("gcp", None, "gcp-support", "500.00", "1", "Enhanced support, monthly minimum"),
    ("examplewatch", "production", "examplewatch-base", "950.00", "1", "Platform fee"),
)
_CREDIT_SHARES = (150, 350, 550, 750)


def build_one_offs(window: Window) -> tuple[OneOff, ...]:
    """Return every one-off charge of the window, in a stable order."""
    return (*_fees(window), *_credits(window), *_refunds(window))


def _fees(window: Window) -> Iterator[OneOff]:
    for source, name, sku, amount, invoice, description in _MONTHLY:
        account = _ACCOUNT[source, name] if name else None
        for day in window.periods:
            key = f"fee/{sku}/{day}"
            yield OneOff(key, source, account, sku, day, Decimal(amount), "Purchase", "Recurring", description, invoice)


def _credits(window: Window) -> Iterator[OneOff]:
    for number, share in enumerate(_CREDIT_SHARES):
        day = window.at(share)
        amount = Decimal("-1250.00") - 250 * number
        yield OneOff(f"credit/{number}", "gcp", None, "gcp-billing", day, amount, "Credit", "One-Time", "Promotional credit")
    day = window.at(330)
    text = "Migration programme credit"
    yield OneOff("credit/aws", "aws", None, "aws-billing", day, Decimal("-2500.00"), "Credit", "One-Time", text)


def _refunds(window: Window) -> Iterator[OneOff]:
    """Part of a closed month is given back in the next one: a credit that is a correction."""
    day = window.at(400)
    period = next_month(day)
    known: date = period + 8 * DAY
    if period in window.periods and known <= window.end:
        yield OneOff(
            "refund/aws", "aws", _ACCOUNT["aws", "web-prod"], "aws-billing", day, Decimal("-318.42"),
            "Credit", "One-Time", "Refund for an outage in the month before",
            charge_class="Correction", period=period, known=known,
        )  # fmt: skip
