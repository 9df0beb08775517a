"""The tables of work: schedules, runs with their leases, and how plugins fare."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, DateTime, Index, Integer, String, Table, Text, UniqueConstraint

from finopsmetrics.store.tables.schema import metadata

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("step", String(80), nullable=False),
    Column("cron", String(120), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("since", DateTime, nullable=False),  # ticks before it are not made up for
    Column("changed_by", String(120), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("step", String(80), nullable=False),
    Column("schedule", String(120)),
    Column("tick", DateTime),
    Column("inputs", JSON, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("state", String(12), nullable=False),  # waiting, running, done, failed
    Column("attempt", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", DateTime, nullable=False),
    Column("due_at", DateTime, nullable=False),
    Column("started_at", DateTime),
    Column("ended_at", DateTime),
    Column("worker", String(120)),
    Column("lease_until", DateTime),
    Column("outcome", JSON),
    Column("error", Text),
    UniqueConstraint("schedule", "tick", name="uq_runs_tick"),
    Index("ix_runs_due", "state", "due_at"),
)

plugin_settings = Table(
    "plugin_settings",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("config", JSON, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Column("changed_by", String(120), nullable=False),
)

plugin_reports = Table(
    "plugin_reports",
    metadata,
    Column("plugin", String(120), primary_key=True),
    Column("seam", String(80), primary_key=True),  # a hook's name, or a method such as collect
    Column("calls", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text),
    Column("last_failed_at", DateTime),
)
