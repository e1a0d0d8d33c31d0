"""Products: what the relay knows about a product key, with the codec for its P0 bytes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select, update

from wxlink.relay.store.database import Database, insert
from wxlink.relay.store.happenings import DefinitionChanged
from wxlink.relay.store.schema import products
from wxproto.p0 import Codec
from wxproto.product import Product as Definition


@dataclass(frozen=True)
class Product:
    """One product. `definition` is its published JSON as it is; sharing: see `set_sharing`.

    history_days: how long single reports of its devices are kept; None: as long as the relay keeps any.
    """

    product_key: str
    name: str
    secret: str
    definition: dict[str, Any]
    history_days: int | None = None
    sharing: bool = False

    @cached_property
    def points(self) -> Definition:
        """The definition, read: name, product key and data points."""
        return Definition.from_dict(self.definition)

    @cached_property
    def codec(self) -> Codec:
        """The codec between its P0 bytes and values."""
        return Codec(self.points)


class Products:
    """The table of products, with those seen so far in memory: every report and every control asks for one.

    A relay is restarted when another process has replaced a product's definition.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Product] = {}

    async def put(self, product: Product, at: float | None = None) -> None:
        """Add a product, or replace the one with this product key.

        at: when; given, those who follow are told of a definition that is another than before.
        Raises wxproto's ProductError, before anything is written, when the definition cannot be read.
        """
        _ = product.codec
        row = {
            "product_key": product.product_key,
            "name": product.name,
            "secret": product.secret.lower(),  # clients differ in what they lower-case before hashing
            "definition": product.definition,
            "history_days": product.history_days,
        }
        async with self._database.write() as conn:
            query = select(products.c.definition).where(products.c.product_key == product.product_key)
            before = (await conn.execute(query)).scalar_one_or_none()
            await conn.execute(
                insert(conn, products)
                .values(row)
                .on_conflict_do_update(index_elements=["product_key"], set_=row)
            )
            if at is not None and before not in (None, product.definition):
                await self._database.followers.tell(conn, (DefinitionChanged(product.product_key, at),))
        self._known.pop(product.product_key, None)

    async def set_sharing(self, product_key: str, sharing: bool) -> bool:
        """Say whether who binds a new device alone becomes its owner; False when there is no such product."""
        mine = update(products).where(products.c.product_key == product_key)
        async with self._database.write() as conn:
            known = int((await conn.execute(mine.values(sharing=sharing))).rowcount) == 1
        self._known.pop(product_key, None)
        return known

    async def get(self, product_key: str) -> Product | None:
        """The product, or None when there is none."""
        if product_key not in self._known:
            async with self._database.read() as conn:
                query = select(products).where(products.c.product_key == product_key)
                row = (await conn.execute(query)).one_or_none()
            if row is None:
                return None
            self._known[product_key] = Product(**row._mapping)
        return self._known[product_key]

    async def keep_history(self, product_key: str, days: int | None) -> bool:
        """Keep its devices' single reports for so long, None: as long as any; False: no such product."""
        statement = update(products).where(products.c.product_key == product_key).values(history_days=days)
        async with self._database.write() as conn:
            found = int((await conn.execute(statement)).rowcount) == 1
        self._known.pop(product_key, None)
        return found
