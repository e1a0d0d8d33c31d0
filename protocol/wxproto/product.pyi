from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from .errors import LocalError
from .record import Record
from .scale import Scale

WRITABLE: Final = "status_writable"
READONLY: Final = "status_readonly"
ALERT: Final = "alert"
FAULT: Final = "fault"
KINDS: Final[tuple[str, ...]]

STANDARD: Final = "standard"
VAR_LEN: Final = "var_len"

UINTS: Final[dict[str, int]]
DATA_TYPES: Final[tuple[str, ...]]
MAX_POINTS: Final = 256
MAX_TEXT: Final = 1024

class ProductError(LocalError): ...

class Point(Record):
    fields: ClassVar[tuple[str, ...]]
    id: int
    name: str
    display_name: str
    desc: str
    kind: str
    data_type: str
    len: int
    values: list[str]
    minimum: int | None
    maximum: int | None
    ratio: float | None
    addition: float | None
    display_name_en: str | None
    values_en: list[str] | None
    unit: str
    is_bits: bool
    is_number: bool
    scale: Scale | None
    def __init__(self, **given: Any) -> None: ...
    @property
    def writable(self) -> bool: ...
    @property
    def display_minimum(self) -> int | float | None: ...
    @property
    def display_maximum(self) -> int | float | None: ...

class Product(Record):
    fields: ClassVar[tuple[str, ...]]
    name: str
    product_key: str
    variable: bool
    points: list[Point]
    name_en: str | None
    names: frozenset[str]
    def __init__(
        self, name: str, product_key: str, variable: bool, points: list[Point], name_en: str | None = None
    ) -> None: ...
    @classmethod
    def from_dict(cls, definition: Mapping[str, Any]) -> Self: ...
    def point(self, name: str) -> Point: ...
    def __contains__(self, name: object) -> bool: ...
