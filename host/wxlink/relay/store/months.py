"""The history's partitions on PostgreSQL: one table a month (UTC), made ahead of time and on demand.

There is no default partition: what had fallen into it would have to be moved before its month could be made,
under a lock that stops every report. A month is made as a table of its own and then attached, which stops
neither reports nor queries. On SQLite the history is one table, and all of this does nothing.
"""

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, turn

AHEAD_DAYS: Final = 40  # reaches into the next month from any day: a relay that is down for days finds it
DROP_WITHIN: Final = "2s"  # a drop waits no longer for a long query: reports would wait behind it
_NO_PARTITION: Final = "23514"  # SQLSTATE check_violation: no partition takes the row
_NAME: Final = re.compile(r"history_y(\d{4})m(\d{2})")

log = logging.getLogger(__name__)


class Month(NamedTuple):
    """One partition: reports with begin <= at < end, in unix seconds."""

    name: str
    begin: float
    end: float

    @classmethod
    def of(cls, at: float) -> Self:
        """The month in which this moment lies."""
        moment = datetime.fromtimestamp(at, UTC)
        return cls._of(moment.year, moment.month)

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The month that a partition of this name holds, None when the name is no month's."""
        found = _NAME.fullmatch(name)
        return cls._of(*map(int, found.groups())) if found else None

    @classmethod
    def _of(cls, year: int, month: int) -> Self:
        begin = datetime(year, month, 1, tzinfo=UTC)
        end = (begin + timedelta(days=31)).replace(day=1)
        return cls(f"history_y{year:04}m{month:02}", begin.timestamp(), end.timestamp())


class Months:
    """The partitions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._there: set[str] = set()

    async def make(self, *moments: float) -> None:
        """Make the months of these moments where they are missing."""
        if not self._database.is_server:
            return
        for month in {Month.of(at) for at in moments}:
            if month.name not in self._there:
                async with self._database.write() as conn:
                    await turn(conn, "history months")
                    await _attach(conn, month)
                self._there.add(month.name)

    async def make_ahead(self, now: float) -> None:
        """Make this month and the next, so that no report has to."""
        await self.make(now, now + AHEAD_DAYS * 86_400)

    async def missed(self, error: DBAPIError, moments: Iterable[float]) -> bool:
        """Whether a report failed for want of a month, dropped by another; it is there again then."""
        if getattr(error.orig, "sqlstate", None) != _NO_PARTITION:
            return False
        self._there.clear()
        await self.make(*moments)
        return True

    async def drop(self, before: float) -> int:
        """Drop the months that ended before this moment; about how many reports went."""
        if not self._database.is_server:
            return 0
        gone = 0
        async with self._database.write() as conn:
            rows = await conn.execute(_PARTITIONS)
            old = [(name, count) for name, count in rows if (m := Month.named(name)) and m.end <= before]
        for name, count in old:
            try:
                async with self._database.write() as conn:
                    await conn.execute(text(f"SET LOCAL lock_timeout = '{DROP_WITHIN}'"))
                    await conn.execute(text(f"DROP TABLE IF EXISTS {name}"))
            except DBAPIError as error:
                log.warning("%s could not be dropped and is tried again in an hour: %s", name, error.orig)
                continue
            self._there.discard(name)
            log.info("the history of %s is dropped, about %d reports", name, count)
            gone += count
        return gone


_PARTITIONS: Final = text(
    "SELECT c.relname, greatest(c.reltuples, 0)::bigint"
    " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = 'history'::regclass ORDER BY c.relname"
)


async def _attach(conn: AsyncConnection, month: Month) -> None:
    there = text("SELECT to_regclass(:name) IS NOT NULL")
    if (await conn.execute(there, {"name": month.name})).scalar_one():
        return
    name, begin, end = month
    for statement in (
        f"CREATE TABLE {name} (LIKE history INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)",
        f"ALTER TABLE history ATTACH PARTITION {name} FOR VALUES FROM ({begin!r}) TO ({end!r})",
    ):
        await conn.execute(text(statement))
