"""What notifications remember. What was found before is not told: they begin after it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables, and begin after the newest event."""
    op.create_table(
        "notices_told",
        sa.Column("finding_id", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=330), nullable=False),
        sa.Column("channel", sa.String(length=120), nullable=False),
        sa.Column("recipient", sa.String(length=330), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("impact", sa.String(length=60), nullable=True),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"]),
        sa.PrimaryKeyConstraint("finding_id", "who", "channel"),
    )
    op.create_table(
        "notices_waiting",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("digest", sa.String(length=260), nullable=False),
        sa.Column("route", sa.String(length=260), nullable=False),
        sa.Column("finding_id", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=330), nullable=False),
        sa.Column("channel", sa.String(length=120), nullable=False),
        sa.Column("recipient", sa.String(length=330), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_notices_waiting_due", "notices_waiting", ["due"], unique=False)
    op.create_table(
        "escalations",
        sa.Column("finding_id", sa.String(length=40), nullable=False),
        sa.Column("route", sa.String(length=260), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"]),
        sa.PrimaryKeyConstraint("finding_id", "route", "level"),
    )
    op.create_index("ix_escalations_due", "escalations", ["due"], unique=False)
    op.create_table(
        "snoozes",
        sa.Column("finding_id", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=330), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"]),
        sa.PrimaryKeyConstraint("finding_id", "who"),
    )
    connection = op.get_bind()
    events = sa.table("finding_events", sa.column("place"))
    settings = sa.table("settings", sa.column("name"), sa.column("value", sa.JSON()))
    newest = connection.execute(sa.select(sa.func.max(events.c.place))).scalar()
    if newest is not None:
        connection.execute(settings.insert().values(name="notifications", value={"place": int(newest)}))
