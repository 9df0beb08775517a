"""The tables of the state database. Times are UTC without zone; amounts are decimal text, never floating point."""

from finopsmetrics.store.tables.collected import collected, syncs
from finopsmetrics.store.tables.declared import applied_origins, spec_changes, specs
from finopsmetrics.store.tables.found import finding_events, findings
from finopsmetrics.store.tables.outgoing import outbox, outbox_attempts
from finopsmetrics.store.tables.people import api_tokens, embed_links, one_time_codes, sessions, users
from finopsmetrics.store.tables.sampled import samples_state, samples_waiting
from finopsmetrics.store.tables.schema import metadata
from finopsmetrics.store.tables.spine import (
    audit_events,
    cost_entries,
    deliveries,
    delivery_periods,
    iceberg_namespace_properties,
    iceberg_tables,
    invoices_entered,
    lake_files,
    lake_state,
    receipts,
    settings,
)
from finopsmetrics.store.tables.telling import escalations, notices_told, notices_waiting, snoozes
from finopsmetrics.store.tables.work import plugin_reports, plugin_settings, runs, schedules

__all__ = [
    "api_tokens",
    "applied_origins",
    "audit_events",
    "collected",
    "cost_entries",
    "deliveries",
    "delivery_periods",
    "embed_links",
    "escalations",
    "finding_events",
    "findings",
    "iceberg_namespace_properties",
    "iceberg_tables",
    "invoices_entered",
    "lake_files",
    "lake_state",
    "metadata",
    "notices_told",
    "notices_waiting",
    "one_time_codes",
    "outbox",
    "outbox_attempts",
    "plugin_reports",
    "plugin_settings",
    "receipts",
    "runs",
    "samples_state",
    "samples_waiting",
    "schedules",
    "sessions",
    "settings",
    "snoozes",
    "spec_changes",
    "specs",
    "syncs",
    "users",
]
