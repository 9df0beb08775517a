"""The tables of collecting: what was fetched from which connection, and how its last sync went."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, String, Table, Text

from finopsmetrics.store.tables.schema import metadata

collected = Table(
    "collected",
    metadata,
    Column("connection", String(120), primary_key=True),
    Column("key", String(300), primary_key=True),
    Column("version", String(64)),  # empty where the source cannot tell it beforehand
    Column("content", String(64), nullable=False),  # the hash over the hashes of the pieces; empty when there was nothing
    Column("fetched_at", DateTime, nullable=False),
    Column("delivery_id", String(40)),
    Column("pieces", JSON, nullable=False),  # name -> [tag, sha256]
)

syncs = Table(
    "syncs",
    metadata,
    Column("connection", String(120), primary_key=True),
    Column("began_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("succeeded_at", DateTime),
    Column("error", Text),
)
