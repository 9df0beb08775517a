"""The part of a charge that falls into a stretch of time, so that the parts of any partition of time sum to the charge.

A part is the share that has accrued by the end of the stretch less the share that had accrued by its start; shares are digit
for digit the same on every engine (`engines.share`), so neighbouring parts cancel and nothing is gained or lost. A charge of
no duration belongs whole to the moment at which it starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finopsmetrics.store.engines.share import seconds_between, with_share


def with_parts(
    relation: str, keep: Sequence[str], stretches: Mapping[str, tuple[str | None, str | None]], costs: Sequence[str]
) -> str:
    """A SELECT of the columns `keep` of `relation` and, for each stretch and cost, `<stretch>_<cost>`: the part in it.

    `relation` is a bracketed SELECT with columns ChargePeriodStart, ChargePeriodEnd and the costs (DECIMAL(38,18)). A stretch is
    (first, last) as SQL over it, end exclusive; None stands for no bound. The text is in DuckDB's dialect.
    """
    start, end = "ChargePeriodStart", "ChargePeriodEnd"
    moments: dict[str, str] = {}
    for first, last in stretches.values():
        for moment in (first, last):
            if moment is not None:
                moments.setdefault(moment, f"pr_{len(moments)}")
    seconds = [f"{seconds_between(start, moment, 'duckdb')} AS {name}" for moment, name in moments.items()]
    seconds.append(f"{seconds_between(start, end, 'duckdb')} AS pr_all")
    sql = f"SELECT *, {', '.join(seconds)} FROM {relation} AS pr"
    known = [*keep, *costs, start, end, *moments.values(), "pr_all"]
    for cost in costs:
        for name in moments.values():
            share = f"{name}_{cost}"
            shared = with_share(f"({sql})", cost=cost, part=name, whole="pr_all", name=share, dialect="duckdb")
            known.append(share)
            # Only what is named goes on: the working columns of one share would hide those of the next.
            sql = f"SELECT {', '.join(known)} FROM ({shared}) AS pr_share"
    parts = [
        f"{_part(cost, first, last, moments)} AS {name}_{cost}" for name, (first, last) in stretches.items() for cost in costs
    ]
    return f"SELECT {', '.join([*keep, *parts])} FROM ({sql}) AS pr_parts"


def _part(cost: str, first: str | None, last: str | None, moments: Mapping[str, str]) -> str:
    start, end = "ChargePeriodStart", "ChargePeriodEnd"
    before = f"{moments[first]}_{cost}" if first is not None else "CAST(0 AS DECIMAL(38, 18))"
    until = f"{moments[last]}_{cost}" if last is not None else cost
    tests = [f"{start} >= {first}"] if first is not None else []
    tests += [f"{start} < {last}"] if last is not None else []
    nothing = "CAST(0 AS DECIMAL(38, 18))"
    point = f"CASE WHEN {' AND '.join(tests) or 'TRUE'} THEN {cost} ELSE {nothing} END"
    outside = [f"{end} <= {first}"] if first is not None else []
    outside += [f"{start} >= {last}"] if last is not None else []
    # A charge without a cost has no part to tell of where it is, and a part of zero where it is not.
    beside = f" WHEN {' OR '.join(outside)} THEN {nothing}" if outside else ""
    return f"CASE WHEN {end} <= {start} THEN {point}{beside} ELSE {until} - {before} END"
