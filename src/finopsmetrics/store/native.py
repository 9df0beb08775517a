"""Read a delivery in a provider's own shape: its integration's mapping makes FOCUS charges of it, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsmetrics.core.errors import DeliveryError
from finopsmetrics.focus.detect import detect
from finopsmetrics.focus.sqltext import literal, quote
from finopsmetrics.integrations.declared import ID, DeclaredMapping, amounts, declared
from finopsmetrics.integrations.declared import mapped as by_declaration
from finopsmetrics.integrations.manifest import canonical
from finopsmetrics.integrations.native import Mapped, Native, Rows, amounts_note, odd_amounts
from finopsmetrics.integrations.registry import Recognised, candidates, recognise, recognise_focus
from finopsmetrics.store.duck import ROW_GROUP_ROWS
from finopsmetrics.store.landing import Landed
from finopsmetrics.store.nested import flattened, is_nested, laid_out

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FAULT = "x:fault"
PLACES = ("x:path", "file_row_number")
SHOWN_UNKNOWN = 8


@dataclass(frozen=True)
class Reader:
    """How a delivery was read into FOCUS: which mapping, what it tells, and why it may reject rows."""

    mapping: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def as_focus(
    connection: DuckDBPyConnection, landed: Landed, room: Path, settings: Mapping[str, Any] | None = None
) -> tuple[Landed, Reader]:
    """The relation as FOCUS: as it is, mapped by the integration whose format its header is, or by a declared mapping.

    `settings` are those of a connection that declares one. Raises DeliveryError, with the nearest candidates, for a table
    that is nothing known.
    """
    if settings is not None:
        return _by_declaration(connection, _plain(connection, landed, room), declared(settings), room)
    header = list(flattened(connection, landed)) if is_nested(landed) else list(landed.types)
    reshaped = recognise_focus(header)
    if reshaped is not None:
        return _by_integration(connection, _plain(connection, landed, room), reshaped, room)
    try:
        detect(list(landed.types))
    except DeliveryError as error:
        found = recognise(header)
        if found is None:
            near = candidates(header)
            told = f" Nearest native formats: {'; '.join(near)}." if near else ""
            raise DeliveryError(error.cause, cure=f"{error.cure}{told}") from error
        return _by_integration(connection, _plain(connection, landed, room), found, room)
    return landed, Reader()


def _plain(connection: DuckDBPyConnection, landed: Landed, room: Path) -> Landed:
    return laid_out(connection, landed, room) if is_nested(landed) else landed


def _by_integration(connection: DuckDBPyConnection, landed: Landed, found: Recognised, room: Path) -> tuple[Landed, Reader]:
    module = found.module()
    native = Native(found.names, landed.types, files={file.path: file.name for file in landed.files})
    native.facts = _facts(connection, landed, {**odd_amounts(native, module.AMOUNTS), **module.facts(native)})
    mapped = module.mapping(native)
    notes = [f"Read as {found.format.title} by {found.id}.", *_notes(connection, landed, native, mapped)]
    if found.unknown:
        notes.append(f"Columns that this format was not known to have are kept as x_ columns: {_some(found.unknown)}.")
    return _written(connection, landed, native, mapped, room), Reader(found.id, tuple(notes), tuple(native.faults))


def _by_declaration(
    connection: DuckDBPyConnection, landed: Landed, mapping: DeclaredMapping, room: Path
) -> tuple[Landed, Reader]:
    native = Native({canonical(name): name for name in landed.types}, landed.types)
    native.facts = _facts(connection, landed, odd_amounts(native, amounts(mapping)))
    mapped = by_declaration(mapping, native)
    notes = ["Read by the declared mapping of a connection.", *_notes(connection, landed, native, mapped)]
    return _written(connection, landed, native, mapped, room), Reader(ID, tuple(notes), tuple(native.faults))


def _written(connection: DuckDBPyConnection, landed: Landed, native: Native, mapped: Mapped, room: Path) -> Landed:
    """Run the mapping once, into a file of its own that carries the place of each row."""
    kept = _kept(connection, landed, native, mapped)
    target = room / "mapped.parquet"
    options = f"FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
    connection.execute(f"COPY ({_query(landed, native, mapped, kept)}) TO {literal(str(target))} ({options})")
    relation = f"read_parquet({literal(str(target))})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described if row[0] not in (FAULT, *PLACES)}
    counted = connection.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return Landed(relation, types, int(counted[0]) if counted else 0, landed.files, landed, (str(target),))


def _facts(connection: DuckDBPyConnection, landed: Landed, wanted: dict[str, str]) -> dict[str, Any]:
    if not wanted:
        return {}
    row = connection.execute(f"SELECT {', '.join(wanted.values())} FROM {landed.placed()} r").fetchone() or ()
    return dict(zip(wanted, row, strict=True))


def _kept(connection: DuckDBPyConnection, landed: Landed, native: Native, mapped: Mapped) -> dict[str, str]:
    """The delivered columns that hold something and did not go into FOCUS whole, as `x_` columns."""
    filled = _filled(connection, landed)
    taken = {name.lower() for rows in mapped.rows for name in rows.columns}
    carried = {native.names[name] for name in mapped.carried if name in native.names}
    kept: dict[str, str] = {}
    for column in landed.types:
        if column in carried or column not in filled:
            continue
        name = "x_" + "".join(letter if letter.isalnum() else "_" for letter in column.lstrip("\ufeff")).removeprefix("x_")
        while name.lower() in taken or name.lower().startswith("x_fm_"):
            name = f"x_{name}" if name.lower().startswith("x_fm_") else f"{name}_2"
        taken.add(name.lower())
        kept[name] = f"r.{quote(column)}"
    return kept


def _filled(connection: DuckDBPyConnection, landed: Landed) -> set[str]:
    """The columns that hold any value, told by the footers of the files alone."""
    paths = ", ".join(literal(path) for path in landed.stored or [file.path for file in landed.files])
    filled = "stats_null_count IS NULL OR stats_null_count < num_values"
    found = connection.execute(f"SELECT DISTINCT path_in_schema FROM parquet_metadata([{paths}]) WHERE {filled}").fetchall()
    return {str(row[0]).split(", ")[0] for row in found}


def _query(landed: Landed, native: Native, mapped: Mapped, kept: dict[str, str]) -> str:
    """The union of the mapping's SELECTs, each row with its place and, where it cannot be read, its fault."""
    first, steps = ("".join(f", {sql} AS {quote(name)}" for name, sql in level.items()) for level in (native.texts, native.steps))
    read = f"(SELECT *{first} FROM {landed.placed()} r)" if first else landed.placed()
    cases = "".join(f" WHEN {predicate} THEN {literal(reason)}" for reason, predicate in native.faults.items())
    fault = f"CASE{cases} END" if cases else "CAST(NULL AS VARCHAR)"
    source = f"(SELECT *, {fault} AS {quote(FAULT)} FROM (SELECT *{steps} FROM {read} r) r) r"
    own, *others = mapped.rows
    texts = [_select(source, own, kept, faults=True), *(_select(source, rows, {}, faults=False) for rows in others)]
    return " UNION ALL BY NAME ".join(texts)


def _select(source: str, rows: Rows, kept: dict[str, str], *, faults: bool) -> str:
    place = ('r."x:path"', "r.file_row_number")
    places = [f"{f'min({sql})' if rows.group else sql} AS {quote(name)}" for name, sql in zip(PLACES, place, strict=True)]
    told = [f"r.{quote(FAULT)} AS {quote(FAULT)}"] if faults else []
    columns = [f"{sql} AS {quote(name)}" for name, sql in {**rows.columns, **kept}.items()]
    where = [f"({rows.where})"] if rows.where else []
    if faults and where:  # a row that cannot be read is never left out unseen, whichever rows are asked for
        where = [f"(({rows.where}) OR r.{quote(FAULT)} IS NOT NULL)"]
    where += [] if faults else [f"r.{quote(FAULT)} IS NULL"]
    tail = f" WHERE {' AND '.join(where)}" if where else ""
    tail += f" GROUP BY {rows.group} HAVING {rows.having}" if rows.group else ""
    return f"SELECT {', '.join([*columns, *told, *places])} FROM {source}{tail}"


def _notes(connection: DuckDBPyConnection, landed: Landed, native: Native, mapped: Mapped) -> list[str]:
    counted = _facts(connection, landed, {entry.text: entry.aggregate for entry in mapped.told})
    told = [text.format(n=f"{number:,}") for text, number in counted.items() if number]
    return [*told, *mapped.notes, *amounts_note(native.facts)]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_UNKNOWN} more" if len(names) > SHOWN_UNKNOWN else ""
    return ", ".join(names[:SHOWN_UNKNOWN]) + more
