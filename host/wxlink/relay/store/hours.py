"""Numbers hour by hour: how many were reported, their sum, the smallest and the largest.

An answer over 30 days of a device that reports every 10 s would have to read and decode 260,000 reports. So
the transaction that stores a report adds its numbers up, too. It does so in the row of the device's state,
which it reads and writes anyway: no further statement for a report, one row more when an hour is over, and
the sums are right after any crash and with several relays, because that row is locked. 30 days are 720 rows.
It costs 15 us of CPU a report of the GoKit product; `python -m bench store` shows 0.09 s in place of 12 s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import hours, states

HOUR_S: Final = 3_600

Sums: TypeAlias = list[float]
"""[count, sum, smallest, largest]"""

Points: TypeAlias = dict[str, Sums]
"""The sums of each data point that is a number, by its name."""


@dataclass(slots=True)
class Now:
    """A device's present hour (since 1970) and its sums; `past`: those of earlier hours, still to be kept."""

    hour: int
    points: Points
    past: list[tuple[int, Points]] = field(default_factory=list)

    def take(self, at: float, attrs: Mapping[str, Any]) -> None:
        """Add what was reported."""
        hour = int(at // HOUR_S)
        if hour > self.hour:
            if self.points:
                self.past.append((self.hour, self.points))
            self.hour, self.points = hour, {}
        if hour == self.hour:
            _add(self.points, attrs)
        else:  # it came late, after a newer one
            late: Points = {}
            _add(late, attrs)
            self.past.append((hour, late))


class Hours:
    """The table of hours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_device(self, did: str, first: int, last: int) -> Iterator[tuple[int, Points]]:
        """The hours from `first` to `last` in which the device reported numbers, in order."""
        now = select(states.c.hour, states.c.points).where(
            states.c.did == did, states.c.hour.between(first, last), states.c.points.is_not(None)
        )
        past = select(hours.c.hour, hours.c.points).where(
            hours.c.did == did, hours.c.hour.between(first, last)
        )
        async with self._database.read() as conn:
            # The present hour first: when it ends meanwhile, it is among the past ones as well, and complete.
            rows = [*await conn.execute(now), *await conn.execute(past)]
        return iter(sorted({row.hour: row.points for row in rows}.items()))

    async def prune(self, before: float) -> int:
        """Forget hours that ended before this moment; how many rows went."""
        async with self._database.write() as conn:
            return await deleted(conn, delete(hours).where(hours.c.hour < int(before // HOUR_S)))


async def add_hours(conn: AsyncConnection, past: list[tuple[str, int, Points]]) -> None:
    """Keep the sums of past hours within the transaction that locks their devices."""
    if not past:
        return
    keys = sorted({(did, hour) for did, hour, _ in past})
    query = select(hours.c.did, hours.c.hour, hours.c.points)
    rows = await conn.execute(query.where(tuple_(hours.c.did, hours.c.hour).in_(keys)))
    merged: dict[tuple[str, int], Points] = {(did, hour): points for did, hour, points in rows}
    for did, hour, points in past:
        merge(merged.setdefault((did, hour), {}), points)
    keeping = insert(conn, hours)
    await conn.execute(
        keeping.on_conflict_do_update(
            index_elements=["did", "hour"], set_={"points": keeping.excluded.points}
        ),
        [{"did": did, "hour": hour, "points": merged[did, hour]} for did, hour in keys],
    )


def merge(into: Points, more: Points) -> None:
    """Add sums to sums."""
    for name, (count, total, low, high) in more.items():
        known = into.get(name)
        if known is None:
            into[name] = [count, total, low, high]
        else:
            into[name] = [known[0] + count, known[1] + total, min(known[2], low), max(known[3], high)]


def _add(points: Points, attrs: Mapping[str, Any]) -> None:
    for name, value in attrs.items():
        if type(value) not in (int, float):  # a bool is an int to isinstance
            continue
        sums = points.get(name)
        if sums is None:
            points[name] = [1, value, value, value]
        else:
            sums[0] += 1
            sums[1] += value
            if value < sums[2]:
                sums[2] = value
            elif value > sums[3]:
                sums[3] = value
