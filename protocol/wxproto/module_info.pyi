from collections.abc import Iterable
from typing import ClassVar, Final

from .record import Record

BASIC: Final = 0
WIFI: Final = 1
CELLULAR: Final = 2
MAX_CELLS: Final = 7

class WifiModule(Record):
    fields: ClassVar[tuple[str, ...]]
    protocol_version: str
    hardware_version: str
    software_version: str
    mac: str
    ip: str
    attributes: bytes
    def __init__(
        self,
        *,
        protocol_version: str,
        hardware_version: str,
        software_version: str,
        mac: str,
        ip: str,
        attributes: bytes = ...,
    ) -> None: ...
    def encode(self) -> bytes: ...

class Cell(Record):
    fields: ClassVar[tuple[str, ...]]
    lac: int
    cell: int
    rssi: int
    def __init__(self, lac: int, cell: int, rssi: int) -> None: ...

class CellularModule(Record):
    fields: ClassVar[tuple[str, ...]]
    kind: int
    protocol_version: str
    hardware_version: str
    software_version: str
    attributes: bytes
    imei: str
    imsi: str
    mcc: str
    mnc: str
    cells: list[Cell]
    def __init__(
        self,
        *,
        protocol_version: str,
        hardware_version: str,
        software_version: str,
        imei: str,
        imsi: str,
        mcc: str,
        mnc: str,
        cells: Iterable[Cell] = (),
        attributes: bytes = ...,
        kind: int = 2,
    ) -> None: ...
    def encode(self) -> bytes: ...

def encode_request(kind: int = 0) -> bytes: ...
def decode_request(payload: bytes | bytearray) -> int: ...
def decode(payload: bytes | bytearray) -> WifiModule | CellularModule: ...
