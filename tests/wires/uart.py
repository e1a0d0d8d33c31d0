"""A UART in virtual time: bytes leave one after the other at the baud rate, and meet what befalls them."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from wxproto.frame import BadFrame, Decoder, Frame
from wxproto.line import Line

Piece = tuple[int, bytes]
"""Milliseconds a piece is late, and its bytes."""
Copy = list[Piece]
"""What one sent frame becomes; it is undamaged when the pieces together are the frame."""
Damage = Callable[[random.Random, bytes], list[Copy]]

BACKLOG = 100_000
"""Bytes that may wait in front of the line; no test sends as many at once."""


@dataclass(frozen=True)
class Wire:
    """What befalls frames. With `grain` bytes are seen by the reader every so many milliseconds only; with
    `ring` at most so many of them are kept until then."""

    name: str
    damage: Damage
    grain: int = 1
    ring: int | None = None

    @property
    def loses(self) -> bool:
        """True when frames may fail to arrive."""
        return self.ring is not None or self.damage in (lossy, flipping, cutting, noisy_and_lossy)


def perfect(_: random.Random, frame: bytes) -> list[Copy]:
    return [[(0, frame)]]


def bytewise(_: random.Random, frame: bytes) -> list[Copy]:
    return [[(0, frame[i : i + 1]) for i in range(len(frame))]]


def lossy(source: random.Random, frame: bytes) -> list[Copy]:
    """One byte in a hundred is missing."""
    return [[(0, bytes(byte for byte in frame if source.random() > 0.01))]]


def flipping(source: random.Random, frame: bytes) -> list[Copy]:
    """One bit in a thousand is wrong."""
    bits = int.from_bytes(frame, "big")
    for at in range(8 * len(frame)):
        if source.random() < 0.001:
            bits ^= 1 << at
    return [[(0, bits.to_bytes(len(frame), "big"))]]


def delaying(source: random.Random, frame: bytes) -> list[Copy]:
    """Up to 350 ms late: longer than its sender waits."""
    return [[(source.randrange(350), frame)]]


def duplicating(source: random.Random, frame: bytes) -> list[Copy]:
    return [[(0, frame)] for _ in range(source.choice((1, 1, 2, 3)))]


def halves(source: random.Random, frame: bytes) -> list[Copy]:
    """In two pieces with a gap between them."""
    at = source.randrange(len(frame) + 1)
    return [[(0, frame[:at]), (source.randrange(120), frame[at:])]]


def cutting(source: random.Random, frame: bytes) -> list[Copy]:
    """One frame in ten breaks off."""
    return [[(0, frame[: source.randrange(len(frame))] if source.random() < 0.1 else frame)]]


def noisy_and_lossy(source: random.Random, frame: bytes) -> list[Copy]:
    """Bytes that look like the beginning of a frame before every other one, and one byte in 200 missing."""
    noise = bytes(source.choices((0xFF, 0x55, 0x00, 0x05), k=source.randrange(6) * source.randrange(2)))
    return [[(0, noise)], [(0, bytes(byte for byte in frame if source.random() > 0.005))]]


WIRES = (
    Wire("perfect", perfect),
    Wire("one byte at a time", bytewise),
    Wire("random loss", lossy),
    Wire("bit errors", flipping),
    Wire("delay", delaying),
    Wire("duplication", duplicating),
    Wire("glued frames", perfect, grain=150),
    Wire("cut in the middle", halves),
    Wire("broken off", cutting),
    Wire("noise and loss", noisy_and_lossy),
    Wire("a ring of 255 bytes, read seldom", perfect, grain=250, ring=255),
)


class Uart:
    """One direction: keeps what arrived `undamaged`, and what a decoder `found` in all that arrived."""

    def __init__(self, wire: Wire, baud: int, source: random.Random) -> None:
        self.undamaged: list[Frame] = []
        self.found: list[Frame | BadFrame] = []
        self._wire = wire
        self._source = source
        self._line = Line(baud, BACKLOG)
        self._decoder = Decoder()
        self._arrivals: deque[tuple[int, bytes, Frame | None]] = deque()
        self._arrived = 0

    def send(self, data: bytes, now: int) -> None:
        """Queue frames behind those still leaving."""
        for frame in split(data):
            (meant,) = Decoder().feed(frame)
            assert isinstance(meant, Frame)
            for pieces in self._wire.damage(self._source, frame):
                whole = b"".join(piece for _, piece in pieces) == frame
                for i, (late, piece) in enumerate(pieces, 1):
                    arrives = self._line.send(len(piece), now) + late
                    arrives += -arrives % self._wire.grain
                    self._arrived = max(self._arrived, arrives)
                    self._arrivals.append(
                        (self._arrived, piece, meant if whole and i == len(pieces) else None)
                    )

    def receive(self, now: int) -> bytes:
        """Bytes that have arrived by now."""
        data = bytearray()
        while self._arrivals and self._arrivals[0][0] <= now:
            _, piece, undamaged = self._arrivals.popleft()
            data += piece
            if undamaged is not None and (self._wire.ring is None or len(data) <= self._wire.ring):
                self.undamaged.append(undamaged)
        kept = bytes(data[: self._wire.ring])
        self.found += self._decoder.feed(kept)
        return kept

    def next_arrival(self) -> int | None:
        """When the next bytes arrive; None when none are on the way."""
        return self._arrivals[0][0] if self._arrivals else None


def split(data: bytes) -> list[bytes]:
    """The frames that were written together: FF FF stands at the beginning of each and nowhere else."""
    return [b"\xff\xff" + part for part in data.split(b"\xff\xff")[1:]]
