"""Logs of commands and connections, points hour by hour, retention per product, and a history in months."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema forward."""
    # Not in a batch: that would make the tables anew, and with them every foreign key.
    op.add_column("products", sa.Column("history_days", sa.Integer(), nullable=True))
    op.add_column("states", sa.Column("hour", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("states", sa.Column("points", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("history", sa.Column("sn", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        _partition()
    op.create_table(
        "commands",
        sa.Column("id", _ID, nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("cmd", sa.Integer(), nullable=False),
        sa.Column("sn", sa.BigInteger(), nullable=True),
        sa.Column("p0", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("appid", sa.String(length=32), nullable=True),
        sa.Column("uid", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_commands_did", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["uid"], ["users.uid"], name="fk_commands_uid", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
    )
    op.create_table(
        "connections",
        sa.Column("id", _ID, nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("keep_alive", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_connections_did", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
    )
    op.create_table(
        "hours",
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_hours_did", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("did", "hour", name="pk_hours"),
    )
    op.create_table(
        "random_codes",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["did"], ["devices.did"], name="fk_random_codes_did", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code", "did", name="pk_random_codes"),
    )
    for table, columns in _INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


_INDEXES = (
    ("commands", ["did", "at"]),
    ("commands", ["at"]),
    ("commands", ["uid"]),
    ("connections", ["did", "at"]),
    ("connections", ["at"]),
    ("hours", ["hour"]),
    ("random_codes", ["expires_at"]),
)


def _partition() -> None:
    """Make the history anew, in months, with all that stands in it."""
    op.execute("ALTER TABLE history RENAME TO history_whole")
    op.execute("ALTER TABLE history_whole DROP CONSTRAINT pk_history")
    op.execute("DROP INDEX ix_history_did_at")
    _history("at", "id", parted_by="RANGE (at)")
    oldest, newest = op.get_bind().execute(sa.text("SELECT min(at), max(at) FROM history_whole")).one()
    if oldest is not None:
        begin = datetime.fromtimestamp(oldest, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while begin.timestamp() <= newest:
            end = (begin + timedelta(days=31)).replace(day=1)
            op.execute(
                f"CREATE TABLE history_y{begin.year:04}m{begin.month:02} PARTITION OF history"
                f" FOR VALUES FROM ({begin.timestamp()!r}) TO ({end.timestamp()!r})"
            )
            begin = end
    _move("history_whole", "history")


def _history(*key: str, parted_by: str | None = None) -> None:
    counted = sa.text("nextval('history_id_seq'::regclass)")
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), nullable=False, server_default=counted),
        sa.Column("did", sa.String(length=22), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("cmd", sa.Integer(), nullable=False),
        sa.Column("sn", sa.BigInteger(), nullable=True),
        sa.Column("p0", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_history"),
        postgresql_partition_by=parted_by,
    )
    op.create_index("ix_history_did_at", "history", ["did", "at"])


def _move(source: str, target: str) -> None:
    columns = "id, did, at, cmd, sn, p0"
    op.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source}")  # noqa: S608  our own names
    op.execute(f"ALTER SEQUENCE history_id_seq OWNED BY {target}.id")
    op.execute(f"DROP TABLE {source}")


def downgrade() -> None:
    """Bring the schema back."""
    for table, columns in _INDEXES:
        op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
    for table in ("random_codes", "hours", "connections", "commands"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE history RENAME TO history_in_months")
        op.execute("ALTER TABLE history_in_months DROP CONSTRAINT pk_history")
        op.execute("DROP INDEX ix_history_did_at")
        _history("id")
        _move("history_in_months", "history")
    op.drop_column("history", "sn")
    for column in ("points", "hour"):
        op.drop_column("states", column)
    op.drop_column("products", "history_days")
