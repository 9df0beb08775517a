"""Small SQL texts (DuckDB dialect) that read a delivered value as a FOCUS value: exact, or NULL where it cannot be."""

from __future__ import annotations

from collections.abc import Sequence

NULL_WORDS = ("NULL", "null", "Null", "N/A", "\\N")
COST_LIMIT = "1e20"  # DECIMAL(38,18) has 20 digits before the point
# Half-way cases at the 18th digit, where rounding half-even must stay at the even digit and a cast would go up.
_TIE_TO_EVEN = r"^[+-]?[0-9]*\.[0-9]{17}[02468]50*$"


def quote(name: str) -> str:
    """A SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL text literal, quoted."""
    return "'" + text.replace("'", "''") + "'"


def without_null_words(raw: str) -> str:
    """NULL where the text is empty or a word that stands for nothing. `nullif` keeps dictionary-coded columns fast."""
    text = f"nullif({raw}, '')"
    for word in NULL_WORDS:
        text = f"nullif({text}, {literal(word)})"
    return text


def amount_text(text: str) -> str:
    """A number without what spreadsheets put around it, where that is beyond doubt: `$10,000.00`, `1,234.5`, `(3.20)`.

    A single comma without a point (`1,234`) stays as it is and is rejected: it may be a decimal comma.
    """
    grouped = "([0-9]{1,3}(,[0-9]{3})+[.][0-9]*|[0-9]{1,3}(,[0-9]{3}){2,})"
    money = "[$€£] ?([0-9]{1,3}(,[0-9]{3})*|[0-9]+)([.][0-9]*)?"
    sure = f"'^(-?({money}|{grouped})|[(]({money}|{grouped}|[0-9.]+)[)])$'"
    bare = f"regexp_replace(replace({text}, '(', '-'), '[$€£, )]', '', 'g')"
    dressed = f"({text}[1] IN ('$', '€', '£', '(', '-') OR contains({text}, ','))"
    return f"CASE WHEN {dressed} AND regexp_matches({text}, {sure}) THEN {bare} ELSE {text} END"


def decimal(text: str) -> str:
    """A decimal text as DECIMAL(38,18), rounded half-even beyond 18 digits; NULL when it is no number or too large."""
    plain = (
        f"CASE WHEN contains(lower({text}), 'e') "
        f"THEN coalesce(CAST(TRY_CAST({text} AS DECIMAL(38,30)) AS VARCHAR), {text}) ELSE {text} END"
    )
    kept = f"regexp_extract({plain}, '^[+-]?[0-9]*\\.[0-9]{{18}}')"
    return (
        f"CASE WHEN length({text}) > 4 AND regexp_matches({plain}, {literal(_TIE_TO_EVEN)}) "
        f"THEN TRY_CAST({kept} AS DECIMAL(38,18)) "
        f"WHEN contains({text}, '_') THEN NULL ELSE TRY_CAST({text} AS DECIMAL(38,18)) END"
    )


def decimal_is_rounded(text: str) -> str:
    """Whether the text carries digits beyond the 18th."""
    return (
        f"length({text}) > 4 AND (regexp_matches({text}, '\\.[0-9]{{18}}[0-9]*[1-9]') "
        f"OR (contains(lower({text}), 'e') AND TRY_CAST({text} AS DECIMAL(38,30)) "
        f"IS DISTINCT FROM TRY_CAST(TRY_CAST({text} AS DECIMAL(38,18)) AS DECIMAL(38,30)) "
        f"AND TRY_CAST({text} AS DECIMAL(38,30)) IS NOT NULL))"
    )


def too_large(text: str) -> str:
    """Whether the text is a finite number that does not fit DECIMAL(38,18)."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"{number} IS NOT NULL AND isfinite({number}) AND abs({number}) >= {COST_LIMIT}"


def time(text: str, slash_format: str | None = None) -> str:
    """A date or time text as a UTC TIMESTAMP; NULL when it is neither ISO 8601 nor, where given, in `slash_format`."""
    iso = f"CASE WHEN {text}[5] = '-' THEN timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ)) END"
    if slash_format is None:
        return iso
    return f"CASE WHEN contains({text}, '/') THEN try_strptime({text}, {literal(slash_format)}) ELSE {iso} END"


def is_canonical_time(text: str) -> str:
    """Whether the text is written as FOCUS writes times: `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"length({text}) = 20 AND {text}[11] = 'T' AND {text}[20] = 'Z'"


def allowed_value(text: str, allowed: Sequence[str]) -> str:
    """The allowed value that the text is, whatever its case, spaces or hyphens; NULL when it is none of them."""
    squeezed = f"lower(replace(replace(trim({text}), ' ', ''), '-', ''))"
    pairs = ", ".join(f"{literal(value.lower().replace(' ', '').replace('-', ''))}: {literal(value)}" for value in allowed)
    exact = ", ".join(literal(value) for value in allowed)
    return f"CASE WHEN {text} IN ({exact}) THEN {text} WHEN {text} IS NULL THEN NULL ELSE MAP {{{pairs}}}[{squeezed}] END"


def is_pairs(text: str) -> str:
    """Whether the text is a JSON list, as which some write an object: `[{"key": "team", "value": "core"}]`."""
    return f"{text}[1] = '['"


def pairs_object(text: str) -> str:
    """A JSON list of keys and values as an object, the first of a key taken; NULL when it is no such list."""
    entries = f"""from_json({text}, '[{{"key":"VARCHAR","value":"VARCHAR"}}]')"""
    keys = f"list_transform({entries}, lambda e: e.key)"
    sure = f"json_valid({text}) AND json_type({text}) = 'ARRAY' AND len(list_filter({keys}, lambda k: k IS NULL)) = 0"
    once = f"list_filter({entries}, lambda e, i: list_position({keys}, e.key) = i)"
    made = f"map_from_entries(list_transform({once}, lambda e: {{k: e.key, v: e.value}}))"
    return f"CASE WHEN {sure} THEN CAST(to_json({made}) AS VARCHAR) END"


def json_object(text: str) -> str:
    """A JSON object text; an object whose braces were left out gets them, a list of pairs becomes one; NULL when it is none."""
    braced = f"CASE WHEN {text}[1] = '\"' THEN '{{' || {text} || '}}' ELSE {text} END"
    whole = f"{text} IS NOT NULL AND json_valid({braced}) AND json_type({braced}) = 'OBJECT'"
    return f"CASE WHEN {is_pairs(text)} THEN {pairs_object(text)} WHEN {whole} THEN {braced} END"
