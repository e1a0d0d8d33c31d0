"""Page tickets are kept after their use: an old link in a chat still names the page to open."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("page_tickets", sa.Column("used", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take it back; used tickets would be usable again, so they go."""
    op.execute(sa.text("DELETE FROM page_tickets WHERE used"))
    op.drop_column("page_tickets", "used")
