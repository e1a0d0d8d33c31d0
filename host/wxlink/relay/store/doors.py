"""The products that are open to modules with the vendor's firmware."""

from sqlalchemy import delete, select

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import old_modules


class Doors:
    """The table of open products. Each question reads it anew: `wxlink doors` is another process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, product_key: str, at: float, entry: Entry | None = None) -> bool:
        """Let the product's old modules in; False when they were. The product must exist."""
        async with self._database.write() as conn:
            if entry:
                await record(conn, entry)
            statement = insert(conn, old_modules).values(product_key=product_key, since=at)
            return int((await conn.execute(statement.on_conflict_do_nothing())).rowcount) == 1

    async def close(self, product_key: str, entry: Entry | None = None) -> bool:
        """Keep them out; False when they were."""
        async with self._database.write() as conn:
            if entry:
                await record(conn, entry)
            return (
                await deleted(conn, delete(old_modules).where(old_modules.c.product_key == product_key)) == 1
            )

    async def is_open(self, product_key: str) -> bool:
        """Whether the product's old modules are let in."""
        query = select(old_modules.c.since).where(old_modules.c.product_key == product_key)
        async with self._database.read() as conn:
            return (await conn.execute(query)).one_or_none() is not None

    async def all(self) -> dict[str, float]:
        """The open products, and since when."""
        query = select(old_modules.c.product_key, old_modules.c.since).order_by(old_modules.c.since)
        async with self._database.read() as conn:
            return {row.product_key: row.since for row in await conn.execute(query)}
