from typing import ClassVar, Final

from .record import Record

HEADER: Final[bytes]
OVERHEAD: Final = 5
MAX_PAYLOAD: Final = 4096
LARGEST_PAYLOAD: Final = 0xFFFA

CHECKSUM: Final = "wrong checksum"
CUT_SHORT: Final = "cut short by a new header"
NOT_STUFFED: Final = "FF followed by neither 55 nor FF"
TOO_SHORT: Final = "len below 5"
TOO_LONG: Final = "len above the limit"

class Frame(Record):
    fields: ClassVar[tuple[str, ...]]
    cmd: int
    sn: int
    flags: int
    payload: bytes
    def __init__(self, cmd: int, sn: int, flags: int, payload: bytes) -> None: ...

class BadFrame(Record):
    fields: ClassVar[tuple[str, ...]]
    reason: str
    cmd: int | None
    sn: int | None
    def __init__(self, reason: str, cmd: int | None = None, sn: int | None = None) -> None: ...

def encode(cmd: int, sn: int, payload: bytes | bytearray = b"", flags: int = 0) -> bytes: ...

class Decoder:
    skipped: int
    resyncs: int
    def __init__(self, max_payload: int = ...) -> None: ...
    def feed(self, data: bytes | bytearray) -> list[Frame | BadFrame]: ...
