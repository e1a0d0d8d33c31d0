"""Products whose modules have the vendor's firmware."""

from sqlalchemy import Column, Double, ForeignKey, Table

from wxlink.relay.store.schema.base import KEY, metadata
from wxlink.relay.store.schema.devices import products

# A table, not a column of products: those are kept in memory, and this is switched by another process.
old_modules = Table(
    "old_modules",
    metadata,
    Column("product_key", KEY, ForeignKey(products.c.product_key, ondelete="CASCADE"), primary_key=True),
    Column("since", Double, nullable=False),
)
