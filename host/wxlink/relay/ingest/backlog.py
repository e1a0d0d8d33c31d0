"""Messages that have arrived and are not yet stored, in order, given out as batches."""

import asyncio
import contextlib
from collections import deque

from wxlink.relay.ingest.link import Delivery

BATCH_MAX = 200  # messages in one transaction
# At most 200 transactions a second: spares the disk. Under load a commit takes longer than this and batches
# grow by themselves; 20 ms would not raise the throughput (measured) and would triple what a user waits.
BATCH_EVERY_S = 0.005
MAX_UNCONFIRMED = 5_000  # beyond it messages of QoS 0, which the broker does not hold back, are dropped


class Backlog:
    """A queue whose length the broker bounds: it sends no more than MAX_ACK_PENDING unacknowledged messages.

    A message that is repeated while its first copy still waits here is dropped.
    """

    def __init__(self) -> None:
        self._waiting: deque[Delivery] = deque()
        self._held: set[tuple[int, int]] = set()
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._given_at = -BATCH_EVERY_S

    def __len__(self) -> int:
        """Messages of QoS 1 that are not yet stored and acknowledged."""
        return len(self._held)

    def put(self, delivery: Delivery) -> None:
        """Add a message."""
        if delivery.qos:
            key = (delivery.connection, delivery.mid)
            if key in self._held:
                return
            self._held.add(key)
        elif len(self._waiting) >= MAX_UNCONFIRMED:
            return
        self._waiting.append(delivery)
        self._empty.clear()
        self._some.set()
        if len(self._waiting) >= BATCH_MAX:
            self._full.set()

    async def batch(self) -> list[Delivery]:
        """The next 1..BATCH_MAX messages: at once, or BATCH_EVERY_S after the batch before."""
        await self._some.wait()
        loop = asyncio.get_running_loop()
        pause = self._given_at + BATCH_EVERY_S - loop.time()
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), pause)
        self._given_at = loop.time()
        taken = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < BATCH_MAX:
            self._full.clear()
        return taken

    def finished(self, batch: list[Delivery]) -> None:
        """The batch is stored and acknowledged."""
        self._held.difference_update((delivery.connection, delivery.mid) for delivery in batch)
        if not self._waiting:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing that was given out is unfinished."""
        await self._empty.wait()
