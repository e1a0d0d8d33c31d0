"""Several relays on one database: the order of what they store, and what only one of them does at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBERED = sa.text("source_seq IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("history", sa.Column("source_seq", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_history_at_source_seq",
        "history",
        ["at", "source_seq"],
        unique=True,
        sqlite_where=_NUMBERED,
        postgresql_where=_NUMBERED,
    )
    for name in ("point_order", "connection_order"):
        op.add_column("states", sa.Column(name, sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("leases")
    for name in ("connection_order", "point_order"):
        op.drop_column("states", name)
    op.drop_index("ix_history_at_source_seq", "history")
    op.drop_column("history", "source_seq")
