"""How long to wait before the next try: exponential back-off with full jitter."""

from wxproto.errors import PeerError


class Refusal(PeerError):
    """The other end does not want us as we are: trying again soon does not mend it."""


class Backoff:
    """The n-th wait is drawn evenly from 0 .. min(cap_ms, base_ms * 2^n).

    So a thousand modules that lost one broker do not come back in step. `entropy(n)` gives n random bytes.
    """

    def __init__(self, base_ms, cap_ms, entropy):
        self._base_ms = base_ms
        self._cap_ms = cap_ms
        self._entropy = entropy
        self._ceiling_ms = base_ms

    @property
    def ceiling_ms(self):
        """Longest that the next wait can be."""
        return min(self._ceiling_ms, self._cap_ms)

    def next_ms(self):
        """The next wait in milliseconds."""
        ceiling = self.ceiling_ms
        self._ceiling_ms = min(self._ceiling_ms * 2, self._cap_ms)
        return int.from_bytes(self._entropy(4), "big") % (ceiling + 1)

    def reset(self):
        """Start again at the shortest wait, after a success that lasted."""
        self._ceiling_ms = self._base_ms
