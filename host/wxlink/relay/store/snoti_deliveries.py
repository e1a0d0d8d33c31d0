"""Server push: which relay has handed out which event, and what is too old or too much.

An event is of one owner at a time, so relays that share a database share its queues without giving an event
twice. What an owner has not seen acknowledged is free again when it says so, or when its beat stands still.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, deleted, insert
from wxlink.relay.store.schema import snoti_events, snoti_queues, snoti_relays
from wxlink.relay.store.snoti_queues import NOBODY

ASKED_AT_ONCE: Final = 1_000  # ids in one statement; a database takes some 32,000 parameters
DELETED_AT_ONCE: Final = 5_000  # rows of one transaction, so that reports wait milliseconds at most


class Event(NamedTuple):
    """An event that waited. body: its JSON without the delivery's number."""

    id: int
    body: str


class Turn(NamedTuple):
    """What one transaction does: forget what was acknowledged, free what was not, claim for who has room.

    wanted: queue -> how many events.
    """

    acked: Collection[int]
    freed: Collection[int]
    wanted: Mapping[int, int]


class SnotiDeliveries:
    """The table of events, as those see it who hand them out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, owner: str, turn: Turn) -> dict[int, list[Event]]:
        """Do it all; queue -> the events that are the owner's now, the oldest first."""
        async with self._database.write() as conn:
            for ids in _portions(turn.acked):
                await conn.execute(delete(snoti_events).where(snoti_events.c.id.in_(ids)))
            await _free(conn, owner, turn.freed)
            return {queue: await _claim(conn, owner, queue, most) for queue, most in turn.wanted.items()}

    async def owned(self, owner: str) -> dict[int, int]:
        """Event -> queue, of what the owner holds."""
        query = select(snoti_events.c.id, snoti_events.c.queue).where(*_held_by(owner))
        async with self._database.read() as conn:
            return {row.id: row.queue for row in await conn.execute(query)}

    async def filled(self, queues: Collection[int]) -> set[int]:
        """Those of the queues in which something waits for an owner."""
        waits = snoti_events.c.queue == snoti_queues.c.id, snoti_events.c.owner == NOBODY
        query = select(snoti_queues.c.id).where(
            snoti_queues.c.id.in_(sorted(queues)), select(snoti_events.c.id).where(*waits).exists()
        )
        async with self._database.read() as conn:
            return set((await conn.execute(query)).scalars())

    async def beat(self, owner: str, attended: Collection[int], now: float) -> dict[str, int]:
        """Say that the owner lives and which queues have a client there; the beats of all owners."""
        async with self._database.write() as conn:
            beaten = insert(conn, snoti_relays).values(owner=owner, beat=1)
            await conn.execute(
                beaten.on_conflict_do_update(index_elements=["owner"], set_={"beat": snoti_relays.c.beat + 1})
            )
            seen = update(snoti_queues).where(snoti_queues.c.id.in_(sorted(attended)))
            await conn.execute(seen.values(seen_at=now))
            return {row.owner: row.beat for row in await conn.execute(select(snoti_relays))}

    async def bury(self, owner: str, beat: int | None = None) -> bool:
        """Free all that the owner held; with `beat` only if it is still at it. Whether it was done."""
        async with self._database.write() as conn:
            mine = delete(snoti_relays).where(snoti_relays.c.owner == owner)
            if beat is not None:
                mine = mine.where(snoti_relays.c.beat == beat)
            if not await deleted(conn, mine):
                return False
            await conn.execute(update(snoti_events).where(*_held_by(owner)).values(owner=NOBODY))
        return True

    async def trim(self, queue: int, most: int) -> int:
        """Drop the oldest of what waits beyond `most`; how many."""
        waiting = snoti_events.c.queue == queue, snoti_events.c.owner == NOBODY
        newest_dropped = (
            select(snoti_events.c.id).where(*waiting).order_by(snoti_events.c.id.desc()).limit(1).offset(most)
        )
        async with self._database.read() as conn:
            last = (await conn.execute(newest_dropped)).scalar_one_or_none()
        return 0 if last is None else await self._drop(queue, snoti_events.c.id <= last)

    async def prune(self, now: float, event_life_s: float, queue_life_s: float) -> int:
        """Drop events that nobody took in time, and queues that no client visits; how many rows went."""
        forgotten = delete(snoti_queues).where(snoti_queues.c.seen_at < now - queue_life_s)
        async with self._database.write() as conn:
            gone = await deleted(conn, forgotten)
            queues = list((await conn.execute(select(snoti_queues.c.id))).scalars())
        for queue in queues:
            gone += await self._drop(queue, snoti_events.c.at < now - event_life_s)
        return gone + await self._delete_orphans()

    async def _drop(self, queue: int, which: ColumnElement[bool]) -> int:
        """Drop what waits in a queue and count it there."""
        total = 0
        while True:
            some = (
                select(snoti_events.c.id)
                .where(snoti_events.c.queue == queue, snoti_events.c.owner == NOBODY, which)
                .limit(DELETED_AT_ONCE)
            )
            async with self._database.write() as conn:
                count = await deleted(conn, delete(snoti_events).where(snoti_events.c.id.in_(some)))
                if count:
                    counted = update(snoti_queues).where(snoti_queues.c.id == queue)
                    await conn.execute(counted.values(dropped=snoti_queues.c.dropped + count))
            total += count
            if count < DELETED_AT_ONCE:
                return total

    async def _delete_orphans(self) -> int:
        """Events whose queue has gone."""
        total = 0
        while True:
            some = (
                select(snoti_events.c.id)
                .where(snoti_events.c.queue.not_in(select(snoti_queues.c.id)))
                .limit(DELETED_AT_ONCE)
            )
            async with self._database.write() as conn:
                count = await deleted(conn, delete(snoti_events).where(snoti_events.c.id.in_(some)))
            total += count
            if count < DELETED_AT_ONCE:
                return total


def _held_by(owner: str) -> tuple[ColumnElement[bool], ...]:
    # By queue: that is how the index finds them.
    return snoti_events.c.queue.in_(select(snoti_queues.c.id)), snoti_events.c.owner == owner


async def _free(conn: AsyncConnection, owner: str, ids: Collection[int]) -> None:
    for some in _portions(ids):
        mine = snoti_events.c.id.in_(some), snoti_events.c.owner == owner
        await conn.execute(update(snoti_events).where(*mine).values(owner=NOBODY))


async def _claim(conn: AsyncConnection, owner: str, queue: int, most: int) -> list[Event]:
    oldest = (
        select(snoti_events.c.id, snoti_events.c.body)
        .where(snoti_events.c.queue == queue, snoti_events.c.owner == NOBODY)
        .order_by(snoti_events.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)  # another relay claims at the same moment: it gets the next ones
    )
    events = [Event(int(row.id), row.body) for row in await conn.execute(oldest)]
    for ids in _portions([event.id for event in events]):
        await conn.execute(update(snoti_events).where(snoti_events.c.id.in_(ids)).values(owner=owner))
    return events


def _portions(ids: Collection[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(ids)  # in one order: two relays that do the same cannot block each other
    for start in range(0, len(ordered), ASKED_AT_ONCE):
        yield ordered[start : start + ASKED_AT_ONCE]
