"""Which products are served to modules with the vendor's firmware."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "old_modules",
        sa.Column("product_key", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_key"],
            ["products.product_key"],
            name="fk_old_modules_product_key",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("product_key", name="pk_old_modules"),
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table("old_modules")
