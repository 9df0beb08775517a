"""The tables of samples: those that are not in the lake yet, and how many batches there were."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, String, Table, Text

from finopsmetrics.store.tables.schema import metadata

samples_waiting = Table(
    "samples_waiting",
    metadata,
    Column("key", String(32), primary_key=True),  # the identity of the sample, as a digest
    Column("named", Boolean, nullable=False),  # whether the sample has an id of its own, under which its time may change
    Column("place", BigInteger, nullable=False),  # the batch that it came with, or was changed by
    Column("source", String(80), nullable=False),
    Column("period", String(20), nullable=False),  # the month of its time
    Column("at", DateTime, nullable=False),
    Column("measure", String(120), nullable=False),
    Column("value", String(60), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("resource", Text),
    Column("provider", Text),
    Column("account", Text),
    Column("service", Text),
    Column("region", Text),
    Column("tags", Text),  # a JSON object, its keys in order; none without tags
    Column("added_at", DateTime, nullable=False),
    Index("ix_samples_waiting_measure", "measure", "at"),
    Index("ix_samples_waiting_place", "place"),
    Index("ix_samples_waiting_named", "named"),
)

samples_state = Table(
    "samples_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place", BigInteger, nullable=False),  # of the newest batch that changed something
)
