from typing import ClassVar, Final

from .record import Record

CHECK: Final = 0x01
CHECK_RESULT: Final = 0x02
DOWNLOAD: Final = 0x03
DOWNLOAD_RESULT: Final = 0x04
MAX_URL: Final = 255

class Check(Record):
    fields: ClassVar[tuple[str, ...]]
    product_key: str
    did: str
    hardware_version: str
    software_version: str
    compare: bool
    def __init__(
        self, *, product_key: str, did: str, hardware_version: str, software_version: str, compare: bool
    ) -> None: ...
    def encode(self) -> bytes: ...

class Download(Record):
    fields: ClassVar[tuple[str, ...]]
    url: str
    def __init__(self, url: str) -> None: ...
    def encode(self) -> bytes: ...

class CheckResult(Record):
    fields: ClassVar[tuple[str, ...]]
    needed: bool
    def __init__(self, needed: bool) -> None: ...
    def encode(self) -> bytes: ...

class Found(Record):
    fields: ClassVar[tuple[str, ...]]
    software_version: str
    url: str
    def __init__(self, software_version: str, url: str) -> None: ...
    def encode(self) -> bytes: ...

class DownloadResult(Record):
    fields: ClassVar[tuple[str, ...]]
    result: int
    def __init__(self, result: int) -> None: ...
    def encode(self) -> bytes: ...

def decode_request(payload: bytes | bytearray) -> Check | Download: ...
def decode_result(payload: bytes | bytearray) -> CheckResult | Found | DownloadResult: ...
