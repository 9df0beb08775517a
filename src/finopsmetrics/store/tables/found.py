"""The tables of findings: each as it stands, and everything that happened to it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, DateTime, ForeignKey, Index, Integer, String, Table, Text

from finopsmetrics.store.tables.schema import metadata

findings = Table(
    "findings",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("sort", String(20), nullable=False),
    Column("key", Text, nullable=False),
    Column("title", String(300), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("state", String(15), nullable=False),
    Column("where", Text),
    Column("start", DateTime),
    Column("end", DateTime),
    Column("impact", String(60)),
    Column("currency", String(40)),
    Column("body", JSON, nullable=False),
    Column("receipts", JSON, nullable=False),
    Column("source", String(120), nullable=False),
    Column("owner", String(200)),
    Column("links", JSON),  # of label and address; none is no list
    Column("verdict", String(20)),  # what somebody said of it: right, expected, not_useful
    Column("version", Integer, nullable=False),
    Column("found_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Index("ix_findings_state", "state", "changed_at"),
)

finding_events = Table(
    "finding_events",
    metadata,
    Column("finding_id", String(40), ForeignKey("findings.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("action", String(20), nullable=False),  # found, changed, returned, state, owner, comment, link
    Column("detail", JSON, nullable=False),
    Column("place", BigInteger),  # in the order of all events
    Index("ix_finding_events_place", "place", unique=True),
)
