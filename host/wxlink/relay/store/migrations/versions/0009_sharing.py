"""Sharing of devices, bindings that end by themselves, groups of devices, messages to users."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    # Not in a batch: that would make the tables anew, and with them every foreign key.
    op.add_column("products", sa.Column("sharing", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("bindings", sa.Column("expires_at", sa.Double(), nullable=True))
    op.create_index("ix_bindings_expires_at", "bindings", ["expires_at"])
    op.create_table(
        "shares",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("guest", sa.String(length=32), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("owners_alias", sa.String(length=255), nullable=False),
        sa.Column("guests_alias", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_shares_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner"], ["users.uid"], name="fk_shares_owner", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["guest"], ["users.uid"], name="fk_shares_guest", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.UniqueConstraint("code", name="uq_shares_code"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shares_did_status", "shares", ["did", "status"])
    op.create_index("ix_shares_owner_created_at", "shares", ["owner", "created_at"])
    op.create_index("ix_shares_guest_created_at", "shares", ["guest", "created_at"])
    op.create_table(
        "groups",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_groups_uid", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["product_key"], ["products.product_key"], name="fk_groups_product_key"),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
    )
    op.create_index("ix_groups_uid_created_at", "groups", ["uid", "created_at"])
    op.create_table(
        "group_devices",
        sa.Column("group_id", sa.String(length=24), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_group_devices_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["uid", "did"],
            ["bindings.uid", "bindings.did"],
            name="fk_group_devices_uid_did",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "did", name="pk_group_devices"),
    )
    op.create_index("ix_group_devices_uid_did", "group_devices", ["uid", "did"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_messages_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_uid_created_at", "messages", ["uid", "created_at"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])


def downgrade() -> None:
    """Bring the schema back."""
    for table in ("messages", "group_devices", "groups", "shares"):
        op.drop_table(table)
    op.drop_index("ix_bindings_expires_at", "bindings")
    op.drop_column("bindings", "expires_at")
    op.drop_column("products", "sharing")
