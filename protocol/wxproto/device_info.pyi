from typing import ClassVar, Final, Self

from .record import Record

PROTOCOL_VERSION: Final = "00000004"
P0_VERSION: Final = "00000002"
MAX_EXTRA: Final = 1024

class DeviceInfo(Record):
    fields: ClassVar[tuple[str, ...]]
    protocol_version: str
    p0_version: str
    hardware_version: str
    software_version: str
    product_key: str
    bindable_s: int
    attributes: bytes | None
    product_secret: str | None
    extra: str | None
    def __init__(
        self,
        *,
        product_key: str,
        hardware_version: str,
        software_version: str,
        bindable_s: int = 0,
        attributes: bytes | None = None,
        product_secret: str | None = None,
        extra: str | None = None,
        protocol_version: str = "00000004",
        p0_version: str = "00000002",
    ) -> None: ...
    def options(self) -> dict[str, str]: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, payload: bytes | bytearray) -> Self: ...
