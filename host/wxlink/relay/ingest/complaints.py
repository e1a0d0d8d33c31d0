"""Log lines about what devices send wrong: the first of each device, then at most one a minute."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

EVERY_S = 60.0
KEPT = 1_000  # devices remembered; whoever draws senders out of thin air makes us forget, not grow

log = logging.getLogger(__name__)


class Complaints:
    """Counts what is wrong per sender and logs it now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted: OrderedDict[str | None, tuple[float, int]] = OrderedDict()

    def note(self, did: str | None, reason: str) -> None:
        """A message was wrong. did None: the sender is unknown."""
        now = self._clock()
        last, unlogged = self._noted.pop(did, (float("-inf"), 0))
        if now - last >= EVERY_S:
            more = f" ({unlogged} more since the last line)" if unlogged else ""
            log.warning("message of device %s dropped: %s%s", did or "?", reason, more)
            last, unlogged = now, 0
        else:
            unlogged += 1
        self._noted[did] = (last, unlogged)
        while len(self._noted) > KEPT:
            self._noted.popitem(last=False)
