"""The share of a cost for a part of its time, the same decimal on every engine.

share(c, k, n) = c * k / n, rounded half-even to 18 digits: the digit for digit answer, because the division is done by hand.
The cost is cut into limbs of nine digits and divided from the left, as on paper; every intermediate fits a BIGINT:

    t3 = L3*k             q3 = t3 div n   r3 = t3 % n          L3 L2 | L1 L0 = the cost in units of 1e-18
    t2 = r3*1e9 + L2*k    q2 = t2 div n   r2 = t2 % n          share = q3*1e27 + q2*1e18 + q1*1e9 + q0, and r0 rounds
    ...                                                        share(c, 0, n) = 0 and share(c, n, n) = c

Limits: 0 < n < 1e9 seconds (31 years), |cost| < 9.2e18; above that an engine reports an overflow, never a wrong number.
"""

from __future__ import annotations

from typing import Final

_LIMB: Final = 1_000_000_000
_MILLION: Final = "CAST(1000000 AS DECIMAL(7, 0))"
_UNIT: Final = "CAST('0.000000000000000001' AS DECIMAL(18, 18))"
_DIVIDE: Final = {"duckdb": "//", "spark": "DIV"}


def seconds_between(start: str, end: str, dialect: str) -> str:
    """SQL for the whole seconds on the clock between two timestamps; parts of a second are cut from both.

    (Spark's DATEDIFF(SECOND, …) counts elapsed seconds, so it differs from DuckDB's as soon as a time has a fraction.)
    """
    if dialect == "duckdb":
        return f"date_diff('second', {start}, {end})"
    return f"(unix_timestamp({end}) - unix_timestamp({start}))"


def with_share(relation: str, *, cost: str, part: str, whole: str, name: str, dialect: str) -> str:
    """A SELECT of all columns of `relation` and one more: the share of `cost` for `part` of `whole` seconds.

    `relation` is a table name or a bracketed SELECT, the others are column names (quoted where needed). `part` <= 0 gives 0
    and `part` >= `whole` gives the whole cost, untouched and almost free: only a row that straddles pays for the division
    (about 0.3 microseconds). Working columns start with `fm_share_`; select what you need from the result.
    """
    sql = f"SELECT * FROM {relation}"
    for number, columns in enumerate(_stages(cost, part, whole, name, _DIVIDE[dialect])):
        added = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
        sql = f"SELECT *, {added} FROM ({sql}) AS fm_share_{number}"
    return sql


def _stages(cost: str, part: str, whole: str, name: str, div: str) -> list[dict[str, str]]:
    straddles = f"{part} > 0 AND {part} < {whole}"
    return [*_cut(cost, straddles, div), *_divide(part, whole, div), {name: _joined(cost, part, whole, div)}]


def _cut(cost: str, straddles: str, div: str) -> list[dict[str, str]]:
    """The cost as whole units `w` and 18 fractional digits `f`, both BIGINT, then as four limbs.

    The fraction is read six digits at a time in 64-bit decimals: dividing 128-bit integers is ten times dearer.
    """
    size = f"ABS(CAST({cost} AS DECIMAL(37, 18)))"
    rest = "CAST(({0} - {1}) * " + _MILLION + " AS DECIMAL(18, 18))"
    digits = "CAST({0} * " + _MILLION + " AS BIGINT)"
    third = "CAST(" + rest.format("fm_share_y", "fm_share_b") + " AS DECIMAL(7, 6))"
    fraction = f"{digits.format('fm_share_a')} * 1000000000000 + {digits.format('fm_share_b')} * 1000000 + {digits.format(third)}"
    return [
        {"fm_share_w": f"CASE WHEN {straddles} THEN CAST(FLOOR({size}) AS BIGINT) ELSE 0 END"},
        {
            "fm_share_x": f"CASE WHEN {straddles} THEN CAST({size} - CAST(fm_share_w AS DECIMAL(19, 0)) AS DECIMAL(18, 18)) "
            "ELSE CAST(0 AS DECIMAL(18, 18)) END"
        },
        {"fm_share_a": "CAST(fm_share_x AS DECIMAL(7, 6))"},
        {"fm_share_y": rest.format("fm_share_x", "fm_share_a")},
        {"fm_share_b": "CAST(fm_share_y AS DECIMAL(7, 6))"},
        {"fm_share_f": fraction},
        {
            "fm_share_l3": f"fm_share_w {div} {_LIMB}",
            "fm_share_l2": f"fm_share_w % {_LIMB}",
            "fm_share_l1": f"fm_share_f {div} {_LIMB}",
            "fm_share_l0": f"fm_share_f % {_LIMB}",
        },
    ]


def _divide(part: str, whole: str, div: str) -> list[dict[str, str]]:
    stages: list[dict[str, str]] = []
    inside = f"(CASE WHEN {part} > 0 AND {part} < {whole} THEN {part} ELSE 0 END)"
    for limb in (3, 2, 1, 0):
        carried = f"fm_share_r{limb + 1} * {_LIMB} + " if limb < 3 else ""
        stages.append({f"fm_share_t{limb}": f"{carried}fm_share_l{limb} * {inside}"})
        by = f"NULLIF({whole}, 0)"
        stages.append({f"fm_share_q{limb}": f"fm_share_t{limb} {div} {by}", f"fm_share_r{limb}": f"fm_share_t{limb} % {by}"})
    return stages


def _joined(cost: str, part: str, whole: str, div: str) -> str:
    """The limbs as one decimal with the sign of the cost; (2r + odd) div (n + 1) is 1 exactly when half-even rounds up."""
    up = f"(2 * fm_share_r0 + fm_share_q0 % 2) {div} ({whole} + 1)"
    sign = f"(CASE WHEN {cost} < 0 THEN -1 ELSE 1 END)"
    high = f"CAST((fm_share_q3 * {_LIMB} + fm_share_q2) * {sign} AS DECIMAL(19, 0))"
    low = f"CAST((fm_share_q1 * {_LIMB} + fm_share_q0 + {up}) * {sign} AS DECIMAL(19, 0)) * {_UNIT}"
    divided = f"CAST({high} + CAST({low} AS DECIMAL(20, 18)) AS DECIMAL(38, 18))"
    nothing = "CAST(0 AS DECIMAL(38, 18))"
    return f"CASE WHEN {part} <= 0 THEN {nothing} WHEN {part} >= {whole} THEN {cost} ELSE {divided} END"
