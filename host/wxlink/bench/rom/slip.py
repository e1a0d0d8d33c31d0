"""SLIP as the loader speaks it: 0xC0 around a packet, 0xDB as escape (RFC 1055)."""

from collections.abc import Iterator

END = 0xC0
MAX_PACKET = 0x4000 + 64
"""Longest packet in bytes: what the ROM's buffer takes (16 KB of data) with room for the headers."""


def wrap(packet: bytes) -> bytes:
    """`packet` as it goes over the line."""
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Unwrapper:
    """Finds the packets in a stream of bytes.

    What comes between packets, a packet with a wrong escape and one that is too long are thrown away, as the
    ROM does: the host hears nothing and its time runs out.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that end in `data`, unescaped and never empty."""
        *whole, self._rest = (self._rest + data).split(b"\xc0")
        if len(self._rest) > 2 * MAX_PACKET:
            self._rest = b""
        for raw in whole:
            packet = _unescape(raw)
            if packet and len(packet) <= MAX_PACKET:
                yield packet

    def clear(self) -> None:
        """Forget what has not ended."""
        self._rest = b""


def _unescape(raw: bytes) -> bytes:
    """The packet inside; empty when an escape is wrong."""
    first, *pieces = raw.split(b"\xdb")
    if any(piece[:1] not in (b"\xdc", b"\xdd") for piece in pieces):
        return b""
    return first + b"".join((b"\xc0" if piece[0] == 0xDC else b"\xdb") + piece[1:] for piece in pieces)
