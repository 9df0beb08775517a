"""The tables of who may do what: users, their sessions, tokens for programs, codes that work once."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Integer, String, Table, Text

from finopsmetrics.store.tables.schema import metadata

users = Table(
    "users",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("sort", String(10), nullable=False),  # person or service
    Column("email", String(320)),
    Column("password", Text),  # an Argon2id hash
    Column("roles", JSON, nullable=False),
    Column("teams", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("totp", Text),  # the secret of one-time passwords, encrypted with the home's key
    Column("totp_confirmed", Boolean, nullable=False),
    Column("totp_step", BigInteger),  # the last time step that was used, which is not taken twice
    Column("recovery", JSON, nullable=False),  # digests of recovery codes that are left
    Column("failed", Integer, nullable=False),
    Column("locked_until", DateTime),
    Column("identity", String(600), unique=True),  # issuer and subject at an identity provider
    Column("created_at", DateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("seen_at", DateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),  # a digest of the cookie
    Column("user_id", String(40), ForeignKey("users.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("how", String(20), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Index("ix_sessions_user", "user_id"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("user_id", String(40), ForeignKey("users.id")),
    Column("roles", JSON, nullable=False),
    Column("teams", JSON, nullable=False),
    Column("scope", Text),
    Column("created_at", DateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("expires_at", DateTime),
    Column("used_at", DateTime),
    Column("revoked_at", DateTime),
)

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", String(64), primary_key=True),  # a digest of the code
    Column("purpose", String(20), nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)

embed_links = Table(
    "embed_links",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("dashboard", String(120), nullable=False),
    Column("user_id", String(40), ForeignKey("users.id")),  # whose sight it gives; none where the home's owner made it
    Column("permissions", JSON, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("scope", Text),  # where its maker saw less than the user may
    Column("frame_ancestors", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("used_at", DateTime),
    Column("revoked_at", DateTime),
)
