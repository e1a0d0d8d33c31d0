"""Server push: keys, queues, what waits in them, and the relays that hand it out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "snoti_keys",
        sa.Column("auth_id", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("maker", sa.Integer(), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=True),
        sa.Column("note", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_key"], ["products.product_key"], name="fk_snoti_keys_product_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("auth_id", name="pk_snoti_keys"),
    )
    op.create_table(
        "snoti_queues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("subkey", sa.String(length=32), nullable=False),
        sa.Column("maker", sa.Integer(), nullable=True),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snoti_queues"),
        sa.UniqueConstraint("product_key", "subkey", name="uq_snoti_queues_product_key_subkey"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "snoti_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("queue", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snoti_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_snoti_events_queue_owner_id", "snoti_events", ["queue", "owner", "id"])
    op.create_table(
        "snoti_relays",
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_snoti_relays"),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("snoti_relays")
    op.drop_index("ix_snoti_events_queue_owner_id", "snoti_events")
    for table in ("snoti_events", "snoti_queues", "snoti_keys"):
        op.drop_table(table)
