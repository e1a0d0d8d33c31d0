from typing import ClassVar, Final, Self

from .record import Record

PIECE_BYTES: Final = 256
MAX_PIECE: Final = 4092
MAX_PIECES: Final = 0xFFFF
MAX_LINE: Final = 263
MAX_MD5: Final = 64
HEX_LINES: Final = 0x0001
LAST_LINE: Final = 0x0002

class Announce(Record):
    fields: ClassVar[tuple[str, ...]]
    size: int
    md5: str
    def __init__(self, size: int, md5: str) -> None: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, payload: bytes | bytearray) -> Self: ...

class Ready(Record):
    fields: ClassVar[tuple[str, ...]]
    md5: str | None
    piece_bytes: int
    hex_lines: bool
    def __init__(self, md5: str | None = None, piece_bytes: int = 0, *, hex_lines: bool = False) -> None: ...
    @property
    def flags(self) -> int: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, flags: int, payload: bytes | bytearray) -> Self: ...

class Piece(Record):
    fields: ClassVar[tuple[str, ...]]
    number: int
    count: int
    content: bytes
    hex_lines: bool
    last: bool
    def __init__(
        self, number: int, count: int, content: bytes, *, hex_lines: bool = False, last: bool | None = None
    ) -> None: ...
    @property
    def flags(self) -> int: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, flags: int, payload: bytes | bytearray) -> Self: ...
