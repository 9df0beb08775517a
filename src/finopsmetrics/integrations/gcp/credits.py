"""Google Cloud's credits: a list in each row, of which promotions are charges of their own and the others lower the row. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal
from finopsmetrics.integrations.native import AMOUNT, ZERO, Native

PROMOTION = "PROMOTION"
STEP = "c:credits"


def listed(native: Native, column: str) -> str:
    """The credits of a row as a list of texts, `type` and `amount`, over the delivered table; NULL where they cannot be read."""
    raw, kind = native.raw(column), native.kind(column)
    if kind != "VARCHAR":
        kind_of = "c.type" if '"type"' in kind.lower() or " type " in f" {kind.lower()}" or "(type " in kind.lower() else "NULL"
        given = f"{{type: CAST({kind_of} AS VARCHAR), amount: CAST(c.amount AS VARCHAR)}}"
        return f"list_transform({raw}, lambda c: {given})"
    text = _text(raw)
    # Quoted, an amount is read as it is written; as a number it would go through a double. In a text quotes are escaped.
    plain = rf"""regexp_replace({text}, '"(?i:amount)"\s*:\s*"?(-?[0-9][0-9.eE+-]*)"?', '"amount":"\1"', 'g')"""
    plain = f"""replace({plain}, '"Type"', '"type"')"""
    shape = literal('[{"type":"VARCHAR","amount":"VARCHAR"}]')
    return f"CASE WHEN json_valid({text}) AND json_type({text}) = 'ARRAY' THEN from_json({plain}, {shape}) END"


def parted(native: Native, column: str) -> tuple[str, str]:
    """The sums of the credits that lower the row's price, and of its promotions; adds a step, and faults."""
    if not native.has(column):
        return ZERO, ZERO
    name = native.names[column]
    native.steps[STEP] = listed(native, column)
    if native.kind(column) == "VARCHAR":
        text = _text(native.raw(column))
        native.faults[f"{name}: not a list of credits"] = f'{text} IS NOT NULL AND r."{STEP}" IS NULL'
    unread = f'len(list_filter(r."{STEP}", lambda c: TRY_CAST(c.amount AS {AMOUNT}) IS NULL)) > 0'
    native.faults[f"{name}: not an amount"] = f"coalesce({unread}, false)"
    lowered, promoted = (_sum(test) for test in ("IS DISTINCT FROM", "IS NOT DISTINCT FROM"))
    return lowered, promoted


def total(given: str) -> str:
    """The sum of a list as `listed` gives it."""
    return f"coalesce(list_sum(list_transform({given}, lambda c: TRY_CAST(c.amount AS {AMOUNT}))), {ZERO})"


def promotions(native: Native, column: str) -> str:
    """Whether a delivered row carries a promotion."""
    if not native.has(column):
        return "false"
    raw = native.raw(column)
    return f"contains({raw if native.kind(column) == 'VARCHAR' else f'CAST(to_json({raw}) AS VARCHAR)'}, '{PROMOTION}')"


def _sum(test: str) -> str:
    return total(f"list_filter(r.\"{STEP}\", lambda c: c.type {test} '{PROMOTION}')")


def _text(raw: str) -> str:
    return f"nullif(nullif({raw}, ''), '[]')"
