"""Does what is due without a user at hand: timers fire, and runs of timers, scenes and rules go on.

Several relays may work on one database: each timer and each run is taken by one of them. What the store has
is all there is to know, so a relay that starts goes on where another ended. Commands to a device that is
off-line are not kept: their outcome is 9042.
"""

import asyncio
import contextlib
import logging
from typing import Any, Final

from wxlink.relay.service import Service
from wxlink.relay.store import Run
from wxlink.relay.store.runs import DONE, FAILED, SENDING, WAITING, Progress
from wxlink.relay.timekeeper import Timekeeper

LOOK_EVERY_S: Final = 1.0  # how soon what another process added is seen
BATCH: Final = 50  # timers, and runs, taken at once; runs of one batch go side by side
LEASE_S: Final = 60.0  # a batch of commands takes seconds; a relay that is not heard of for so long is dead
LOST: Final = 9021  # the outcome of commands of a relay that died: nobody knows whether they were sent
STOP_WITHIN_S: Final = 5.0  # for commands under way at a stop

log = logging.getLogger(__name__)


class Automation:
    """Timers, scenes and rules at work; one a relay."""

    def __init__(self, service: Service, timekeeper: Timekeeper) -> None:
        self._service = service
        self._store = service.store
        self._time = timekeeper
        self._added = asyncio.Event()
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        service.store.runs.on_added(self._added.set)

    def start(self) -> None:
        """Begin, with what fell due while no relay ran."""
        self._task = asyncio.create_task(self._run(), name="automation")

    async def stop(self) -> None:
        """End when the commands under way are sent; what waits goes on after the next start."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._working.acquire(), STOP_WITHIN_S)
        self._task.cancel()
        await asyncio.wait((self._task,))
        self._task = None

    async def work(self) -> None:
        """Do everything that is due now."""
        async with self._working:
            await self._store.rules.refresh()
            while self._is_due(await self._store.timers.next_at()):
                if not await self._store.timers.fire(self._time(), BATCH):
                    break  # another relay has them
            while self._is_due(await self._store.runs.next_at()):
                runs = await self._store.runs.claim(self._time(), BATCH, LEASE_S)
                if not runs:
                    break
                await asyncio.gather(*(self._go_on(run) for run in runs))

    def _is_due(self, at: float | None) -> bool:
        return at is not None and at <= self._time()

    async def _run(self) -> None:
        while True:
            self._added.clear()
            try:
                await self.work()
            except Exception:
                log.exception("timers, scenes and rules wait; tried again soon")
            await self._rest()

    async def _rest(self) -> None:
        """Until something was added here, or it is time to look again."""
        waits = [
            asyncio.ensure_future(self._added.wait()),
            asyncio.ensure_future(self._time.sleep_until(self._time() + LOOK_EVERY_S)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _go_on(self, run: Run) -> None:
        """Do the steps of a claimed run up to its next pause, and note how far it is."""
        try:
            progress = _lost(run, self._time()) if run.state == SENDING else await self._steps(run)
        except Exception:
            # The lease ends it: what was sent before the failure is not sent again.
            log.exception("run %d broke off", run.id)
            return
        await self._store.runs.settle(run, progress)

    async def _steps(self, run: Run) -> Progress:
        outcomes = list(run.outcomes)
        for position, step in enumerate(run.steps[run.position :], run.position):
            if "delay" in step:
                return Progress(WAITING, position + 1, outcomes, self._time() + step["delay"])
            told = await self._service.perform(run.uid, step)
            outcomes += told
            if run.rule_id is not None and any(one["code"] for one in told):
                return Progress(FAILED, position, outcomes)
        return _ended(run, outcomes)


def _ended(run: Run, outcomes: list[dict[str, Any]]) -> Progress:
    failed = any(one["code"] for one in outcomes)
    return Progress(FAILED if failed else DONE, len(run.steps), outcomes)


def _lost(run: Run, now: float) -> Progress:
    """How a run goes on whose relay died: its commands up to the next pause are given up."""
    rest = run.steps[run.position :]
    pause = next((number for number, step in enumerate(rest) if "delay" in step), None)
    given_up = rest[:pause]
    outcomes = run.outcomes + [
        {name: step[name] for name in ("did", "group_id") if name in step} | {"code": LOST}
        for step in given_up
    ]
    if pause is None or (run.rule_id is not None and given_up):
        return _ended(run, outcomes)
    return Progress(WAITING, run.position + pause + 1, outcomes, now + rest[pause]["delay"])
