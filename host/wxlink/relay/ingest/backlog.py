"""Messages that have arrived and are not yet stored, in order, given out as batches."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Generic, Protocol, TypeVar

BATCH_MAX = 200  # messages in one transaction
# At most 200 transactions a second: spares the disk. Under load a commit takes longer than this and batches
# grow by themselves; 20 ms would not raise the throughput (measured) and would triple what a user waits.
BATCH_EVERY_S = 0.005
MAX_UNCONFIRMED = 5_000  # beyond it messages of QoS 0, which the broker does not hold back, are dropped


class Arrival(Protocol):
    """A message as it came. key: shared with its repetitions; None when the broker wants no word of it."""

    @property
    def key(self) -> Hashable | None: ...
    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...


A = TypeVar("A", bound=Arrival)


class Backlog(Generic[A]):
    """A queue whose length the broker bounds: it sends no more than MAX_ACK_PENDING unacknowledged messages.

    A message that is repeated while its first copy still waits here is dropped.
    """

    def __init__(self) -> None:
        self._waiting: deque[A] = deque()
        self._held: set[Hashable] = set()
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._given_at = -BATCH_EVERY_S

    def __len__(self) -> int:
        """Messages of QoS 1 that are not yet stored and acknowledged."""
        return len(self._held)

    def left(self) -> list[A]:
        """What waits and was not given out."""
        return list(self._waiting)

    def put(self, arrival: A) -> bool:
        """Add a message; False when there is no room for it."""
        if arrival.key is not None:
            if arrival.key in self._held:
                return True
            self._held.add(arrival.key)
        elif len(self._waiting) >= MAX_UNCONFIRMED:
            return False
        self._waiting.append(arrival)
        self._empty.clear()
        self._some.set()
        if len(self._waiting) >= BATCH_MAX:
            self._full.set()
        return True

    async def batch(self) -> list[A]:
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

    def finished(self, batch: Sequence[A]) -> None:
        """The batch is stored and acknowledged."""
        self._held.difference_update(arrival.key for arrival in batch)
        if not self._waiting:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until nothing waits and nothing that was given out is unfinished."""
        await self._empty.wait()
