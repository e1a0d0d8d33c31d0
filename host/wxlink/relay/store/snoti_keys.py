"""Server push: the keys by which a maker's servers prove themselves."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select

from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.schema import snoti_keys


@dataclass(frozen=True, slots=True)
class SnotiKey:
    """One key. product_key None: it stands for every product."""

    auth_id: str
    product_key: str | None
    note: str
    created_at: float


class SnotiKeys:
    """The table of keys; of each secret only the fingerprint is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: SnotiKey, fingerprint: str) -> None:
        """Add a key whose product exists."""
        row = {
            "auth_id": key.auth_id,
            "secret": fingerprint,
            "product_key": key.product_key,
            "note": key.note,
            "created_at": key.created_at,
        }
        async with self._database.write() as conn:
            await conn.execute(snoti_keys.insert().values(row))

    async def get(self, auth_id: str) -> tuple[SnotiKey, str] | None:
        """The key and the fingerprint of its secret."""
        query = select(*_COLUMNS, snoti_keys.c.secret).where(snoti_keys.c.auth_id == auth_id)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else (SnotiKey(*row[:-1]), row.secret)

    async def all(self, product_key: str | None = None) -> list[SnotiKey]:
        """Every key, or those of one product, the oldest first."""
        query = select(*_COLUMNS).order_by(snoti_keys.c.created_at, snoti_keys.c.auth_id)
        if product_key is not None:
            query = query.where(snoti_keys.c.product_key == product_key)
        async with self._database.read() as conn:
            return [SnotiKey(*row) for row in await conn.execute(query)]

    async def among(self, auth_ids: Collection[str]) -> set[str]:
        """Those of the keys that there still are."""
        query = select(snoti_keys.c.auth_id).where(snoti_keys.c.auth_id.in_(sorted(auth_ids)))
        async with self._database.read() as conn:
            return set((await conn.execute(query)).scalars())

    async def remove(self, auth_id: str) -> bool:
        """Take a key back; whether there was one."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(snoti_keys).where(snoti_keys.c.auth_id == auth_id)) == 1


_COLUMNS = (snoti_keys.c.auth_id, snoti_keys.c.product_key, snoti_keys.c.note, snoti_keys.c.created_at)
