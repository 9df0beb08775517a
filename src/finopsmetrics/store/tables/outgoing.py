"""Messages on their way out, and each attempt to deliver them."""

from __future__ import annotations

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Integer, String, Table, Text

from finopsmetrics.store.tables.schema import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(40), primary_key=True),  # from the key: the same message is put once
    Column("key", Text, nullable=False),
    Column("channel", String(120), nullable=False),  # the connection by whose channel it goes
    Column("recipient", String(300), nullable=False),  # as the channel understands it; empty for the connection's own
    Column("notice", JSON, nullable=False),
    Column("lane", String(40), nullable=False),  # from channel, recipient and what it is about: within one, order is kept
    Column("place", Integer, nullable=False),  # rises with every message that is put
    Column("state", String(12), nullable=False),  # waiting, sending, sent, dead, dropped
    Column("due", DateTime, nullable=False),
    Column("since", DateTime, nullable=False),  # when it was to go out first, or was put back by hand
    Column("attempts", Integer, nullable=False),  # of all its life
    Column("tries", Integer, nullable=False),  # since it was put, or put back by hand
    Column("leased_until", DateTime),
    Column("worker", String(120)),
    Column("proof", JSON),  # what the channel answered: its reference for the message
    Column("error", Text),
    Column("created_at", DateTime, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Index("ix_outbox_due", "state", "due"),
    Index("ix_outbox_lane", "lane", "place"),
    Index("ix_outbox_place", "place"),
)

outbox_attempts = Table(
    "outbox_attempts",
    metadata,
    Column("message_id", String(40), ForeignKey("outbox.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("outcome", String(12), nullable=False),  # begun, sent, failed, refused
    Column("detail", JSON, nullable=False),
)
