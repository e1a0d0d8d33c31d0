"""When devices came and went: written in the transaction in which it happens."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.happenings import Connected, Disconnected, Happening
from wxlink.relay.store.schema import connections

ADDRESSES_KEPT: Final = 20_000  # in memory, about 4 MB: where each connection comes from
IP_MAX: Final = 45  # characters of the longest address of IPv6

ONLINE: Final = "dev_online"
ONLINE_AGAIN: Final = "dev_re_online"
OFFLINE: Final = "dev_offline"


class Passage(NamedTuple):
    """One coming or going. ip and keep_alive (seconds) where the broker told them."""

    did: str
    at: float
    type: str
    ip: str | None
    keep_alive: int | None


class Connections:
    """The table of connections; `follow` is a follower."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._addresses: OrderedDict[str, tuple[str, int | None]] = OrderedDict()

    def seen(self, did: str, ip: str, keep_alive: int | None = None) -> None:
        """A connection of the device is being opened from here."""
        self._addresses[did] = ip[:IP_MAX], keep_alive
        self._addresses.move_to_end(did)
        while len(self._addresses) > ADDRESSES_KEPT:
            self._addresses.popitem(last=False)

    async def follow(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        """Write down who came and who went."""
        rows = []
        for one in happenings:
            if isinstance(one, Connected | Disconnected):
                ip, keep_alive = self._addresses.get(one.did, (None, None))
                passage = Passage(one.did, one.at, _type(one), ip, keep_alive)
                rows.append(passage._asdict())
        if rows:
            await conn.execute(connections.insert(), rows)

    async def of_device(
        self, did: str, after: float, until: float, limit: int, skip: int = 0, *, newest_first: bool = True
    ) -> list[Passage]:
        """Comings and goings of a device with after < at <= until, the newest or the oldest first."""
        table = connections
        order = (table.c.at, table.c.id)
        query = (
            select(*(table.c[name] for name in Passage._fields))
            .where(table.c.did == did, table.c.at > after, table.c.at <= until)
            .order_by(*(column.desc() if newest_first else column for column in order))
            .limit(limit)
            .offset(skip)
        )
        async with self._database.read() as conn:
            return [Passage(*row) for row in await conn.execute(query)]

    async def count(self, did: str, after: float, until: float) -> int:
        """How often a device came or went with after < at <= until."""
        table = connections
        query = select(func.count()).select_from(table)
        async with self._database.read() as conn:
            within = query.where(table.c.did == did, table.c.at > after, table.c.at <= until)
            return int((await conn.execute(within)).scalar_one())

    async def prune(self, before: float) -> int:
        """Forget what was before this moment; how many rows went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(connections).where(connections.c.at < before))


def _type(one: Connected | Disconnected) -> str:
    if isinstance(one, Disconnected):
        return OFFLINE
    return ONLINE_AGAIN if one.again else ONLINE
