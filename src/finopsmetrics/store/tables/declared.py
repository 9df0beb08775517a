"""The tables of what people declare: specs, every change to them, and what each file applied last."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, DateTime, Index, Integer, String, Table

from finopsmetrics.store.tables.schema import metadata

specs = Table(
    "specs",
    metadata,
    Column("kind", String(60), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, nullable=False),  # rises with every change, also through deletion; the ETag
    Column("body", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Column("changed_by", String(120), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("origin", String(400)),  # the file that declares it, as code; None when no file does
    Column("applied", JSON),  # its body as that file applied it last
    Index("ix_specs_origin", "origin"),
)

spec_changes = Table(
    "spec_changes",
    metadata,
    Column("kind", String(60), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("action", String(20), nullable=False),  # created, updated, deleted, restored
    Column("body", JSON),  # as it was after the change; None when deleted
    Column("origin", String(400)),
)

applied_origins = Table(
    "applied_origins",
    metadata,
    Column("origin", String(400), primary_key=True),
    Column("applied_at", DateTime, nullable=False),
    Column("applied_by", String(120), nullable=False),
    Column("plan", String(64), nullable=False),
)
