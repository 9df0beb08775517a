"""Records inside a delivered row, whichever way they came: fields side by side, a map, or JSON text, as SQL. Pure."""

from __future__ import annotations

from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.manifest import canonical
from finopsmetrics.integrations.native import NULL_TEXT, Native

_POINTER = "'/' || replace(replace(k, '~', '~0'), '/', '~1')"


def field(native: Native, column: str, *keys: str) -> str:
    """The first text that is there under the keys of a record; NULL where none is."""
    record, found = canonical(column), []
    for key in keys:
        laid_out = record + canonical(key)
        if native.has(laid_out):
            found.append(native.text(laid_out))
        elif native.has(record):
            found.append(native.key(record, key))
    return f"coalesce({', '.join([*found, NULL_TEXT])})" if found else NULL_TEXT


def columns_of(native: Native, column: str) -> frozenset[str]:
    """The canonical names of a record's column and of its fields that lie side by side."""
    laid_out = {canonical(name) for name in native.types if name.lower().startswith(f"{column}.")}
    return frozenset({canonical(column)} | laid_out)


def tags(native: Native, column: str) -> str:
    """A record of tags as a JSON object of texts; a list of one value is that value. What is no object is rejected."""
    laid_out = sorted(name for name in native.types if name.lower().startswith(f"{column}."))
    if laid_out:
        pairs = ", ".join(f"{{k: {literal(name[len(column) + 1 :])}, v: to_json(r.{quote(name)})}}" for name in laid_out)
        return _object(f"[{pairs}]")
    record = canonical(column)
    if not native.has(record):
        return NULL_TEXT
    raw = native.raw(record)
    text = f"nullif({raw}, '')" if native.kind(record) == "VARCHAR" else f"CAST(to_json({raw}) AS VARCHAR)"
    whole = f"coalesce(json_valid({text}) AND json_type({text}) IN ('OBJECT', 'NULL'), false)"
    native.faults[f"{native.names[record]}: not a JSON object"] = f"{text} IS NOT NULL AND NOT {whole}"
    given = f"CASE WHEN {whole} THEN {text} END"
    names = f"list_sort(list_distinct(json_keys({given})))"
    return _object(f"list_transform({names}, lambda k: {{k: k, v: json_extract({given}, {_POINTER})}})")


def _object(pairs: str) -> str:
    there = f"list_filter({pairs}, lambda e: e.v IS NOT NULL AND json_type(e.v) <> 'NULL')"
    one = "json_type(e.v) = 'ARRAY' AND json_array_length(e.v) = 1"
    text = f"CASE WHEN {one} THEN json_extract_string(e.v, '$[0]') ELSE json_extract_string(e.v, '$') END"
    return f"nullif(CAST(to_json(map_from_entries(list_transform({there}, lambda e: {{k: e.k, v: {text}}}))) AS VARCHAR), '{{}}')"
