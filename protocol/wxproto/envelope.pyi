from typing import ClassVar, Final

from .record import Record

PREFIX: Final[bytes]
NOTIFY: Final = 0x0090
REPORT: Final = 0x0091
REQUEST: Final = 0x0093
ANSWER: Final = 0x0094
NUMBERED: Final[tuple[int, ...]]

CLIENT_COUNT_REQUEST: Final = 0x020F
CLIENT_COUNT: Final = 0x0210
FIRMWARE_NOTICE: Final = 0x0211

MAX_P0: Final = 0xFFFA

class Envelope(Record):
    fields: ClassVar[tuple[str, ...]]
    cmd: int
    flag: int
    sn: int | None
    p0: bytes
    def __init__(self, cmd: int, flag: int, sn: int | None, p0: bytes) -> None: ...

def encode(cmd: int, p0: bytes | bytearray, sn: int | None = None, flag: int = 0) -> bytes: ...
def decode(data: bytes | bytearray, max_p0: int = ...) -> Envelope: ...
def split(buffer: bytes | bytearray, max_p0: int = ...) -> tuple[Envelope | None, int]: ...
def encode_service(cmd: int, body: bytes | bytearray = b"") -> bytes: ...
def decode_service(data: bytes | bytearray) -> tuple[int, bytes]: ...
