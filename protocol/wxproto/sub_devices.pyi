from collections.abc import Sequence
from typing import ClassVar, Final

from .record import Record

MAX_SUB_DEVICES: Final = 256
MAX_DID: Final = 32
MAX_ENTRY_P0: Final = 2048

class Online(Record):
    fields: ClassVar[tuple[str, ...]]
    did: bytes
    online: bool
    def __init__(self, did: bytes, online: bool) -> None: ...

class Entry(Record):
    fields: ClassVar[tuple[str, ...]]
    did: bytes
    p0: bytes
    def __init__(self, did: bytes, p0: bytes) -> None: ...

def encode_online(entries: Sequence[Online]) -> bytes: ...
def encode_list(action: int, entries: Sequence[Entry]) -> bytes: ...
def decode(p0: bytes | bytearray) -> list[Online] | list[Entry]: ...
def encode_address(did: bytes, p0: bytes | bytearray) -> bytes: ...
def decode_address(flags: int, payload: bytes | bytearray) -> tuple[bytes | None, bytes]: ...
