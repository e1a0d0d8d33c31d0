"""What devices send, counted, and how fast one of them may send."""

import time
from collections.abc import Callable
from typing import Final

from wxlink.relay.ingest.complaints import Complaints
from wxlink.relay.ingest.uplink import PRESENCE_TAIL
from wxlink.relay.metrics import Metrics
from wxlink.relay.rates import NO_LIMIT, Buckets, Rate

STORED: Final = "stored"
UNDECIPHERABLE: Final = "undecipherable"
DROPPED: Final = "dropped"
OVER_LIMIT: Final = "it sends faster than its limit"


class Intake:
    """Admits messages and notes what became of them.

    rate: of one device. What is beyond it is dropped, QoS 1 too: held back it would take up the window that
    all devices share. Presence has a bucket of its own, so that a flood does not hide that a device left.
    """

    def __init__(
        self,
        rate: Rate = NO_LIMIT,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.undecipherable = 0
        """Messages since the start that said nothing, or could not be stored."""
        metrics = metrics or Metrics()
        self._buckets = Buckets(rate)
        self._clock = clock
        self._complaints = Complaints()
        self._refused = metrics.refused.labels("device")
        self._outcomes = metrics.uplinks
        self._received = metrics.uplinks.labels("received")
        self._sizes = metrics.batch_messages
        self._seconds = metrics.batch_seconds

    def admits(self, topic: str) -> bool:
        """Count a message that came; False when its device sends too fast."""
        self._received.inc()
        did, _, tail = topic.partition("/")[2].partition("/")
        if self._buckets.take((did, tail == PRESENCE_TAIL), self._clock()):
            return True
        self._refused.inc()
        self.note(DROPPED)
        self._complaints.note(did, OVER_LIMIT)
        return False

    def note(self, outcome: str, count: int = 1) -> None:
        """Messages became STORED, UNDECIPHERABLE or DROPPED."""
        self._outcomes.labels(outcome).inc(count)
        if outcome == UNDECIPHERABLE:
            self.undecipherable += count

    def handled(self, size: int, took_s: float) -> None:
        """A batch was stored and acknowledged."""
        self._sizes.observe(size)
        self._seconds.observe(took_s)
