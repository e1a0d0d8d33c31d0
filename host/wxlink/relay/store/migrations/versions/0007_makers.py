"""Makers with members, tokens, quotas and usage; the audit log. What there is goes to the maker `default`."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PAGES_APPID = "77786c696e6b2d706167657300000000"  # the H5 pages: the relay's own app, of no maker
_OWNED = ("apps", "products")
_SECRETS: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("former_secret", sa.String(length=32)),
    ("former_until", sa.Double()),
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "makers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("quotas", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_makers"),
        sa.UniqueConstraint("name", name="uq_makers_name"),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("maker", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["maker"], ["makers.id"], name="fk_members_maker", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("name", name="uq_members_name"),
    )
    op.create_index("ix_members_maker", "members", ["maker"])
    op.create_table(
        "member_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("member", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member"], ["members.id"], name="fk_member_tokens_member", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_member_tokens"),
        sa.UniqueConstraint("token", name="uq_member_tokens_token"),
    )
    op.create_index("ix_member_tokens_member_expires_at", "member_tokens", ["member", "expires_at"])
    op.create_index("ix_member_tokens_expires_at", "member_tokens", ["expires_at"])
    op.create_table(
        "app_tokens",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["appid"], ["apps.appid"], name="fk_app_tokens_appid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name="pk_app_tokens"),
    )
    op.create_index("ix_app_tokens_appid_expires_at", "app_tokens", ["appid", "expires_at"])
    op.create_index("ix_app_tokens_expires_at", "app_tokens", ["expires_at"])
    op.create_table(
        "usage",
        sa.Column("maker", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["maker"], ["makers.id"], name="fk_usage_maker", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("maker", "day", name="pk_usage"),
    )
    registry = op.create_table(
        "registry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
    )
    op.bulk_insert(registry, [{"id": 1, "revision": 0}])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("maker", sa.Integer(), nullable=True),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=255), nullable=False),
        sa.Column("result", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_maker_at", "audit", ["maker", "at"])
    op.create_index("ix_audit_account_at", "audit", ["account", "at"])
    op.create_index("ix_audit_at", "audit", ["at"])
    _give_to_the_first_maker()


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_column("products", "sandbox")
    for table in _OWNED:
        op.drop_index(f"ix_{table}_maker", table)
        for name, _kind in reversed(_SECRETS):
            op.drop_column(table, name)
        op.drop_column(table, "maker")
    for table in ("audit", "registry", "usage", "app_tokens", "member_tokens", "members", "makers"):
        op.drop_table(table)


def _give_to_the_first_maker() -> None:
    # Its id is 1 on both kinds of database: it is the first row.
    op.execute("INSERT INTO makers (name, disabled, quotas, created_at) VALUES ('default', false, '{}', 0)")
    for table in _OWNED:
        # Not in a batch: that would make the table anew, and with it all that refers to it.
        to = sa.ForeignKey("makers.id", name=f"fk_{table}_maker")
        op.add_column(table, sa.Column("maker", sa.Integer(), to, nullable=True), inline_references=True)
        for name, kind in _SECRETS:
            op.add_column(table, sa.Column(name, kind, nullable=True))
        op.create_index(f"ix_{table}_maker", table, ["maker"])
        op.execute(f"UPDATE {table} SET maker = 1")  # noqa: S608  a name of ours
    op.execute(f"UPDATE apps SET maker = NULL WHERE appid = '{_PAGES_APPID}'")  # noqa: S608
    op.add_column("products", sa.Column("sandbox", sa.Boolean(), nullable=False, server_default=sa.false()))
