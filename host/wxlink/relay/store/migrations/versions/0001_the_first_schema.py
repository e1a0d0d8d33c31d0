"""The first schema: apps, users, products, devices, bindings, states and what expires."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "apps",
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("secret", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("appid", name="pk_apps"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("cmd", sa.Integer(), nullable=False),
        sa.Column("p0", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_did_at", "history", ["did", "at"])
    op.create_table(
        "products",
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("secret", sa.String(length=32), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("product_key", name="pk_products"),
    )
    op.create_table(
        "pushes",
        sa.Column("push", sa.String(length=255), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("push", name="pk_pushes"),
    )
    op.create_index("ix_pushes_expires_at", "pushes", ["expires_at"])
    op.create_table(
        "devices",
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.Column("passcode", sa.String(length=16), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("connection", sa.String(length=16), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("state_at", sa.Double(), nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["product_key"], ["products.product_key"], name="fk_devices_product_key"),
        sa.PrimaryKeyConstraint("did", name="pk_devices"),
        sa.UniqueConstraint("product_key", "mac", name="uq_devices_product_key_mac"),
    )
    op.create_table(
        "users",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("appid", sa.String(length=32), nullable=True),
        sa.Column("username", sa.String(length=128), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone_id", sa.String(length=128), nullable=True),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("lang", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["appid"], ["apps.appid"], name="fk_users_appid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uid", name="pk_users"),
        sa.UniqueConstraint("appid", "email", name="uq_users_appid_email"),
        sa.UniqueConstraint("appid", "phone_id", name="uq_users_appid_phone_id"),
        sa.UniqueConstraint("appid", "username", name="uq_users_appid_username"),
    )
    op.create_table(
        "bindings",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("remark", sa.String(length=255), nullable=False),
        sa.Column("alias", sa.String(length=255), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_bindings_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_bindings_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("uid", "did", name="pk_bindings"),
    )
    op.create_index("ix_bindings_did_created_at", "bindings", ["did", "created_at"])
    op.create_table(
        "claims",
        sa.Column("claim", sa.String(length=64), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_by", sa.String(length=32), nullable=True),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_claims_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["used_by"], ["users.uid"], name="fk_claims_used_by", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("claim", name="pk_claims"),
    )
    op.create_index("ix_claims_did_expires_at", "claims", ["did", "expires_at"])
    op.create_table(
        "page_sessions",
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_page_sessions_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session", name="pk_page_sessions"),
    )
    op.create_index("ix_page_sessions_uid_expires_at", "page_sessions", ["uid", "expires_at"])
    op.create_table(
        "page_tickets",
        sa.Column("ticket", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_page_tickets_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_page_tickets_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket", name="pk_page_tickets"),
    )
    op.create_index("ix_page_tickets_uid_expires_at", "page_tickets", ["uid", "expires_at"])
    op.create_table(
        "people",
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_people_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account", "openid", name="pk_people"),
        sa.UniqueConstraint("uid", name="uq_people_uid"),
    )
    op.create_table(
        "states",
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("attrs", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_states_did", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("did", name="pk_states"),
    )
    op.create_table(
        "tokens",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["appid"], ["apps.appid"], name="fk_tokens_appid", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_tokens_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name="pk_tokens"),
    )
    op.create_index("ix_tokens_uid_expires_at", "tokens", ["uid", "expires_at"])


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index("ix_tokens_uid_expires_at", "tokens")
    op.drop_table("tokens")
    op.drop_table("states")
    op.drop_table("people")
    op.drop_index("ix_page_tickets_uid_expires_at", "page_tickets")
    op.drop_table("page_tickets")
    op.drop_index("ix_page_sessions_uid_expires_at", "page_sessions")
    op.drop_table("page_sessions")
    op.drop_index("ix_claims_did_expires_at", "claims")
    op.drop_table("claims")
    op.drop_index("ix_bindings_did_created_at", "bindings")
    op.drop_table("bindings")
    op.drop_table("users")
    op.drop_table("devices")
    op.drop_index("ix_pushes_expires_at", "pushes")
    op.drop_table("pushes")
    op.drop_table("products")
    op.drop_index("ix_history_did_at", "history")
    op.drop_table("history")
    op.drop_table("apps")
