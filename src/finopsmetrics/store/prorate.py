"""The share of a charge that falls before a moment, exact at both ends, so that the shares of any partition sum to it.

`share_before(cost, start, end, moment)` is 0 at the start, the whole cost at the end, and in between the cost times the
fraction of seconds, taken to 18 digits in two steps that need no division of decimals. A window's part of a charge is the
difference of two such shares: neighbours cancel, nothing is gained or lost. SQLGlot can carry the text to Spark
without a change of any digit.
"""

from __future__ import annotations

_NANO = 1_000_000_000


def share_before(cost: str, start: str, end: str, moment: str) -> str:
    """SQL for the part of `cost` (DECIMAL(38,18)) that accrues before `moment`; all arguments are SQL expressions."""
    done = f"date_diff('second', {start}, {moment})"
    whole = f"date_diff('second', {start}, {end})"
    first = f"(({done} * {_NANO}) // {whole})"
    rest = f"((({done} * {_NANO}) % {whole}) * {_NANO} // {whole})"
    high = f"round(CAST({cost} AS DECIMAL(27,18)) * CAST({first} * CAST(0.000000001 AS DECIMAL(10,9)) AS DECIMAL(11,9)), 18)"
    low = (
        f"round(CAST({cost} AS DECIMAL(18,9)) * CAST({rest} * CAST(0.000000000000000001 AS DECIMAL(18,18)) "
        f"AS DECIMAL(19,18)), 18)"
    )
    return (
        f"CASE WHEN {moment} <= {start} THEN CAST(0 AS DECIMAL(38,18)) WHEN {moment} >= {end} THEN {cost} "
        f"ELSE CAST({high} AS DECIMAL(38,18)) + CAST({low} AS DECIMAL(38,18)) END"
    )


def part_between(cost: str, start: str, end: str, first: str, last: str) -> str:
    """SQL for the part of `cost` that accrues from `first` until `last`; a charge of no duration accrues at its start."""
    inside = f"({share_before(cost, start, end, last)}) - ({share_before(cost, start, end, first)})"
    point = f"CASE WHEN {start} >= {first} AND {start} < {last} THEN {cost} ELSE CAST(0 AS DECIMAL(38,18)) END"
    return f"CASE WHEN {end} <= {start} THEN {point} ELSE {inside} END"
