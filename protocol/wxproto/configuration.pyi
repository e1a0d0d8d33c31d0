from typing import ClassVar, Final, Self

from .record import Record

SOFTAP: Final = 1
AIRLINK: Final = 2
GIVEN: Final = 4
METHODS: Final[dict[int, str]]

MAX_SSID: Final = 32
MAX_PASSWORD: Final = 64
MAX_BSSID: Final = 17
MAX_TZ: Final = 64
MAX_SERVER: Final = 255

class Configuration(Record):
    fields: ClassVar[tuple[str, ...]]
    mode: int
    ssid: bytes
    password: bytes
    bssid: bytes
    tz: str
    server: str
    def __init__(
        self,
        mode: int,
        *,
        ssid: bytes = b"",
        password: bytes = b"",
        bssid: bytes = b"",
        tz: str = "",
        server: str = "",
    ) -> None: ...
    @property
    def method(self) -> int: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, payload: bytes | bytearray) -> Self: ...
