"""The frames of a capture, found as the module finds them: by the decoder of the serial link."""

from collections.abc import Iterable
from dataclasses import dataclass

from wxlink.frame_tool.capture import Piece
from wxproto import frame

ENDS_INSIDE = "the capture ends inside it"
_CHECKSUM_AT = -1  # in a body: len (2), cmd, sn, flags (2), payload, checksum
_PAYLOAD_AT = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame or something that began like one.

    reason: why it is none, None for a good frame. cmd, sn, flags and payload are None where they were not
    reached. checksum_ok is None where none was compared: the frame is broken otherwise, or starred in its
    log. expected: the right checksum where the one that came is wrong. skipped: bytes since the last good
    frame that belong to none; 0 in a bad entry, whose own bytes are counted there too.
    """

    cmd: int | None
    sn: int | None
    flags: int | None = None
    payload: bytes | None = None
    checksum: int | None = None
    expected: int | None = None
    checksum_ok: bool | None = None
    reason: str | None = None
    skipped: int = 0
    direction: str | None = None
    stamp: str | None = None
    starred: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a capture holds: its entries in order, and the bytes that belong to no good frame."""

    entries: list[Entry]
    skipped: int

    @property
    def good(self) -> int:
        """Number of good frames."""
        return sum(1 for entry in self.entries if entry.reason is None)


def read(pieces: Iterable[Piece]) -> Reading:
    """The entries of a capture; each direction is a stream of its own."""
    streams: dict[str | None, _Stream] = {}
    entries: list[Entry] = []
    for piece in pieces:
        stream = streams.setdefault(piece.direction, _Stream())
        entries += [_starred(piece)] if piece.starred else stream.feed(piece)
    for stream in streams.values():
        entries += stream.end()
    return Reading(entries, sum(stream.skipped for stream in streams.values()))


class _Stream:
    """One direction. Fed byte by byte, so that each frame is known by the byte that ends it."""

    def __init__(self) -> None:
        self._decoder = frame.Decoder()
        self._seen = bytearray()
        self._counted = 0
        self._last = Piece(b"")

    @property
    def skipped(self) -> int:
        return self._decoder.skipped

    def feed(self, piece: Piece) -> list[Entry]:
        self._last = piece
        found: list[Entry] = []
        for byte in piece.data:
            self._seen.append(byte)
            found += [self._entry(one) for one in self._decoder.feed(bytes((byte,)))]
        return found

    def end(self) -> list[Entry]:
        """What the capture ends inside of: a next header brings it to light."""
        cut = self._decoder.feed(frame.HEADER)
        return [self._bad(one, ENDS_INSIDE) for one in cut if isinstance(one, frame.BadFrame)]

    def _entry(self, found: frame.Frame | frame.BadFrame) -> Entry:
        if isinstance(found, frame.BadFrame):
            return self._bad(found, found.reason)
        skipped = self._decoder.skipped - self._counted
        self._counted = self._decoder.skipped
        del self._seen[:-1]  # a checksum of FF may turn out to begin the next header
        return Entry(
            found.cmd,
            found.sn,
            found.flags,
            found.payload,
            checksum=_checksum(found),
            checksum_ok=True,
            skipped=skipped,
            direction=self._last.direction,
            stamp=self._last.stamp,
        )

    def _bad(self, found: frame.BadFrame, reason: str) -> Entry:
        last = self._last
        if reason != frame.CHECKSUM:
            return Entry(found.cmd, found.sn, reason=reason, direction=last.direction, stamp=last.stamp)
        # FF FF is a header wherever it stands, so the last one began this frame.
        body = _unstuffed(self._seen[self._seen.rfind(frame.HEADER) + len(frame.HEADER) :])
        return Entry(
            found.cmd,
            found.sn,
            int.from_bytes(body[4:_PAYLOAD_AT], "big"),
            body[_PAYLOAD_AT:_CHECKSUM_AT],
            checksum=body[_CHECKSUM_AT],
            expected=sum(body[:_CHECKSUM_AT]) & 0xFF,
            checksum_ok=False,
            reason=reason,
            direction=last.direction,
            stamp=last.stamp,
        )


def _starred(piece: Piece) -> Entry:
    """The frame of a log line whose secrets were starred: its checksum can not be compared."""
    body = _unstuffed(piece.data[len(frame.HEADER) :])
    if len(body) <= _PAYLOAD_AT or len(body) != int.from_bytes(body[:2], "big") + 2:
        return Entry(
            None, None, reason=ENDS_INSIDE, direction=piece.direction, stamp=piece.stamp, starred=True
        )
    return Entry(
        body[2],
        body[3],
        int.from_bytes(body[4:_PAYLOAD_AT], "big"),
        body[_PAYLOAD_AT:_CHECKSUM_AT],
        checksum=body[_CHECKSUM_AT],
        direction=piece.direction,
        stamp=piece.stamp,
        starred=True,
    )


def _unstuffed(wire: bytes | bytearray) -> bytes:
    return bytes(wire).replace(b"\xff\x55", b"\xff")


def _checksum(good: frame.Frame) -> int:
    return _unstuffed(frame.encode(good.cmd, good.sn, good.payload, good.flags))[_CHECKSUM_AT]
