"""Hands events out: claims them for clients that have room, forgets them when they are acknowledged.

All that clients of this relay want is done in one transaction after another: what comes while one is
written shares the next. Other relays on the same database are met in the tables alone.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol

from wxlink.relay.ids import new_key
from wxlink.relay.snoti.limits import CLAIM, Limits
from wxlink.relay.store import Event, Store, Turn

RETRY_S: Final = 1.0  # after the store failed
STOP_WITHIN_S: Final = 15.0  # longer than a transaction waits for SQLite's lock

log = logging.getLogger(__name__)


class Consumer(Protocol):
    """A client that takes events. `deliver` must not block; `settled`: its acknowledgement is stored."""

    @property
    def room(self) -> int: ...
    def deliver(self, event: Event) -> None: ...
    def settled(self, event: int) -> None: ...


class Dispatcher:
    """Between the queues and the clients of this relay.

    queue_max: events that may wait in one queue; the oldest beyond it are dropped.
    """

    def __init__(self, store: Store, clock: Callable[[], float], queue_max: int, limits: Limits) -> None:
        self.owner = new_key()
        """Under which this relay holds events."""
        self._queues = store.snoti_queues
        self._deliveries = store.snoti_deliveries
        self._clock = clock
        self._queue_max = queue_max
        self._limits = limits
        self._lines: dict[int, deque[Consumer]] = {}  # queue -> its clients, whose turn it is first
        self._held: dict[Consumer, dict[int, int]] = {}  # event -> queue
        self._filled: dict[int, None] = {}  # queues in which something may wait; the next first
        self._acked: dict[int, Consumer] = {}
        self._freed: dict[int, int] = {}  # event -> queue
        self._waiting: list[asyncio.Future[None]] = []
        self._work = asyncio.Event()
        self._beats: dict[str, tuple[int, float]] = {}  # of other relays, and since when
        self._beaten = False  # whether others know of this relay
        self._doubtful = False  # whether a transaction failed, and nobody knows how it ended
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to hand out, to look around, and to hold queues to their size."""
        self._queues.on_filled(self.wake)
        limits = self._limits
        work = (
            self._run(),
            self._every(limits.poll_s, self._look),
            self._every(limits.beat_s, self._beat),
            self._every(limits.trim_s, self._trim),
        )
        self._tasks = [asyncio.create_task(one, name="server push") for one in work]

    async def stop(self) -> None:
        """Store what was acknowledged and free the rest; clients must have left."""
        # A task that is cancelled in a transaction may leave the database locked: each ends by itself.
        self._stopping.set()
        self._work.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
        try:
            await self._deliveries.take(self.owner, Turn(self._acked, self._freed, {}))
            await self._deliveries.bury(self.owner)
        except Exception:
            log.exception("what clients had is given out again when other relays miss this one")

    async def attend(self, consumer: Consumer, queues: Collection[int]) -> None:
        """Hand events of these queues to the client too."""
        if not self._beaten:
            await self._deliveries.beat(self.owner, (), self._clock())
            self._beaten = True
        self._held.setdefault(consumer, {})
        for queue in queues:
            line = self._lines.setdefault(queue, deque())
            if consumer not in line:
                line.append(consumer)
        self.wake(queues)

    def leave(self, consumer: Consumer) -> None:
        """The client is gone: what it did not acknowledge is free."""
        self._freed |= self._held.pop(consumer, {})
        for queue, line in tuple(self._lines.items()):
            if consumer in line:
                line.remove(consumer)
            if not line:
                del self._lines[queue]
                self._filled.pop(queue, None)
        self._work.set()

    def acknowledge(self, consumer: Consumer, event: int) -> None:
        """The client has dealt with an event that it was given."""
        if self._held[consumer].pop(event, None) is not None:
            self._acked[event] = consumer
            self._work.set()

    async def settle(self) -> None:
        """Wait until all acknowledgements so far are stored."""
        if self._acked:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(done)
            self._work.set()  # a transaction under way may have left without it
            await done

    def wake(self, queues: Collection[int] = ()) -> None:
        """Something may wait in these queues, or a client has room again."""
        for queue in queues:
            if queue in self._lines:
                self._filled[queue] = None
        if self._filled:
            self._work.set()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self._work.wait()
            await asyncio.sleep(self._limits.gather_s)
            self._work.clear()
            try:
                if self._doubtful:
                    await self._reconcile()
                await self._turn()
            except Exception:
                log.exception("server push cannot use the store; tried again in %g s", RETRY_S)
                self._doubtful = True
                await self._stops_within(RETRY_S)
                self._work.set()

    async def _turn(self) -> None:
        """One transaction, and what follows from it."""
        wanted = self._rooms()
        turn = Turn(tuple(self._acked), tuple(self._freed), wanted)
        waiting, self._waiting = self._waiting, []
        for queue in wanted:
            del self._filled[queue]  # it comes back when it is filled meanwhile
        try:
            given = await self._deliveries.take(self.owner, turn) if any(turn) else {}
        except BaseException:
            self._waiting += waiting
            self.wake(wanted)
            raise
        for event in turn.acked:
            self._acked.pop(event).settled(event)
        for done in waiting:
            if not done.done():
                done.set_result(None)
        self.wake({self._freed.pop(event) for event in turn.freed})
        for queue, events in given.items():
            if len(events) == wanted[queue]:
                self.wake((queue,))
            self._deal(queue, events)
        if self._rooms():
            self._work.set()

    def _rooms(self) -> dict[int, int]:
        """How many events of which queue to claim."""
        left = {consumer: consumer.room for consumer in self._held}
        rooms: dict[int, int] = {}
        for queue in self._filled:
            takers = self._lines[queue]
            rooms[queue] = wanted = min(CLAIM, sum(left[taker] for taker in takers))
            for taker in takers:
                taken = min(wanted, left[taker])
                left[taker] -= taken
                wanted -= taken
        return {queue: room for queue, room in rooms.items() if room}

    def _deal(self, queue: int, events: Sequence[Event]) -> None:
        """One event to each client of the queue in turn; what nobody takes any more is free."""
        line = self._lines.get(queue, deque[Consumer]())
        for event in events:
            for _ in range(len(line)):
                taker = line[0]
                line.rotate(-1)
                if taker.room:
                    self._held[taker][event.id] = queue
                    taker.deliver(event)
                    break
            else:
                self._freed[event.id] = queue
                self._work.set()

    async def _reconcile(self) -> None:
        """Free what a failed transaction may have claimed all the same."""
        known = self._acked.keys() | self._freed.keys()
        known |= {event for held in self._held.values() for event in held}
        owned = await self._deliveries.owned(self.owner)
        self._freed |= {event: queue for event, queue in owned.items() if event not in known}
        self._doubtful = False

    async def _look(self) -> None:
        """What did other processes change?"""
        await self._queues.load()
        quiet = self._lines.keys() - self._filled.keys()
        if quiet:
            self.wake(await self._deliveries.filled(quiet))

    async def _beat(self) -> None:
        """Say that this relay lives, and free what those hold that do not."""
        if not self._lines and not self._beaten:
            return  # nobody listens here: this relay holds nothing
        beats = await self._deliveries.beat(self.owner, self._lines.keys(), self._clock())
        self._beaten = True
        now = asyncio.get_running_loop().time()
        # Judged by this relay's own clock: clocks of machines differ.
        known = self._beats
        self._beats = {
            owner: known[owner] if owner in known and known[owner][0] == beat else (beat, now)
            for owner, beat in beats.items()
            if owner != self.owner
        }
        for owner, (beat, since) in tuple(self._beats.items()):
            if now - since > self._limits.gone_after_s and await self._deliveries.bury(owner, beat):
                log.warning("relay %.8s is gone; what it had handed out is given to others", owner)
                self.wake(self._lines.keys())

    async def _trim(self) -> None:
        """Hold every queue to its size."""
        for queue in self._queues.all():
            dropped = await self._deliveries.trim(queue.id, self._queue_max)
            if dropped:
                log.warning(
                    "the queue %s of product %s is full: its %d oldest events were dropped",
                    queue.subkey,
                    queue.product_key or "*",
                    dropped,
                )

    async def _every(self, pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while not await self._stops_within(pause_s):
            try:
                await work()
            except Exception:
                log.exception("server push could not look after its queues; tried again in %g s", pause_s)

    async def _stops_within(self, pause_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)
        return self._stopping.is_set()
