"""Messages are handled in batches, one after another; one that breaks its batch is found and dropped."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic

from wxlink.relay.ingest.backlog import A, Backlog
from wxlink.relay.ingest.intake import DROPPED, UNDECIPHERABLE, Intake

DRAIN_WITHIN_S = 5.0  # at a stop; what is not stored by then stays with the broker

log = logging.getLogger(__name__)


class Batches(Generic[A]):
    """Runs `handle` on each batch of what was put in.

    handle: (batch, again) stores, acknowledges and tells; again: its messages may have been stored by an
    attempt that broke. drop: acknowledges a message that is not stored: it breaks every batch it is in, or
    its device sends too fast. done: called after each batch.
    """

    def __init__(
        self,
        handle: Callable[[Sequence[A], bool], Awaitable[None]],
        drop: Callable[[A], None],
        done: Callable[[], None] = lambda: None,
        *,
        intake: Intake,
    ) -> None:
        self._intake = intake
        self._handle = handle
        self._drop = drop
        self._done = done
        self._backlog: Backlog[A] = Backlog()
        self._begun: Sequence[A] = ()
        self._closing = False
        self._worker: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Messages that have arrived and are not yet acknowledged."""
        return len(self._backlog)

    def start(self) -> None:
        """Begin to handle."""
        self._worker = asyncio.create_task(self._run(), name="ingest")

    def put(self, arrival: A) -> None:
        """Add a message; at a stop nothing: the broker keeps it."""
        if self._closing:
            return
        if not self._intake.admits(arrival.topic):
            self._drop(arrival)
        elif not self._backlog.put(arrival):
            self._intake.note(DROPPED)

    def left(self) -> list[A]:
        """After a stop: what was not handled, or only begun."""
        return [*self._begun, *self._backlog.left()]

    async def stop(self) -> None:
        """Handle what has arrived, within DRAIN_WITHIN_S. Safe to call twice."""
        self._closing = True
        if self._worker and not self._worker.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._backlog.drained(), DRAIN_WITHIN_S)
            self._worker.cancel()
            await asyncio.wait((self._worker,))

    async def _run(self) -> None:
        while True:
            self._begun = batch = await self._backlog.batch()
            began = time.perf_counter()
            await self._keep(batch)
            self._begun = ()
            self._backlog.finished(batch)
            self._intake.handled(len(batch), time.perf_counter() - began)
            self._done()

    async def _keep(self, batch: Sequence[A], again: bool = False) -> None:
        """Handle a batch; when one of its messages breaks it, each for itself."""
        try:
            await self._handle(batch, again)
        except Exception:
            if len(batch) > 1:
                log.exception("a batch of %d messages broke: each is tried for itself", len(batch))
                for arrival in batch:
                    await self._keep((arrival,), again=True)
                return
            log.exception("a message on %.80r cannot be stored and is dropped", batch[0].topic)
            self._intake.note(UNDECIPHERABLE)
            self._drop(batch[0])
