"""Products: what the relay knows about a product key, with the codec for its P0 bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import delete, func, select, update

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.happenings import DefinitionChanged
from wxlink.relay.store.makers import DEFAULT_MAKER, check_room
from wxlink.relay.store.registry import Registry, Shelf, note_change
from wxlink.relay.store.rotation import accepted
from wxlink.relay.store.schema import devices, products
from wxproto.p0 import Codec
from wxproto.product import ALERT, FAULT, Point
from wxproto.product import Product as Definition


class ProductTaken(Exception):
    """There is a product with this key already."""


class HasDevices(Exception):
    """The product has devices."""


@dataclass(frozen=True)
class Product:
    """One product. `definition` is its published JSON as it is.

    history_days: how long single reports of its devices are kept; None: as long as the relay keeps any.
    former_secret: the one before the last rotation, which is accepted until former_until. sandbox: it is
    under development, with a quota of its own. sharing: see `Products.set_sharing`.
    """

    product_key: str
    name: str
    secret: str = field(repr=False)
    definition: dict[str, Any]
    history_days: int | None = None
    sharing: bool = False
    maker: int = DEFAULT_MAKER
    former_secret: str | None = field(default=None, repr=False)
    former_until: float | None = None
    sandbox: bool = False

    @cached_property
    def points(self) -> Definition:
        """The definition, read: name, product key and data points."""
        return Definition.from_dict(self.definition)

    @cached_property
    def codec(self) -> Codec:
        """The codec between its P0 bytes and values."""
        return Codec(self.points)

    def secrets(self, now: float) -> list[str]:
        """The secrets that are accepted at this time."""
        return accepted(self, now)

    @cached_property
    def alarms(self) -> dict[str, Point]:
        """Its data points of type alert and fault, by name."""
        return {point.name: point for point in self.points.points if point.kind in (ALERT, FAULT)}


class Products:
    """The table of products, with those seen so far in memory: every report and every control asks for one.

    What another process changes is noticed within `registry.LOOK_EVERY_S`.
    """

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry
        self._shelf: Shelf[str, Product] = registry.add(Shelf())

    async def put(self, product: Product, at: float | None = None) -> None:
        """Add a product, or give the one with this product key another name, secret and definition.

        at: when; given, those who follow are told of a definition that is another than before.
        Raises wxproto's ProductError, before anything is written, when the definition cannot be read.
        """
        _ = product.codec
        row = _row(product)
        replaced = {name: row[name] for name in ("name", "secret", "definition", "history_days")}
        async with self._database.write() as conn:
            query = select(products.c.definition).where(products.c.product_key == product.product_key)
            before = (await conn.execute(query)).scalar_one_or_none()
            await conn.execute(
                insert(conn, products)
                .values(row)
                .on_conflict_do_update(index_elements=["product_key"], set_=replaced)
            )
            if at is not None and before not in (None, product.definition):
                await self._database.followers.tell(conn, (DefinitionChanged(product.product_key, at),))
            await note_change(conn)
        self._registry.forget()

    async def add(self, product: Product, most: int | None, entry: Entry) -> None:
        """Add a product to its maker, who may have `most`.

        Raises ProductTaken, QuotaReached, and wxproto's ProductError.
        """
        _ = product.codec
        async with self._database.write() as conn:
            await check_room(conn, "products", most, products.c.maker, product.maker)
            statement = insert(conn, products).values(_row(product)).on_conflict_do_nothing()
            if (await conn.execute(statement)).rowcount != 1:
                raise ProductTaken(product.product_key)
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def change(self, product_key: str, values: Mapping[str, Any], entry: Entry) -> None:
        """Change columns of a product; the caller has checked them."""
        async with self._database.write() as conn:
            mine = products.c.product_key == product_key
            before = (await conn.execute(select(products.c.definition).where(mine))).scalar_one_or_none()
            await conn.execute(update(products).where(mine).values(**values))
            if before is not None and values.get("definition", before) != before:
                await self._database.followers.tell(conn, (DefinitionChanged(product_key, entry.at),))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def rotate(self, product_key: str, secret: str, until: float, entry: Entry) -> None:
        """Give a new secret; the present one is accepted until then, one before it no longer."""
        rotated = {"secret": secret, "former_secret": products.c.secret, "former_until": until}
        await self.change(product_key, rotated, entry)

    async def remove(self, product_key: str, entry: Entry) -> None:
        """Forget a product. Raises HasDevices."""
        async with self._database.write() as conn:
            theirs = select(func.count()).select_from(devices).where(devices.c.product_key == product_key)
            if (await conn.execute(theirs)).scalar_one():
                raise HasDevices(product_key)
            await deleted(conn, delete(products).where(products.c.product_key == product_key))
            await note_change(conn)
            await record(conn, entry)
        self._registry.forget()

    async def of_maker(self, maker: int | None) -> list[Product]:
        """A maker's products, or all, by name."""
        query = select(products).order_by(products.c.name, products.c.product_key)
        if maker is not None:
            query = query.where(products.c.maker == maker)
        async with self._database.read() as conn:
            return [Product(**row._mapping) for row in await conn.execute(query)]

    async def set_sharing(self, product_key: str, sharing: bool, entry: Entry | None = None) -> bool:
        """Say whether who binds a new device alone becomes its owner; False when there is no such product."""
        mine = update(products).where(products.c.product_key == product_key)
        async with self._database.write() as conn:
            known = int((await conn.execute(mine.values(sharing=sharing))).rowcount) == 1
            await note_change(conn)
            if entry is not None:
                await record(conn, entry)
        self._registry.forget()
        return known

    async def get(self, product_key: str) -> Product | None:
        """The product, or None when there is none."""
        await self._registry.look()
        held = self._shelf.held
        if product_key not in held:
            async with self._database.read() as conn:
                query = select(products).where(products.c.product_key == product_key)
                row = (await conn.execute(query)).one_or_none()
            if row is None:
                return None
            held[product_key] = Product(**row._mapping)
        return held[product_key]

    async def keep_history(self, product_key: str, days: int | None) -> bool:
        """Keep its devices' single reports for so long, None: as long as any; False: no such product."""
        statement = update(products).where(products.c.product_key == product_key).values(history_days=days)
        async with self._database.write() as conn:
            found = int((await conn.execute(statement)).rowcount) == 1
            await note_change(conn)
        self._registry.forget()
        return found


def _row(product: Product) -> dict[str, Any]:
    return {
        "product_key": product.product_key,
        "name": product.name,
        "secret": product.secret.lower(),  # clients differ in what they lower-case before hashing
        "definition": product.definition,
        "history_days": product.history_days,
        "maker": product.maker,
        "sandbox": product.sandbox,
    }
