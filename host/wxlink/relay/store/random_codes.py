"""Codes by which an app finds the module that it has just set up (GET /app/device_register)."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, select

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.devices import Device
from wxlink.relay.store.schema import devices, random_codes

CODES_A_DEVICE: Final = 8  # a module may have one for each app of its product; the first of them are kept


class RandomCodes:
    """The table of random codes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, did: str, codes: Collection[str], expires_at: float) -> None:
        """Keep the codes that a module registered with, in place of earlier ones."""
        rows = [
            {"code": code, "did": did, "expires_at": expires_at} for code in sorted(codes)[:CODES_A_DEVICE]
        ]
        async with self._database.write() as conn:
            await conn.execute(delete(random_codes).where(random_codes.c.did == did))
            if rows:
                await conn.execute(insert(conn, random_codes).on_conflict_do_nothing(), rows)

    async def devices(self, codes: Collection[str], now: float) -> list[Device]:
        """The devices that registered lately with one of these codes."""
        named = random_codes.c.code.in_(list(codes)) & (random_codes.c.expires_at > now)
        dids = select(random_codes.c.did).where(named)
        query = select(devices).where(devices.c.did.in_(dids)).order_by(devices.c.did)
        async with self._database.read() as conn:
            return [Device(**row._mapping) for row in await conn.execute(query)]

    async def prune(self, now: float) -> int:
        """Forget expired codes; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(random_codes).where(random_codes.c.expires_at <= now))
