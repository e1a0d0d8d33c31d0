"""Big data (README 3.10): the payloads of 19, 1B and 1D; 1F and 27 have none.

Who sends and who receives is data_sender and data_receiver; module and MCU can be either.
"""

from .errors import LocalError, PeerError
from .fields import Reader, ascii_bytes, counted, number
from .frame import MAX_PAYLOAD
from .record import Record

PIECE_BYTES = 256
"""Bytes of content in a piece when the receiver names no size, as the vendor's module program does."""
MAX_PIECE = MAX_PAYLOAD - 4
"""Bytes of content in a piece; number and count share the frame with it."""
MAX_PIECES = 0xFFFF
"""Pieces of one file; two bytes number them."""
MAX_LINE = 263
"""Bytes of a HEX line with its line end, as the documents say."""
MAX_MD5 = 64
"""Characters of the digest; an MD5 has 32."""

HEX_LINES = 0x0001
"""Flag of 1B: send lines of HEX text; of 1D: the content is such a line."""
LAST_LINE = 0x0002
"""Flag of 1D: the line is the last one; the piece count is 0 in HEX."""


class Announce(Record):
    """19: there are `size` bytes with this `md5` (hex digits)."""

    fields = ("size", "md5")

    def __init__(self, size, md5):
        self.size = size
        self.md5 = md5

    def encode(self):
        """Payload of 19. LocalError when a field does not fit."""
        return number("size", self.size, 4) + counted("md5", ascii_bytes("md5", self.md5), 2, MAX_MD5)

    @classmethod
    def decode(cls, payload):
        """Read the payload of 19. PeerError when malformed."""
        reader = Reader("announcement", payload)
        return cls(reader.number("size", 4), reader.counted_text("md5", 2, MAX_MD5))


class Ready(Record):
    """1B: send it from its first piece on, `piece_bytes` in each (0: PIECE_BYTES), or as `hex_lines`.

    `md5` is that of the announcement; None in the empty form that the vendor's module program sends.
    """

    fields = ("md5", "piece_bytes", "hex_lines")

    def __init__(self, md5=None, piece_bytes=0, *, hex_lines=False):
        self.md5 = md5
        self.piece_bytes = piece_bytes
        self.hex_lines = hex_lines

    @property
    def flags(self):
        """Flags of the frame."""
        return HEX_LINES if self.hex_lines else 0

    def encode(self):
        """Payload of 1B. LocalError when a field does not fit."""
        if self.md5 is None:
            if self.piece_bytes:
                raise LocalError("a piece size needs the md5 before it")
            return b""
        size = number("piece_bytes", self.piece_bytes, 2)
        return counted("md5", ascii_bytes("md5", self.md5), 2, MAX_MD5) + size

    @classmethod
    def decode(cls, flags, payload):
        """Read flags and payload of 1B. PeerError when malformed."""
        hex_lines = bool(flags & HEX_LINES)
        if not payload:
            return cls(hex_lines=hex_lines)
        reader = Reader("readiness for big data", payload)
        md5 = reader.counted_text("md5", 2, MAX_MD5)
        return cls(md5, reader.number("piece_bytes", 2), hex_lines=hex_lines)


class Piece(Record):
    """1D: `content` is piece `number` (from 1) of `count`; of a HEX line, `count` is 0 and `last` tells."""

    fields = ("number", "count", "content", "hex_lines", "last")

    def __init__(self, number, count, content, *, hex_lines=False, last=None):
        self.number = number
        self.count = count
        self.content = content
        self.hex_lines = hex_lines
        self.last = number == count if last is None else last

    @property
    def flags(self):
        """Flags of the frame."""
        if not self.hex_lines:
            return 0
        return HEX_LINES | LAST_LINE if self.last else HEX_LINES

    def encode(self):
        """Payload of 1D. LocalError when a field does not fit."""
        if not self.content:
            raise LocalError("a piece holds at least one byte")
        return number("number", self.number, 2) + number("count", self.count, 2) + bytes(self.content)

    @classmethod
    def decode(cls, flags, payload):
        """Read flags and payload of 1D. PeerError when it is empty or its numbers cannot be."""
        reader = Reader("piece", payload)
        at = reader.number("number", 2)
        count = reader.number("count", 2)
        content = reader.rest()
        hex_lines = bool(flags & HEX_LINES)
        if not content or not at or (not hex_lines and at > count):
            raise PeerError("piece %d of %d with %d bytes" % (at, count, len(content)))
        if hex_lines and len(content) > MAX_LINE:
            raise PeerError("HEX line of %d bytes, over %d" % (len(content), MAX_LINE))
        return cls(
            at, count, content, hex_lines=hex_lines, last=bool(flags & LAST_LINE) if hex_lines else None
        )
