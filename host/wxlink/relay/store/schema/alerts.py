"""Alerts and faults of devices, and what people are to be told."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from wxlink.relay.store.schema.accounts import users
from wxlink.relay.store.schema.base import DID, EVENT, KEY, NAME, NOTE, NUMBER, metadata

_OPEN = text("cleared_at IS NULL")

# Without a foreign key on purpose: an alert outlives a device that was reset, until its time is up.
alerts = Table(
    "alerts",
    metadata,
    Column("event_id", EVENT, primary_key=True),
    Column("did", DID, nullable=False),
    Column("point", NAME, nullable=False),
    Column("display_name", NOTE, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("raised_at", Double, nullable=False),
    Column("cleared_at", Double),
    Column("told", Boolean, nullable=False),  # whether people are told; not of one that flickers
    Index(None, "did", "point", "raised_at"),
    Index("ix_alerts_open", "did", "point", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(None, "cleared_at"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", NUMBER, primary_key=True),
    Column("uid", KEY, ForeignKey(users.c.uid, ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("did", DID, nullable=False),
    Column("point", NAME, nullable=False),
    Column("event_id", EVENT, nullable=False),
    Column("note", NOTE, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wakes_at", Double),  # pending from then on, claimed until then; null: it is over
    Column("reason", NOTE, nullable=False),
    UniqueConstraint("event_id", "uid", "kind"),
    Index(None, "wakes_at"),
    Index(None, "created_at"),
    Index(None, "uid"),
)
