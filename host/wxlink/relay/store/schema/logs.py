"""What was told to devices, when they came and went, their numbers by the hour, codes of late arrivals."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, KEY, metadata
from wxlink.relay.store.schema.devices import devices

_ID = BigInteger().with_variant(Integer, "sqlite")

commands = Table(
    "commands",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
    Column("cmd", Integer, nullable=False),
    Column("sn", BigInteger),
    Column("p0", LargeBinary, nullable=False),
    Column("source", String(16), nullable=False),
    Column("appid", KEY),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="SET NULL"), index=True),
    Index(None, "did", "at"),
    Index(None, "at"),
)

connections = Table(
    "connections",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
    Column("type", String(16), nullable=False),
    Column("ip", String(45)),
    Column("keep_alive", Integer),
    Index(None, "did", "at"),
    Index(None, "at"),
)

# points: name -> [count, sum, smallest, largest] of what was reported within the hour.
hours = Table(
    "hours",
    metadata,
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("hour", Integer, primary_key=True),  # hours since 1970
    Column("points", JSON, nullable=False),
    Index(None, "hour"),
)

random_codes = Table(
    "random_codes",
    metadata,
    Column("code", KEY, primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)
