from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .actions import CONTROL as CONTROL
from .actions import READ as READ
from .actions import READ_REPLY as READ_REPLY
from .actions import REPORT as REPORT
from .actions import TRANSPARENT_DOWN as TRANSPARENT_DOWN
from .actions import TRANSPARENT_UP as TRANSPARENT_UP
from .actions import V_CONTROL as V_CONTROL
from .actions import V_READ as V_READ
from .actions import V_READ_REPLY as V_READ_REPLY
from .actions import V_REPORT as V_REPORT
from .product import Point, Product

_Value: TypeAlias = bool | int | float | str | bytes

def action(p0: bytes | bytearray) -> int: ...

class Codec:
    product: Product
    def __init__(self, product: Product) -> None: ...
    def encode_control(self, values: Mapping[str, _Value]) -> bytes: ...
    def decode_control(self, p0: bytes | bytearray) -> dict[str, _Value]: ...
    def encode_read(self, names: Iterable[str] | None = None) -> bytes: ...
    def decode_read(self, p0: bytes | bytearray) -> list[str]: ...
    def encode_report(self, values: Mapping[str, _Value], reply: bool = False) -> bytes: ...
    def decode_report(self, p0: bytes | bytearray) -> dict[str, _Value]: ...

def raw_value(point: Point, value: _Value) -> int | bytes: ...
