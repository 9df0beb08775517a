"""What notifications remember: who was told of what, what waits for a digest, what is to be escalated, who snoozes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, String, Table

from finopsmetrics.store.tables.schema import metadata

notices_told = Table(
    "notices_told",
    metadata,
    Column("finding_id", String(40), ForeignKey("findings.id"), primary_key=True),
    Column("who", String(330), primary_key=True),  # user:NAME, address:E-MAIL, room:#NAME, channel: for the connection's own
    Column("channel", String(120), primary_key=True),
    Column("recipient", String(330), nullable=False),
    Column("place", BigInteger, nullable=False),  # the newest event that was told
    Column("severity", String(10), nullable=False),
    Column("impact", String(60)),  # as it was told
    Column("how", String(10), nullable=False),  # waits, alone, grouped
)

notices_waiting = Table(
    "notices_waiting",
    metadata,
    Column("id", String(64), primary_key=True),  # from finding, who, channel and place
    Column("due", DateTime, nullable=False),
    Column("digest", String(260), nullable=False),  # the route whose digest it waits for; empty for one that is snoozed
    Column("route", String(260), nullable=False),
    Column("finding_id", String(40), ForeignKey("findings.id"), nullable=False),
    Column("who", String(330), nullable=False),
    Column("channel", String(120), nullable=False),
    Column("recipient", String(330), nullable=False),
    Column("place", BigInteger, nullable=False),
    Index("ix_notices_waiting_due", "due"),
)

escalations = Table(
    "escalations",
    metadata,
    Column("finding_id", String(40), ForeignKey("findings.id"), primary_key=True),
    Column("route", String(260), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("due", DateTime, nullable=False),
    Column("place", BigInteger, nullable=False),  # the event that began it
    Index("ix_escalations_due", "due"),
)

snoozes = Table(
    "snoozes",
    metadata,
    Column("finding_id", String(40), ForeignKey("findings.id"), primary_key=True),
    Column("who", String(330), primary_key=True),  # user:NAME; empty for everybody
    Column("until", DateTime, nullable=False),
    Column("by", String(120), nullable=False),
)
