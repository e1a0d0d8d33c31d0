"""Server push: the queues, which are known in memory, and what is put into them with each change."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wxlink.relay.store.database import Database, when_committed
from wxlink.relay.store.devices import Devices
from wxlink.relay.store.happenings import (
    BindingBegan,
    BindingEnded,
    Commanded,
    DefinitionChanged,
    Happening,
    Reset,
)
from wxlink.relay.store.products import Products
from wxlink.relay.store.schema import products, snoti_events, snoti_queues, users
from wxlink.relay.store.snoti_events import Facts, Subject, body, names, tell

EVERY_PRODUCT: Final = ""  # as the product key of a queue for all products of a maker
SUBKEYS_MAX: Final = 5  # queues a product (SNoti, "Delivery")
NOBODY: Final = ""  # as the owner of an event


class Subscription(NamedTuple):
    """What a client wants to hear: of which product, in which queue, which events (dotted names)."""

    product_key: str
    subkey: str
    events: frozenset[str]
    maker: int | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue: events of one product, for all clients that name this subkey.

    maker: not None for events of all products of that maker.
    """

    id: int
    product_key: str
    subkey: str
    events: frozenset[str]
    maker: int | None


class Backlog(NamedTuple):
    """How full a queue is. dropped: events that found no room or got too old; seen_at: a client was there."""

    queue: Queue
    waiting: int
    dropped: int
    seen_at: float


class TooManyQueues(Exception):
    """The product has SUBKEYS_MAX queues already."""


class SnotiQueues:
    """The table of queues, and the follower that fills them.

    The queues are in memory, so that a batch of reports costs nothing when no client has asked for them. A
    queue that another relay changed is known after `load`.
    """

    def __init__(self, database: Database, devices: Devices, products: Products) -> None:
        self._database = database
        self._products = products
        self._devices = devices
        self._queues: dict[str, tuple[Queue, ...]] = {}
        self._wanted: frozenset[str] = frozenset()
        self._filled: Callable[[Collection[int]], None] = _ignore
        database.followers.add(self.follow)

    def on_filled(self, call: Callable[[Collection[int]], None]) -> None:
        """Call it with the ids of the queues that got events, once they are committed."""
        self._filled = call

    def all(self) -> list[Queue]:
        """Every queue, as of the last `load`."""
        return [queue for queues in self._queues.values() for queue in queues]

    async def load(self) -> None:
        """Read the queues anew."""
        async with self._database.read() as conn:
            found = [_queue(row) for row in await conn.execute(select(snoti_queues))]
        queues: defaultdict[str, tuple[Queue, ...]] = defaultdict(tuple)
        for queue in found:
            queues[queue.product_key] += (queue,)
        self._queues = dict(queues)
        self._wanted = frozenset().union(*(queue.events for queue in found))

    async def subscribe(self, wanted: Sequence[Subscription], at: float) -> list[Queue]:
        """Make the queues, or add to what they take; all or none. Raises TooManyQueues."""
        async with self._database.write() as conn:
            queues = [await _subscribed(conn, one, at) for one in wanted]
        await self.load()
        return queues

    async def unsubscribe(self, unwanted: Subscription) -> None:
        """Take events from a queue; with its last one it goes, and what waits in it."""
        of_queue = (
            snoti_queues.c.product_key == unwanted.product_key,
            snoti_queues.c.subkey == unwanted.subkey,
        )
        async with self._database.write() as conn:
            row = (await conn.execute(select(snoti_queues).where(*of_queue).with_for_update())).one_or_none()
            if row is None:
                return
            left = frozenset(row.events) - unwanted.events
            if left:
                await conn.execute(update(snoti_queues).where(*of_queue).values(events=sorted(left)))
            else:
                await conn.execute(delete(snoti_queues).where(*of_queue))
                await conn.execute(delete(snoti_events).where(snoti_events.c.queue == row.id))
        await self.load()

    async def backlogs(self) -> list[Backlog]:
        """Every queue with what waits in it."""
        counts = select(snoti_events.c.queue, func.count()).group_by(snoti_events.c.queue)
        async with self._database.read() as conn:
            counted = {queue: int(count) for queue, count in await conn.execute(counts)}
            order = select(snoti_queues).order_by(snoti_queues.c.product_key, snoti_queues.c.subkey)
            return [
                Backlog(_queue(row), counted.get(row.id, 0), row.dropped, row.seen_at)
                for row in await conn.execute(order)
            ]

    async def follow(self, conn: AsyncConnection, happenings: Sequence[Happening]) -> None:
        """Put what happened into the queues that take it, within the transaction of the change."""
        if not self._wanted:
            return
        told = [one for one in happenings if not self._wanted.isdisjoint(names(one))]
        if not told:
            return
        subjects = await self._subjects(conn, told, happenings)
        appids = await _appids(conn, told)
        rows: list[dict[str, Any]] = []
        for one, subject in zip(told, subjects, strict=True):
            if subject is not None:
                rows += await self._rows(one, subject, appids)
        if rows:
            await conn.execute(snoti_events.insert(), rows)
            when_committed(conn, partial(self._filled, {int(row["queue"]) for row in rows}))

    async def _rows(
        self, one: Happening, subject: Subject, appids: Mapping[str, str | None]
    ) -> list[dict[str, Any]]:
        queues = self._queues.get(subject.product_key, ())
        of_makers = self._queues.get(EVERY_PRODUCT, ())
        product = None
        if of_makers or isinstance(one, Commanded):  # in memory, as ingest and control have just used it
            product = await self._products.get(subject.product_key)
            queues += tuple(queue for queue in of_makers if product and queue.maker == product.maker)
        if not queues:
            return []
        rows = []
        for told in tell(one, Facts(appids, product)):
            takers = [queue.id for queue in queues if told.name in queue.events]
            if takers:
                text = body(told, subject, one.at)
                rows += [{"queue": taker, "owner": NOBODY, "at": one.at, "body": text} for taker in takers]
        return rows

    async def _subjects(
        self, conn: AsyncConnection, told: Sequence[Happening], happenings: Sequence[Happening]
    ) -> list[Subject | None]:
        """Whom each is about; None: its device is not known."""
        # The row of a device that was reset is gone, for its bindings that ended with it too.
        gone = {
            one.did: Subject(one.product_key, one.did, one.mac)
            for one in happenings
            if isinstance(one, Reset)
        }
        dids = {one.did for one in told if not isinstance(one, DefinitionChanged)} - gone.keys()
        identities = await self._devices.identities_within(conn, dids) if dids else {}
        known = gone | {
            did: Subject(identity.product_key, did, identity.mac) for did, identity in identities.items()
        }
        return [
            Subject(one.product_key) if isinstance(one, DefinitionChanged) else known.get(one.did)
            for one in told
        ]


async def _subscribed(conn: AsyncConnection, wanted: Subscription, at: float) -> Queue:
    # The lock orders two relays that would both make the last queue; SQLite has one writer anyway.
    lock = select(products.c.product_key).where(products.c.product_key == wanted.product_key)
    await conn.execute(lock.with_for_update())
    of_product = select(snoti_queues).where(snoti_queues.c.product_key == wanted.product_key)
    queues = [_queue(row) for row in await conn.execute(of_product)]
    queue = next((queue for queue in queues if queue.subkey == wanted.subkey), None)
    if queue is None:
        if len(queues) >= SUBKEYS_MAX and wanted.product_key != EVERY_PRODUCT:
            raise TooManyQueues(wanted.product_key)
        made = snoti_queues.insert().values(
            product_key=wanted.product_key,
            subkey=wanted.subkey,
            maker=wanted.maker,
            events=sorted(wanted.events),
            dropped=0,
            created_at=at,
            seen_at=at,
        )
        number = (await conn.execute(made.returning(snoti_queues.c.id))).scalar_one()
        return Queue(int(number), *wanted)
    events = queue.events | wanted.events
    changed = update(snoti_queues).where(snoti_queues.c.id == queue.id)
    await conn.execute(changed.values(events=sorted(events), seen_at=at))
    return replace(queue, events=events)


async def _appids(conn: AsyncConnection, told: Sequence[Happening]) -> dict[str, str | None]:
    """uid -> appid, of those whose bindings changed."""
    uids = {one.uid for one in told if isinstance(one, BindingBegan | BindingEnded)}
    if not uids:
        return {}
    query = select(users.c.uid, users.c.appid).where(users.c.uid.in_(sorted(uids)))
    return {row.uid: row.appid for row in await conn.execute(query)}


def _queue(row: Any) -> Queue:
    return Queue(row.id, row.product_key, row.subkey, frozenset(row.events), row.maker)


def _ignore(_queues: Collection[int]) -> None:
    """Nobody hands events out in this process."""
