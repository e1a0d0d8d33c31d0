from typing import ClassVar, Final, Self

from .record import Record

DEFAULT_OFFSET_S: Final = 28800

class NetworkTime(Record):
    fields: ClassVar[tuple[str, ...]]
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    utc: int | None
    def __init__(
        self,
        *,
        year: int = 0,
        month: int = 0,
        day: int = 0,
        hour: int = 0,
        minute: int = 0,
        second: int = 0,
        utc: int | None = 0,
    ) -> None: ...
    @property
    def known(self) -> bool: ...
    @classmethod
    def of(cls, utc: int, offset_s: int = 28800) -> Self: ...
    def encode(self) -> bytes: ...
    @classmethod
    def decode(cls, payload: bytes | bytearray) -> Self: ...
