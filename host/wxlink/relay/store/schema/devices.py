"""Products, their devices, who has them and what they reported."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, FINGERPRINT, KEY, NAME, NOTE, metadata
from wxlink.relay.store.schema.makers import makers

products = Table(
    "products",
    metadata,
    Column("product_key", KEY, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("secret", KEY, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("history_days", Integer),  # null: as long as the relay keeps reports anyway
    Column("sharing", Boolean, nullable=False, server_default=false()),
    # Never null: SQLite adds no column that is both NOT NULL and a foreign key.
    Column("maker", Integer, ForeignKey(makers.c.id)),
    Column("former_secret", KEY),
    Column("former_until", Double),
    Column("sandbox", Boolean, nullable=False, server_default=false()),
    Index(None, "maker"),
)

devices = Table(
    "devices",
    metadata,
    Column("did", DID, primary_key=True),
    Column("product_key", KEY, ForeignKey(products.c.product_key), nullable=False),
    Column("mac", String(64), nullable=False),
    Column("passcode", String(16), nullable=False),
    Column("online", Boolean, nullable=False),
    Column("connection", String(16), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("state_at", Double, nullable=False),
    Column("registered_at", Double, nullable=False),
    Column("update_key", FINGERPRINT),
    Column("health", JSON(none_as_null=True)),
    Column("health_at", Double),
    UniqueConstraint("product_key", "mac"),
)

bindings = Table(
    "bindings",
    metadata,
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("remark", NOTE, nullable=False),
    Column("alias", NOTE, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Index(None, "did", "created_at"),
    Index(None, "expires_at"),
)

states = Table(
    "states",
    metadata,
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("updated_at", Double, nullable=False),
    Column("attrs", JSON, nullable=False),
    # The hour (since 1970) of the last report, and its points so far; see `hours`.
    Column("hour", Integer, nullable=False, server_default=text("0")),
    Column("points", JSON(none_as_null=True)),
    # Where relays share a stream: which message set each point, and which began a connection (`order`).
    Column("point_order", JSON(none_as_null=True)),
    Column("connection_order", JSON(none_as_null=True)),
)

# Without a foreign key on purpose: a report outlives a device that was reset, until its time is up.
# On PostgreSQL it is partitioned by months of `at`, and its key is (at, id): see store/months.py.
history = Table(
    "history",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("did", DID, nullable=False),
    Column("at", Double, nullable=False),
    Column("cmd", Integer, nullable=False),
    Column("sn", BigInteger),
    Column("p0", LargeBinary, nullable=False),
    Column("source_seq", BigInteger),  # its number in the broker's stream, when `at` is that stream's time
    Index(None, "did", "at"),
    Index(
        None,
        "at",
        "source_seq",
        unique=True,
        sqlite_where=text("source_seq IS NOT NULL"),
        postgresql_where=text("source_seq IS NOT NULL"),
    ),
)

# What only one of several relays may do at a time.
leases = Table(
    "leases",
    metadata,
    Column("name", KEY, primary_key=True),
    Column("holder", NAME, nullable=False),
    Column("until", Double, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("claim", FINGERPRINT, primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_by", KEY, ForeignKey(users.c.uid, ondelete="SET NULL")),
    Column("used", Boolean, nullable=False),
    Index(None, "did", "expires_at"),
)
