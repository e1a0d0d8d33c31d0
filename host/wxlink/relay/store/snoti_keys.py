"""Server push: the keys by which a maker's servers prove themselves."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select

from wxlink.relay.store.audit import Entry, record
from wxlink.relay.store.database import Database
from wxlink.relay.store.schema import snoti_keys


@dataclass(frozen=True, slots=True)
class SnotiKey:
    """One key. product_key None: it stands for all products of the maker."""

    auth_id: str
    maker: int
    product_key: str | None
    note: str
    created_at: float


class SnotiKeys:
    """The table of keys; of each secret only the fingerprint is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: SnotiKey, fingerprint: str, entry: Entry) -> None:
        """Add a key whose product exists."""
        row = {
            "auth_id": key.auth_id,
            "maker": key.maker,
            "secret": fingerprint,
            "product_key": key.product_key,
            "note": key.note,
            "created_at": key.created_at,
        }
        async with self._database.write() as conn:
            await conn.execute(snoti_keys.insert().values(row))
            await record(conn, entry)

    async def get(self, auth_id: str) -> tuple[SnotiKey, str] | None:
        """The key and the fingerprint of its secret."""
        query = select(*_COLUMNS, snoti_keys.c.secret).where(snoti_keys.c.auth_id == auth_id)
        async with self._database.read() as conn:
            row = (await conn.execute(query)).one_or_none()
        return None if row is None else (SnotiKey(*row[:-1]), row.secret)

    async def all(self, maker: int | None = None) -> list[SnotiKey]:
        """A maker's keys, or all, the oldest first."""
        query = select(*_COLUMNS).order_by(snoti_keys.c.created_at, snoti_keys.c.auth_id)
        if maker is not None:
            query = query.where(snoti_keys.c.maker == maker)
        async with self._database.read() as conn:
            return [SnotiKey(*row) for row in await conn.execute(query)]

    async def among(self, auth_ids: Collection[str]) -> set[str]:
        """Those of the keys that there still are."""
        query = select(snoti_keys.c.auth_id).where(snoti_keys.c.auth_id.in_(sorted(auth_ids)))
        async with self._database.read() as conn:
            return set((await conn.execute(query)).scalars())

    async def remove(self, auth_id: str, entry: Entry) -> None:
        """Take a key back."""
        async with self._database.write() as conn:
            await conn.execute(delete(snoti_keys).where(snoti_keys.c.auth_id == auth_id))
            await record(conn, entry)


_COLUMNS = tuple(snoti_keys.c[name] for name in ("auth_id", "maker", "product_key", "note", "created_at"))
