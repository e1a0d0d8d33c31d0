"""New software and how far devices are with it."""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from wxlink.relay.store.schema.base import DID, FINGERPRINT, KEY, NOTE, metadata
from wxlink.relay.store.schema.devices import devices

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("type", Integer, nullable=False),
    Column("version", String(8), nullable=False),
    Column("product_key", KEY, nullable=False),  # empty: of every product; a module knows none
    Column("sha256", FINGERPRINT, nullable=False),
    Column("md5", KEY, nullable=False),
    Column("size", Integer, nullable=False),
    Column("suffix", String(4), nullable=False),
    Column("notes", String(1000), nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),  # grows with each change, so that a running relay notices
    Column("created_at", Double, nullable=False),
    UniqueConstraint("type", "product_key", "version"),
)

# Whom a release is for: this share of all devices, of one product's, or of one device (then 0 or 100).
rollouts = Table(
    "rollouts",
    metadata,
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), primary_key=True),
    Column("product_key", KEY, primary_key=True),
    Column("did", DID, primary_key=True),
    Column("percent", Integer, nullable=False),
)

device_updates = Table(
    "device_updates",
    metadata,
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE"), primary_key=True),
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("percent", Integer, nullable=False),
    Column("reason", NOTE, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "release"),
)

downloads = Table(
    "downloads",
    metadata,
    Column("token", FINGERPRINT, primary_key=True),
    Column("did", DID, ForeignKey(devices.c.did, ondelete="CASCADE")),  # null: asked for without a device
    Column("release", Integer, ForeignKey(releases.c.id, ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "did", "expires_at"),
    Index(None, "expires_at"),
)
