"""Phone numbers, profiles, users of other platforms, and codes for those who prove a number."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("users", sa.Column("phone", sa.String(length=24), nullable=True))
    op.add_column("users", sa.Column("profile", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index("ix_users_appid_phone", "users", ["appid", "phone"], unique=True)
    op.create_table(
        "platform_users",
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["appid"], ["apps.appid"], name="fk_platform_users_appid", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_platform_users_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("appid", "platform", "subject", name="pk_platform_users"),
    )
    op.create_index("ix_platform_users_uid", "platform_users", ["uid"])
    op.create_table(
        "codes",
        sa.Column("appid", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["appid"], ["apps.appid"], name="fk_codes_appid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("appid", "phone", name="pk_codes"),
    )
    op.create_index("ix_codes_expires_at", "codes", ["expires_at"])
    op.create_table(
        "captchas",
        sa.Column("captcha", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("captcha", name="pk_captchas"),
    )
    op.create_index("ix_captchas_expires_at", "captchas", ["expires_at"])
    op.create_table(
        "password_links",
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_password_links_uid", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("link", name="pk_password_links"),
    )
    op.create_index("ix_password_links_uid", "password_links", ["uid"])
    op.create_index("ix_password_links_expires_at", "password_links", ["expires_at"])
