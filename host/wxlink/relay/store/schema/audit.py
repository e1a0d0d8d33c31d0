"""The audit log."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Table

from wxlink.relay.store.schema.base import NAME, NOTE, metadata

# Without foreign keys on purpose: a row outlives whom and what it tells of.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Double, nullable=False),
    Column("maker", Integer),  # null: of no maker's
    Column("account", NAME, nullable=False),
    Column("action", String(40), nullable=False),
    Column("object", NOTE, nullable=False),
    Column("result", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Index(None, "maker", "at"),
    Index(None, "account", "at"),
    Index(None, "at"),
)
