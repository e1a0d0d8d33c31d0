"""Releases for modules and MCUs, how each device takes them, and what modules tell of themselves."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("update_key", sa.String(length=64)),
    ("health", sa.JSON(none_as_null=True)),
    ("health_at", sa.Double()),
)


def upgrade() -> None:
    """Bring the schema forward."""
    # Not in a batch: that would make the table anew, and with it every binding's foreign key.
    for name, kind in _NEW_COLUMNS:
        op.add_column("devices", sa.Column(name, kind, nullable=True))
    op.create_table(
        "releases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("md5", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("suffix", sa.String(length=4), nullable=False),
        sa.Column("notes", sa.String(length=1000), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint("type", "product_key", "version", name="uq_releases_type_product_key_version"),
    )
    op.create_table(
        "rollouts",
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release"], ["releases.id"], name="fk_rollouts_release", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("release", "product_key", "did", name="pk_rollouts"),
    )
    op.create_table(
        "device_updates",
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_device_updates_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["release"], ["releases.id"], name="fk_device_updates_release", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("did", "release", name="pk_device_updates"),
    )
    op.create_index("ix_device_updates_release", "device_updates", ["release"])
    op.create_table(
        "downloads",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=True),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_downloads_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["release"], ["releases.id"], name="fk_downloads_release", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name="pk_downloads"),
    )
    op.create_index("ix_downloads_did_expires_at", "downloads", ["did", "expires_at"])
    op.create_index("ix_downloads_expires_at", "downloads", ["expires_at"])


def downgrade() -> None:
    """Bring the schema back."""
    for index in ("ix_downloads_expires_at", "ix_downloads_did_expires_at"):
        op.drop_index(index, "downloads")
    op.drop_table("downloads")
    op.drop_index("ix_device_updates_release", "device_updates")
    op.drop_table("device_updates")
    op.drop_table("rollouts")
    op.drop_table("releases")
    for name, _kind in reversed(_NEW_COLUMNS):
        op.drop_column("devices", name)
