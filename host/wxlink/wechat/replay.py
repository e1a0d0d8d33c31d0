"""Recognising a clear-text push whose signature was used before for another body."""

from collections import OrderedDict

MAX_REMEMBERED = 10_000  # signatures; a busy account has far fewer in ten minutes


class ReplayGuard:
    """Remembers which push each signature came with.

    The signature of a clear-text push does not cover its body: one that comes a second time is a retry when
    the push is the same, and an attack when it is not. That of an encrypted push covers the body.
    """

    def __init__(self, life_s: float) -> None:
        self._life_s = life_s
        self._seen: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def admits(self, signature: str, key: str, now: float) -> bool:
        """True unless the signature was seen with another key during the last `life_s` seconds."""
        while self._seen:
            oldest, (at, _) = next(iter(self._seen.items()))
            if now - at <= self._life_s and len(self._seen) < MAX_REMEMBERED:
                break
            del self._seen[oldest]
        _, first_key = self._seen.setdefault(signature, (now, key))
        return first_key == key
