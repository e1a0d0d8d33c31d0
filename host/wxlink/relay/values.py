"""Data point values between their four homes: P0 codec, store, WebSocket and HTTP.

| data type | codec | store  | WebSocket     | HTTP          | accepted from clients                |
| --------- | ----- | ------ | ------------- | ------------- | ------------------------------------ |
| bool      | bool  | bool   | true / false  | 0 / 1         | true / false, 0 / 1                  |
| enum      | str   | str    | its text      | its text      | text or index                        |
| uint*     | number| number | number        | number        | number (after ratio and addition)    |
| binary    | bytes | hex    | list of bytes | hex           | list of bytes, hex or base64 text    |

Names that a product no longer has are left out on the way to a client: a state may be older than the
product's present definition.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from wxproto.errors import LocalError
from wxproto.product import Point, Product

Attrs: TypeAlias = Mapping[str, Any]

HEX: Final = "hex"
BASE64: Final = "base64"
BINARY_CODINGS: Final = (HEX, BASE64)


def to_store(product: Product, attrs: Attrs) -> dict[str, Any]:
    """Codec values -> JSON-safe values: binary becomes lower-case hex."""
    return _each(product, attrs, {"binary": _hex_of})


def to_ws(product: Product, attrs: Attrs) -> dict[str, Any]:
    """Codec or stored values -> the `attrs` of WebSocket messages."""
    return _each(product, attrs, {"binary": lambda value: list(_bytes_of(value))})


def to_http(product: Product, attrs: Attrs) -> dict[str, Any]:
    """Codec or stored values -> the `attr` of `GET /app/devdata/{did}/latest`."""
    return _each(product, attrs, {"bool": int, "binary": _hex_of})


def from_client(product: Product, attrs: Attrs, binary_coding: str = HEX) -> dict[str, Any]:
    """A client's `attrs` (WebSocket or HTTP) -> codec values.

    Raises LocalError naming the data point when it is unknown or its value has the wrong type or coding.
    What a value may be (range, length, writable) is the codec's to judge.
    """
    if binary_coding not in BINARY_CODINGS:
        raise LocalError(f"binary_coding is one of {', '.join(BINARY_CODINGS)}, not {binary_coding!r:.40}")
    values: dict[str, Any] = {}
    for name, value in attrs.items():
        point = product.point(name)
        values[name] = _READERS[_family(point)](point, value, binary_coding)
    return values


def _each(product: Product, attrs: Attrs, by_type: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    names = product.names
    shown = {name: value for name, value in attrs.items() if name in names}
    for point in product.points:
        if point.data_type in by_type and point.name in shown:
            shown[point.name] = by_type[point.data_type](shown[point.name])
    return shown


def _family(point: Point) -> str:
    return "uint" if point.data_type.startswith("uint") else point.data_type


def _bytes_of(value: bytes | str) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else value


def _hex_of(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.hex()


def _read_bool(point: Point, value: Any, _coding: str) -> bool:
    if value in (0, 1) and isinstance(value, (bool, int)):
        return bool(value)
    raise LocalError(f"{point.name}: a bool is true, false, 0 or 1, not {value!r:.40}")


def _read_enum(point: Point, value: Any, _coding: str) -> str:
    if isinstance(value, str) and value in point.values:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(point.values):
        return point.values[value]
    raise LocalError(f"{point.name}: one of {', '.join(point.values)} or its index, not {value!r:.40}")


def _read_number(point: Point, value: Any, _coding: str) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise LocalError(f"{point.name}: a number, not {value!r:.40}")


def _read_binary(point: Point, value: Any, coding: str) -> bytes:
    try:
        if isinstance(value, list) and not any(isinstance(item, bool) for item in value):
            return bytes(value)
        if isinstance(value, str):
            return b64decode(value, validate=True) if coding == BASE64 else bytes.fromhex(value)
    except (ValueError, TypeError, binascii.Error):
        pass
    raise LocalError(f"{point.name}: a list of byte numbers or {coding} text, not {value!r:.40}")


_READERS: Final[dict[str, Callable[[Point, Any, str], Any]]] = {
    "bool": _read_bool,
    "enum": _read_enum,
    "uint": _read_number,
    "binary": _read_binary,
}
