"""Findings with links and a verdict; their events in one order for all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns; events that are there are numbered by their time."""
    op.add_column("findings", sa.Column("links", sa.JSON(), nullable=True))
    op.add_column("findings", sa.Column("verdict", sa.String(length=20), nullable=True))
    op.add_column("finding_events", sa.Column("place", sa.BigInteger(), nullable=True))
    connection = op.get_bind()
    events = sa.table("finding_events", sa.column("finding_id"), sa.column("version"), sa.column("at"), sa.column("place"))
    known = sa.select(events.c.finding_id, events.c.version).order_by(events.c.at, events.c.finding_id, events.c.version)
    for place, (finding_id, version) in enumerate(connection.execute(known).all(), start=1):
        one = (events.c.finding_id == finding_id) & (events.c.version == version)
        connection.execute(events.update().where(one).values(place=place))
    op.create_index("ix_finding_events_place", "finding_events", ["place"], unique=True)
