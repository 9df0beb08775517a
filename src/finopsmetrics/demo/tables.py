"""Loads the model into DuckDB tables, so that charges are made set by set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from finopsmetrics.demo.catalog import REGIONS
from finopsmetrics.demo.estate import NEVER, Commitment, Estate, Event, OneOff, Resource, Sku
from finopsmetrics.demo.prices import SKU
from finopsmetrics.demo.seasons import HOURS, PROFILES, day_factor, runs
from finopsmetrics.demo.window import DAY

MICRO = 1_000_000
_TYPES = {
    "text": pa.string(),
    "int": pa.int64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
    "rate": pa.decimal128(5, 4),
    "price": pa.decimal128(18, 12),
    "money": pa.decimal128(38, 18),
}
_RESOURCE = """key text, id text, name text, sku text, source text, account text, region text, region_name text,
    zone text, tags text, has_team flag, created date, retired date, base int, grain text, profile text, growth int,
    noise int, step int, prompt flag, event text"""
_SKU = """key text, source text, service text, category text, subcategory text, meter text, unit text,
    resource_type text, details text, provider text"""
_COMMITMENT = """key text, id text, name text, type text, kind text, source text, account text, region text,
    region_name text, sku text, first date, after date, grain text, payment text, unit text, capacity int, rate int,
    fee money, fee_units int"""
_ONE_OFF = """key text, source text, account text, sku text, day date, amount money, category text, class text,
    frequency text, description text, invoice text, period date, known date"""


def load(estate: Estate, con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables resource, sku, account, source, price, day, shape, hour, boost, reclass, commitment, … ."""
    _table(con, "source", "source text, tax_rate rate", ((s.key, s.tax_rate) for s in estate.sources))
    _table(con, "account", "id text, name text, type text", ((a.id, a.name, a.type) for a in estate.accounts))
    _table(con, "sku", _SKU, map(_sku_row, estate.skus))
    _table(con, "resource", _RESOURCE, map(_resource_row, estate.resources))
    _calendar(estate, con)
    _planted(estate, con)
    _bought(estate, con)


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Create table `name` with `columns` ("name type, …"). A further column n counts the rows from 0."""
    kept = list(rows)
    fields = [column.split() for column in columns.split(",")]
    arrays = [pa.array([row[i] for row in kept], _TYPES[kind]) for i, (_, kind) in enumerate(fields)]
    numbers = pa.array(range(len(kept)), pa.int64())
    con.register("incoming", pa.Table.from_arrays([numbers, *arrays], names=["n", *(field for field, _ in fields)]))
    con.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    con.unregister("incoming")


def _micro(value: Decimal) -> int:
    return int(value * MICRO)


def _sku_row(k: Sku) -> tuple[Any, ...]:
    return (
        *(k.key, k.source, k.service, k.category, k.subcategory, k.meter, k.unit),
        *(k.resource_type, k.details, k.provider),
    )


def _resource_row(r: Resource) -> tuple[Any, ...]:
    tags = None if r.tags is None else json.dumps(dict(r.tags), separators=(",", ":"))
    return (
        *(r.key, r.id, r.name, r.sku, SKU[r.sku].source, r.account, r.region, REGIONS[r.region], r.zone, tags),
        *(r.has_team_tag, r.created, r.retired, _micro(r.base), r.grain, r.profile, r.growth, r.noise),
        *(_micro(r.step), r.prompt, r.event),
    )


def _calendar(estate: Estate, con: duckdb.DuckDBPyConnection) -> None:
    days = estate.window.days
    levels = ((profile, day, day_factor(profile, day)) for profile in PROFILES for day in days)
    hours = ((p, day, hour) for p in HOURS for day in days for hour in range(24) if runs(p, day, hour))
    _table(con, "day", "day date", ((day,) for day in days))
    _table(con, "shape", "profile text, day date, factor int", levels)
    _table(con, "hour", "profile text, day date, hour int", hours)


def _planted(estate: Estate, con: duckdb.DuckDBPyConnection) -> None:
    events = estate.events
    moved = ((e.resources[0], e.sku, *e.windows[0]) for e in events if e.effect == "reclass")
    changes = {e.sku: e for e in events if e.effect == "reprice"}
    _table(con, "boost", "resource text, day date, factor int", _boosts(events))
    _table(con, "reclass", "resource text, sku text, first date, after date", moved)
    columns = "sku text, first date, after date, list_price price, price price, base_price price"
    _table(con, "price", columns, _prices(estate, changes))


def _boosts(events: Iterable[Event]) -> Iterator[tuple[str, date, int]]:
    for event in events:
        if event.effect == "boost":
            for start, end in event.windows:
                length = (end - start).days
                for i in range(length):
                    rise = (event.factor - 10000) * (i + 1) // length if event.ramp else event.factor - 10000
                    yield event.resources[0], start + DAY * i, 10000 + rise


def _prices(estate: Estate, changes: dict[str | None, Event]) -> Iterator[tuple[Any, ...]]:
    for sku in estate.skus:
        change = changes.get(sku.key)
        turn = change.windows[0][0] if change else NEVER
        yield sku.key, date.min, turn, sku.list_price, sku.contracted_price, sku.contracted_price
        if change:
            share = Decimal(change.factor) / 10000
            yield (sku.key, turn, NEVER, sku.list_price * share, sku.contracted_price * share, sku.contracted_price)


def _bought(estate: Estate, con: duckdb.DuckDBPyConnection) -> None:
    rates = ((c.key, sku, _micro(rate)) for c in estate.commitments for sku, rate in c.rates)
    _table(con, "commitment", _COMMITMENT, map(_commitment_row, estate.commitments))
    _table(con, "rate", "commitment text, sku text, rate int", rates)
    _table(con, "one_off", _ONE_OFF, map(_one_off_row, estate.one_offs))


def _commitment_row(c: Commitment) -> tuple[Any, ...]:
    """`capacity` is money per step in units of 10^-12, `rate` of 10^-6: covering is arithmetic of whole numbers."""
    return (
        *(c.key, c.id, c.name, c.type, c.category, c.source, c.account, c.region, REGIONS[c.region], c.sku),
        *(c.start, c.end, c.grain, c.payment, c.unit, _micro(c.per_step) * MICRO, _micro(c.rate), c.fee),
        _micro(c.units) * 24 * (c.end - c.start).days,
    )


def _one_off_row(o: OneOff) -> tuple[Any, ...]:
    return (
        *(o.key, o.source, o.account, o.sku, o.day, o.amount, o.category, o.charge_class, o.frequency),
        *(o.description, o.invoice, o.period or o.day.replace(day=1), o.known or o.day + DAY),
    )
