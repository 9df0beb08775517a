"""Units of measure of Azure: a block, and the unit that quantities are in (`100 Hours`, `10 GB/Month`). Pure."""

from __future__ import annotations

from finopsmetrics.integrations.native import AMOUNT

# Blocks by which a quantity is divided exactly: powers of ten. For others, such as 744 hours, the pricing quantity stays absent.
BLOCKS = {10**power: f"0.{'0' * (power - 1)}1" for power in range(1, 7)}
# Beyond it a product of two decimals would not fit.
LARGEST = 10**13


def units(measure: str, quantity: str) -> dict[str, str]:
    """PricingQuantity, in blocks, and PricingUnit, which is the measure as delivered; both or neither."""
    block = f"regexp_extract({measure}, '^([0-9]+)(?: |/|$)', 1)"
    fits = f"abs({quantity}) < {LARGEST}"
    cases = "".join(
        f" WHEN {block} = '{size}' AND {fits} THEN CAST({quantity} * {part} AS {AMOUNT})" for size, part in BLOCKS.items()
    )
    priced = f"CASE WHEN {block} = '1' THEN {quantity}{cases} END"
    return {"PricingQuantity": priced, "PricingUnit": f"CASE WHEN {priced} IS NOT NULL THEN {measure} END"}


def plain_unit(measure: str) -> str:
    """The unit that a quantity is in: the measure without its block; a bare block counts units."""
    bare = f"trim(regexp_replace({measure}, '^[0-9]+ ?', ''))"
    return f"coalesce(nullif({bare}, ''), CASE WHEN {measure} IS NOT NULL THEN 'Units' END)"
