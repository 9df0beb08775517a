"""Samples that wait for the lake; data files that no delivery wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables, and let a data file be without a delivery."""
    op.create_table(
        "samples_waiting",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("measure", sa.String(length=120), nullable=False),
        sa.Column("value", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_samples_waiting_measure", "samples_waiting", ["measure", "at"], unique=False)
    op.create_index("ix_samples_waiting_place", "samples_waiting", ["place"], unique=False)
    op.create_index("ix_samples_waiting_named", "samples_waiting", ["named"], unique=False)
    op.create_table(
        "samples_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("lake_files") as files:  # SQLite changes a column by making the table anew
        files.alter_column("delivery_id", existing_type=sa.String(length=40), nullable=True)
