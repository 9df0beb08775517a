"""What was fetched from which connection; room for the names of mappings."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and widen the column."""
    if op.get_bind().dialect.name != "sqlite":  # which does not limit a text's length
        op.alter_column("deliveries", "mapping_version", type_=sa.String(length=120), existing_nullable=False)
    op.add_column("deliveries", sa.Column("instead_of", sa.String(length=40), nullable=True))
    op.create_table(
        "collected",
        sa.Column("connection", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=True),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("fetched_at", sa.DateTime(), nullable=False),
        sa.Column("delivery_id", sa.String(length=40), nullable=True),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "key"),
    )
    op.create_table(
        "syncs",
        sa.Column("connection", sa.String(length=120), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection"),
    )
