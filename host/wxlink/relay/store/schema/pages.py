"""What the H5 pages and WeChat's callback must remember."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, LargeBinary, Table, false

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, FINGERPRINT, KEY, NOTE, metadata
from wxlink.relay.store.schema.devices import devices

page_tickets = Table(
    "page_tickets",
    metadata,
    Column("ticket", FINGERPRINT, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE")),
    Column("expires_at", Double, nullable=False),
    Column("used", Boolean, nullable=False, server_default=false()),
    Index(None, "uid", "expires_at"),
)

page_sessions = Table(
    "page_sessions",
    metadata,
    Column("session", FINGERPRINT, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "uid", "expires_at"),
)

pushes = Table(
    "pushes",
    metadata,
    Column("push", NOTE, primary_key=True),
    Column("reply", LargeBinary),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)
