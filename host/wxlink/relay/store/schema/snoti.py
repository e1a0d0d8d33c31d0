"""Server push: who may listen, the queues, what waits in them, and the relays that are handing it out."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from wxlink.relay.store.schema.base import FINGERPRINT, KEY, NOTE, metadata
from wxlink.relay.store.schema.devices import products

snoti_keys = Table(
    "snoti_keys",
    metadata,
    Column("auth_id", KEY, primary_key=True),
    Column("secret", FINGERPRINT, nullable=False),
    Column("maker", Integer, nullable=False),  # makers are never removed: no foreign key is needed
    Column(
        "product_key", KEY, ForeignKey(products.c.product_key, ondelete="CASCADE")
    ),  # null: all the maker's
    Column("note", NOTE, nullable=False),
    Column("created_at", Double, nullable=False),
)

# product_key: empty for the queue of a key that stands for all products of a maker; its subkey is then that
# auth_id. maker: whose products these are; null for a queue of one product.
snoti_queues = Table(
    "snoti_queues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_key", KEY, nullable=False),
    Column("subkey", String(32), nullable=False),
    Column("maker", Integer),
    Column("events", JSON, nullable=False),
    Column("dropped", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    UniqueConstraint("product_key", "subkey"),
    sqlite_autoincrement=True,  # what still comes for a queue that is gone must not go to another
)

# One row an event and queue. owner: the relay that has handed it to a client, empty for none.
# Without a foreign key on purpose: a relay that has not heard yet that a queue is gone must not fail.
snoti_events = Table(
    "snoti_events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("queue", Integer, nullable=False),
    Column("owner", String(32), nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "queue", "owner", "id"),
    sqlite_autoincrement=True,  # the id is told to clients, which know by it what they have had already
)

snoti_relays = Table(
    "snoti_relays",
    metadata,
    Column("owner", String(32), primary_key=True),
    Column("beat", BigInteger, nullable=False),
)
