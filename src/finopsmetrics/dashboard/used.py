"""What was used, for prices of units: which charges tell of use, and how much each tells."""

from __future__ import annotations

USED = 'ChargeCategory == "Usage" AND (CommitmentDiscountStatus IS NULL OR CommitmentDiscountStatus == "Used")'
"""The charges of use, without what was committed and not used."""

QUANTITY = "CASE WHEN ConsumedUnit IS NOT NULL THEN ConsumedQuantity ELSE PricingQuantity END"
"""How much a charge says was used, in SQL: what was consumed, else what was priced."""

SUMS = f"sum(EffectiveCost) AS cost, sum({QUANTITY}) AS quantity, count(*) AS charges, count({QUANTITY}) AS measured"
"""What a group of them came to and how much it used; a price needs `measured` to be `charges`."""
