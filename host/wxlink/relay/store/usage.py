"""How many messages the devices of a maker have sent today; counted in memory, written now and then."""

import math
import time
from collections import Counter
from typing import Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.settings import DAY_S
from wxlink.relay.store.database import Database, deleted, insert, pairs
from wxlink.relay.store.makers import Makers
from wxlink.relay.store.schema import usage

SETTLE_EVERY_S: Final = 5.0  # how long counts stay in memory: as much may be lost when the relay is killed
KEPT_DAYS: Final = 400  # how long counts are kept: a year, and one month to compare with


class Used(NamedTuple):
    """What a maker used on one day (days since 1970-01-01, UTC). refused: beyond the quota, not stored."""

    day: int
    messages: int
    refused: int


class Row(NamedTuple):
    """Counts to be added."""

    maker: int
    day: int
    messages: int
    refused: int


class Usage:
    """The table of usage, and the gate that devices' messages pass.

    Several relays on one database count together: each knows the others' counts of a few seconds ago, so the
    quota is passed by at most what arrives in that time.
    """

    def __init__(self, database: Database, makers: Makers) -> None:
        self._database = database
        self._makers = makers
        self._settled_at = -math.inf
        self._day = 0
        self._totals: Counter[int] = Counter()  # messages of the day, as the table had them, and ours since
        self._messages: Counter[int] = Counter()
        self._refused: Counter[int] = Counter()

    async def take(self, maker: int, count: int, now: float) -> int:
        """How many of `count` messages may be stored: fewer beyond the quota, 0 for a locked maker."""
        day = int(now // DAY_S)
        if day != self._day or time.monotonic() - self._settled_at > SETTLE_EVERY_S:
            await self.settle(day)
        known = await self._makers.get(maker)
        if known is None or known.disabled:
            return 0
        most = known.quotas.get("messages")
        taken = count if most is None else max(0, min(count, most - self._totals[maker]))
        self._totals[maker] += taken
        self._messages[maker] += taken
        self._refused[maker] += count - taken
        return taken

    async def settle(self, day: int) -> None:
        """Write the counts since the last time under their day, and read everybody's of `day`."""
        self._settled_at = time.monotonic()
        messages, refused, counted_on = self._messages, self._refused, self._day
        self._messages, self._refused, self._day = Counter(), Counter(), day
        try:
            async with self._database.write() as conn:
                for maker in sorted(messages.keys() | refused.keys()):
                    await _add(conn, Row(maker, counted_on, messages[maker], refused[maker]))
                query = select(usage.c.maker, usage.c.messages).where(usage.c.day == day)
                totals: Counter[int] = Counter(dict(pairs(await conn.execute(query))))
        except BaseException:
            if counted_on == day:  # yesterday's are not worth a second attempt
                self._messages.update(messages)
                self._refused.update(refused)
            raise
        totals.update(self._messages)  # what was taken meanwhile
        self._totals = totals

    async def of(self, maker: int, days: int) -> list[Used]:
        """A maker's last days with messages, the newest first."""
        query = select(usage.c.day, usage.c.messages, usage.c.refused).where(usage.c.maker == maker)
        async with self._database.read() as conn:
            return [Used(*row) for row in await conn.execute(query.order_by(usage.c.day.desc()).limit(days))]

    async def prune(self, now: float) -> int:
        """Forget days that are too old; how many went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(usage).where(usage.c.day < now // DAY_S - KEPT_DAYS))


async def _add(conn: AsyncConnection, row: Row) -> None:
    added = insert(conn, usage).values(row._asdict())
    sums = {name: usage.c[name] + added.excluded[name] for name in ("messages", "refused")}
    await conn.execute(added.on_conflict_do_update(index_elements=["maker", "day"], set_=sums))
