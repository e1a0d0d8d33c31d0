"""The time that bytes take on a serial line: 10 bits each, one after the other."""

from .errors import LocalError
from .frame import OVERHEAD

BAUD = 9600
"""Bits a second of the documented link."""

_MS_BITS = 10_000  # milliseconds x bits of one byte, to be divided by the baud rate


def stuffed_size(payload_size):
    """Bytes that a frame with this much payload takes at most: everything after its header stuffed."""
    return 2 + 2 * (2 + OVERHEAD + payload_size)


class Line:
    """The way out at `baud`; its driver keeps `capacity` bytes and loses what exceeds them."""

    def __init__(self, baud, capacity):
        if baud < 1:
            raise LocalError("baud must be at least 1, not %r" % (baud,))
        self._baud = baud
        self.capacity = capacity
        self._since = 0  # when the line last began to send, and how many bytes it got since
        self._bytes = 0

    def duration(self, size):
        """Milliseconds that `size` bytes take, rounded up."""
        return -(-size * _MS_BITS // self._baud)

    def send(self, size, now):
        """Queue bytes behind those still leaving; gives the time at which the last of them has left."""
        if self._since + self.duration(self._bytes) <= now:
            self._since = now
            self._bytes = 0
        self._bytes += size
        gone = (now - self._since) * self._baud // _MS_BITS
        self._bytes = min(self._bytes, gone + self.capacity)
        return self._since + self.duration(self._bytes)
