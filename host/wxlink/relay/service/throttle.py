"""Throttles: how often something may happen for one key, in bounded memory."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

KEYS_MAX: Final = 10_000  # keys remembered, about 2 MB; the one not seen for longest is forgotten


class Throttle:
    """Allows `limit` events a key in each `window_s`, which begins with the key's first event."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()  # key -> end, events

    def is_full(self, key: Hashable, now: float) -> bool:
        """Whether the key has had its events."""
        end, events = self._windows.get(key, (now, 0))
        return now < end and events >= self._limit

    def count(self, key: Hashable, now: float) -> None:
        """Note an event."""
        end, events = self._windows.pop(key, (now, 0))
        self._windows[key] = (end, events + 1) if now < end else (now + self._window_s, 1)
        if len(self._windows) > KEYS_MAX:
            self._windows.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """Let the key begin anew."""
        self._windows.pop(key, None)
