"""The time, and waiting for a time: one thing, so that a test that sets the one also drives the other."""

import asyncio
import time
from typing import Final, Protocol

SLEEP_MAX_S: Final = 30.0  # the wall clock may be set while one sleeps


class Timekeeper(Protocol):
    """A clock, called for unix seconds, that one can also wait on."""

    def __call__(self) -> float: ...

    async def sleep_until(self, at: float) -> None:
        """Return when it is `at`; at once when that is over."""


class WallClock:
    """The time of this machine."""

    def __call__(self) -> float:
        return time.time()

    async def sleep_until(self, at: float) -> None:
        """Return when it is `at`, also when the clock is set meanwhile."""
        while (left := at - self()) > 0:  # noqa: ASYNC110  nothing tells when the clock is set
            await asyncio.sleep(min(left, SLEEP_MAX_S))
