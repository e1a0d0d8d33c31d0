"""How long single reports are kept: as the relay's settings say, or as their product does.

On PostgreSQL a month is dropped as a whole when all of it is too old for everyone; so those that are kept
longest go up to a month late, without a delete for each. All others are deleted in chunks, once an hour.
"""

from typing import Final

from sqlalchemy import delete, select, text, tuple_

from wxlink.relay.store.database import Database, deleted
from wxlink.relay.store.months import Months
from wxlink.relay.store.schema import devices, history, products

DAY_S: Final = 86_400
PRUNE_CHUNK: Final = 5_000  # rows deleted in one transaction, so that reports wait milliseconds at most
DIDS_CHUNK: Final = 200  # devices looked at in one statement; each is one search in an index


class Retention:
    """Forgets single reports; latest states stay."""

    def __init__(self, database: Database, months: Months) -> None:
        self._database = database
        self._months = months

    async def prune(self, now: float, usual_s: float) -> int:
        """Forget reports that are too old, and make the months to come; how many reports went.

        usual_s: the life of reports whose product says nothing, and of devices that are gone.
        """
        await self._months.make_ahead(now)
        lives = await self._lives(usual_s)
        longest = max([usual_s, *lives.values()])
        gone = await self._months.drop(now - longest)
        for life in sorted(set(lives.values())):
            if self._database.is_server and life == longest:
                continue
            dids = sorted(did for did, of in lives.items() if of == life)
            for start in range(0, len(dids), DIDS_CHUNK):
                gone += await self._delete(dids[start : start + DIDS_CHUNK], now - life)
        return gone

    async def _lives(self, usual_s: float) -> dict[str, float]:
        """How long the reports of each device that has any are kept, in seconds."""
        query = select(devices.c.did, products.c.history_days).join(products)
        async with self._database.read() as conn:
            reported = (await conn.execute(_REPORTED)).scalars().all()
            rows = await conn.execute(query.where(products.c.history_days.is_not(None)))
            told = {did: float(days * DAY_S) for did, days in rows}
        return {did: told.get(did, usual_s) for did in reported}

    async def _delete(self, dids: list[str], before: float) -> int:
        too_old = (history.c.did.in_(dids), history.c.at < before)
        key = (history.c.at, history.c.id)  # of PostgreSQL; SQLite finds the row by id alone
        chunk = select(*key).where(*too_old).limit(PRUNE_CHUNK)
        statement = delete(history).where(tuple_(*key).in_(chunk), history.c.at < before)
        gone = 0
        while True:
            async with self._database.write() as conn:
                count = await deleted(conn, statement)
            gone += count
            if count < PRUNE_CHUNK:
                return gone


# The dids in the history, each found by one search in the index (did, at), not by a walk through all of it.
_REPORTED: Final = text(
    "WITH RECURSIVE d(did) AS (SELECT min(did) FROM history UNION ALL"
    " SELECT (SELECT min(h.did) FROM history h WHERE h.did > d.did) FROM d WHERE d.did IS NOT NULL)"
    " SELECT did FROM d WHERE did IS NOT NULL"
)
