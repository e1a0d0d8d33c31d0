"""Invitations to devices, groups of devices, and messages to users."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
)

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, FINGERPRINT, KEY, NOTE, OBJECT_ID, metadata
from wxlink.relay.store.schema.devices import bindings, devices, products

# guest is null until somebody takes a QR share. Either side has an alias for the other.
shares = Table(
    "shares",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("type", Integer, nullable=False),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("owner", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("guest", KEY, ForeignKey(users.c.uid, ondelete="CASCADE")),
    Column("code", FINGERPRINT, unique=True),
    Column("minutes", Integer),
    Column("status", Integer, nullable=False),
    Column("owners_alias", NOTE, nullable=False),
    Column("guests_alias", NOTE, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "did", "status"),
    Index(None, "owner", "created_at"),
    Index(None, "guest", "created_at"),
    sqlite_autoincrement=True,  # an id that a client remembers never means another share
)

groups = Table(
    "groups",
    metadata,
    Column("id", OBJECT_ID, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("name", NOTE, nullable=False),
    Column("product_key", KEY, ForeignKey(products.c.product_key)),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "uid", "created_at"),
)

# A device leaves the groups of its user together with the binding.
group_devices = Table(
    "group_devices",
    metadata,
    Column("group_id", OBJECT_ID, ForeignKey(groups.c.id, ondelete="CASCADE"), primary_key=True),
    Column("did", DID, primary_key=True),
    Column("uid", KEY, nullable=False),
    Column("added_at", Double, nullable=False),
    ForeignKeyConstraint(["uid", "did"], [bindings.c.uid, bindings.c.did], ondelete="CASCADE"),
    Index(None, "uid", "did"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", OBJECT_ID, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("type", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("event", String(32), nullable=False),
    Column("words", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "uid", "created_at"),
    Index(None, "created_at"),
)
