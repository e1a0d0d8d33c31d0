"""Makers: who owns products and apps, who acts for them, and what they have used."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from wxlink.relay.store.schema.base import FINGERPRINT, KEY, NAME, NOTE, metadata

makers = Table(
    "makers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", NAME, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("quotas", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("name"),
)

# A name is one member's on the whole relay: a log-in gives no maker.
members = Table(
    "members",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("maker", Integer, ForeignKey(makers.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", NAME, nullable=False),
    Column("password", NOTE, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("name"),
    Index(None, "maker"),
)

member_tokens = Table(
    "member_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", FINGERPRINT, nullable=False),
    Column("member", Integer, ForeignKey(members.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", NAME, nullable=False),  # empty: the session of a log-in
    Column("scope", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    UniqueConstraint("token"),
    Index(None, "member", "expires_at"),
    Index(None, "expires_at"),
)

app_tokens = Table(
    "app_tokens",
    metadata,
    Column("token", FINGERPRINT, primary_key=True),
    Column("appid", KEY, ForeignKey("apps.appid", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "appid", "expires_at"),
    Index(None, "expires_at"),
)

usage = Table(
    "usage",
    metadata,
    Column("maker", Integer, ForeignKey(makers.c.id, ondelete="CASCADE"), primary_key=True),
    Column("day", Integer, primary_key=True),  # days since 1970-01-01, UTC
    Column("messages", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)

# One row, whose number grows with every change of makers, products and apps: processes notice it so.
registry = Table(
    "registry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
)
