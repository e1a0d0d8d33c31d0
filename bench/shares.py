"""Where the processor time of a process goes: samples of what its main thread is doing, by area."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final

EVERY_S: Final = 0.002  # of processor time, so that a busy machine changes nothing
ELSEWHERE: Final = "the rest"

# The first of these that the path of a frame contains; the innermost frame that matches decides.
AREAS: Final[Mapping[str, str]] = {
    "/paho/": "MQTT: receive, acknowledge (paho)",
    "/ingest/link": "MQTT: receive, acknowledge (paho)",
    "/nats/": "JetStream: receive, acknowledge (nats-py)",
    "/ingest/stream_pull": "JetStream: receive, acknowledge (nats-py)",
    "/wxproto/": "decode",
    "/ingest/uplink": "decode",
    "/relay/values": "decode",
    "/sqlalchemy/": "SQLAlchemy and its driver",
    "/aiosqlite/": "SQLAlchemy and its driver",
    "/asyncpg/": "SQLAlchemy and its driver",
    "/relay/store/": "store: merge, hour sums, what follows",
    "/relay/ws_api/": "push: JSON, WebSocket (aiohttp)",
    "/aiohttp/": "push: JSON, WebSocket (aiohttp)",
    "/relay/events": "push: JSON, WebSocket (aiohttp)",
    "/relay/ingest/": "ingest: queue, batches, telling",
    "/prometheus_client/": "counters",
    "/relay/metrics": "counters",
    "/selectors.": "other threads (SQLite itself), and waiting for them",
    "/asyncio/": "event loop",
}


class Shares:
    """Samples since it began; `table` is the share of each area, the largest first."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._files: dict[str, str | None] = {}
        self.cpu_s = 0.0

    def table(self) -> dict[str, float]:
        """Area -> its share of all samples."""
        total = self._seen.total() or 1
        return {area: round(count / total, 3) for area, count in self._seen.most_common()}

    def note(self, _signal: int, frame: FrameType | None) -> None:
        """Count one sample, for the innermost frame that has an area."""
        while frame is not None:
            path = frame.f_code.co_filename
            if path not in self._files:
                self._files[path] = _area(path)
            area = self._files[path]
            if area is not None:
                self._seen[area] += 1
                return
            frame = frame.f_back
        self._seen[ELSEWHERE] += 1


@contextmanager
def sampled() -> Iterator[Shares]:
    """Sample this process, whose main thread must be the caller's."""
    shares = Shares()
    before = signal.signal(signal.SIGPROF, shares.note)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    try:
        yield shares
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        shares.cpu_s = time.process_time() - began


def _area(path: str) -> str | None:
    plain = path.replace(os.sep, "/")
    return next((area for part, area in AREAS.items() if part in plain), None)
