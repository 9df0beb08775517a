"""The tables of bills: deliveries, lake, receipts, entries, settings, audit."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from finopsmetrics.store.tables.schema import metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("sequence", Integer, nullable=False, unique=True),
    Column("source", String(120), nullable=False),
    Column("dataset", String(40), nullable=False),
    Column("mode", String(10), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("focus_version", String(10), nullable=False),
    Column("mapping_version", String(120), nullable=False),
    Column("delivered_at", DateTime, nullable=False),
    Column("ingested_at", DateTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("files", JSON, nullable=False),
    Column("reading", JSON, nullable=False),
    Column("report", JSON, nullable=False),
    Column("instead_of", String(40)),
    UniqueConstraint("source", "content_hash", "delivered_at", name="uq_deliveries_content"),
)

delivery_periods = Table(
    "delivery_periods",
    metadata,
    Column("delivery_id", String(40), ForeignKey("deliveries.id"), primary_key=True),
    Column("period", String(20), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("totals", JSON, nullable=False),
    Column("issuers", JSON, nullable=False),
    Column("current", Boolean, nullable=False),
    Index("ix_delivery_periods_period", "period", "current"),
)

lake_files = Table(
    "lake_files",
    metadata,
    Column("path", String(400), primary_key=True),
    Column("table", String(60), nullable=False),
    Column("source", String(120), nullable=False),
    Column("period", String(20), nullable=False),
    Column("delivery_id", String(40), ForeignKey("deliveries.id")),  # none of samples: no delivery brings them
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("extras", JSON, nullable=False),
    Column("first", DateTime),
    Column("last", DateTime),
    Column("within", String(10), nullable=False),
    Column("live", Boolean, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("retired_at", DateTime),
    Index("ix_lake_files_table", "table", "live"),
    Index("ix_lake_files_delivery", "delivery_id"),
)

lake_state = Table(
    "lake_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("root", Text, nullable=False),
)

iceberg_tables = Table(
    "iceberg_tables",
    metadata,
    Column("catalog_name", String(255), primary_key=True),
    Column("table_namespace", String(255), primary_key=True),
    Column("table_name", String(255), primary_key=True),
    Column("metadata_location", String(1000)),
    Column("previous_metadata_location", String(1000)),
    Column("iceberg_type", String(5)),
)

iceberg_namespace_properties = Table(
    "iceberg_namespace_properties",
    metadata,
    Column("catalog_name", String(255), primary_key=True),
    Column("namespace", String(255), primary_key=True),
    Column("property_key", String(255), primary_key=True),
    Column("property_value", String(1000), nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created_at", DateTime, nullable=False),
    Column("body", JSON, nullable=False),
)

invoices_entered = Table(
    "invoices_entered",
    metadata,
    Column("issuer", String(200), primary_key=True),
    Column("invoice_id", String(200), primary_key=True),
    Column("currency", String(40), primary_key=True),
    Column("amount", String(60), nullable=False),
    Column("entered_at", DateTime, nullable=False),
    Column("actor", String(120), nullable=False),
)

cost_entries = Table(
    "cost_entries",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("charge", JSON, nullable=False),
    Column("added_at", DateTime, nullable=False),
    Column("batch", String(40)),
    Column("delivery_id", String(40)),
    Index("ix_cost_entries_delivery", "delivery_id"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("value", JSON, nullable=False),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)
