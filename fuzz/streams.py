"""Random byte streams as a bad line brings them, and the frames that stand in them undamaged."""

import random

from wxproto.frame import Frame, encode

POOL = 8192
"""Frames drawn from; making each anew would take longer than decoding it."""
FAR_SIZES = (0, 1, 11, 40, 248, 250, 251, 300)
"""Payload sizes beside the usual small ones: around a len of FF and around the limit."""


class Streams:
    """Endless streams from a seed; payloads of up to `largest` bytes, and now and then a longer one."""

    def __init__(self, seed: int, largest: int) -> None:
        self._source = random.Random(seed)
        self._pool = [self._draw(largest) for _ in range(POOL)]

    def stream(self, frames: int) -> tuple[bytes, list[Frame]]:
        """A stream of so many frames, a quarter of them damaged; gives it with the undamaged ones."""
        source = self._source
        out: list[bytes] = []
        undamaged: list[Frame] = []
        for frame, wire in source.choices(self._pool, k=frames):
            fate = source.getrandbits(5)
            if fate < 8:
                out.append(_DAMAGES[fate](source, wire))
            else:
                out.append(wire)
                if frame is not None:
                    undamaged.append(frame)
        return b"".join(out), undamaged

    def _draw(self, largest: int) -> tuple[Frame | None, bytes]:
        source = self._source
        size = source.randrange(24) if source.getrandbits(3) else source.choice(FAR_SIZES)
        if source.getrandbits(1):
            payload = source.randbytes(size)
        else:
            payload = bytes(source.choices((0xFF, 0x55, 0x00, 0x05), k=size))
        cmd, sn = source.randrange(256), source.choice((0, 7, 0x55, 0xFF))
        flags = source.choice((0, 0, 1, 0xFF55, 0xFFFF))
        wire = encode(cmd, sn, payload, flags)
        return (Frame(cmd, sn, flags, payload) if size <= largest else None), wire


def _change(source: random.Random, wire: bytes) -> bytes:
    at = source.randrange(len(wire))
    return wire[:at] + source.randbytes(1) + wire[at + 1 :]


def _flip(source: random.Random, wire: bytes) -> bytes:
    at = source.randrange(len(wire))
    return wire[:at] + bytes((wire[at] ^ 1 << source.randrange(8),)) + wire[at + 1 :]


def _drop(source: random.Random, wire: bytes) -> bytes:
    at = source.randrange(len(wire))
    return wire[:at] + wire[at + 1 :]


def _insert(source: random.Random, wire: bytes) -> bytes:
    at = source.randrange(len(wire))
    return wire[:at] + source.choice((b"\xff", b"\x55", b"\x00", b"\xff\xff")) + wire[at:]


def _break_off(source: random.Random, wire: bytes) -> bytes:
    return wire[: source.randrange(len(wire))]


def _begin_late(source: random.Random, wire: bytes) -> bytes:
    return wire[source.randrange(1, len(wire)) :]


def _leave_unstuffed(_: random.Random, wire: bytes) -> bytes:
    return wire[:2] + wire[2:].replace(b"\xff\x55", b"\xff")


def _replace(source: random.Random, _: bytes) -> bytes:
    return bytes(source.choices((0xFF, 0xFF, 0x55, 0x00, 0x05, 0x06, 0x09), k=source.randrange(16)))


_DAMAGES = (_change, _flip, _drop, _insert, _break_off, _begin_late, _leave_unstuffed, _replace)
