"""Work on the store is tried until the store answers."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from wxlink.relay.store import passes

BACK_OFF_S = (0.1, 0.2, 0.5, 1.0)  # pauses between tries; the last one repeats: devices wait for answers

log = logging.getLogger(__name__)
_T = TypeVar("_T")


async def until_stored(work: Callable[[], Awaitable[_T]]) -> _T:
    """The result of `work`. Errors that pass are logged and it is tried again; others are raised."""
    pauses = itertools.chain(BACK_OFF_S, itertools.repeat(BACK_OFF_S[-1]))
    while True:
        try:
            return await work()
        except (SQLAlchemyError, OSError) as error:
            if not passes(error):
                raise
            pause = next(pauses)
            log.error("the store fails, nothing is acknowledged, next try in %g s: %s", pause, error)
            await asyncio.sleep(pause)
