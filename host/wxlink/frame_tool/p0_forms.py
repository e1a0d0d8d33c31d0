"""P0 as people write and read it: actions by name, data points by the product, entries of sub-devices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from wxlink.frame_tool.kinds import FLAG, OCTETS, TEXT_OR_OCTETS
from wxlink.frame_tool.problem import FrameProblem, read_as
from wxproto import actions as a
from wxproto import commands as c
from wxproto import sub_devices
from wxproto.p0 import Codec
from wxproto.product import Point


class Given(NamedTuple):
    """What stands behind a name: `values` of field=value, `words` without one, and the product, if any."""

    values: Mapping[str, str]
    words: Sequence[str]
    codec: Codec | None


class P0Form(NamedTuple):
    """A P0 that `encode` makes; `fields` says to people what its fields are."""

    name: str
    code: int
    fields: str
    encode: Callable[[Given], bytes]


class Meaning(NamedTuple):
    """What a P0 says.

    points: values by data point, of a control, report or read reply. asked: the data points of a read.
    entries: of sub-devices. data: transparent data. All None where no product was given or none applies.
    """

    points: dict[str, Any] | None = None
    asked: list[str] | None = None
    entries: list[Any] | None = None
    data: bytes | None = None


def _codec(given: Given) -> Codec:
    if given.codec is None:
        raise FrameProblem("data points need their product: add --product FILE, or give payload=HEX")
    return given.codec


def _points(given: Given) -> dict[str, Any]:
    product = _codec(given).product
    return {name: _value(product.point(name), text) for name, text in given.values.items()}


def _value(point: Point, text: str) -> Any:
    if point.data_type == "bool":
        return read_as(FLAG, point.name, text)
    if point.data_type == "binary":
        return read_as(OCTETS, point.name, text)
    if point.data_type == "enum":
        return _choice(point, text)
    return _number(point, text)


def _choice(point: Point, text: str) -> int | str:
    """An enum's value by its text in either language, or by its number."""
    english = point.values_en or []
    if text in point.values:
        return text
    if english.count(text) == 1:
        return english.index(text)
    return int(text) if text.isdecimal() else text


def _number(point: Point, text: str) -> float:
    """A number within the limits, of which the codec would take the nearest without a word."""
    shown = f"{point.display_minimum} to {point.display_maximum}"
    try:
        value = int(text, 0) if text.lstrip("-").isdecimal() or text[:2] == "0x" else float(text)
        raw = point.scale.raw(value) if point.scale else 0
    except (ValueError, OverflowError):
        raise FrameProblem(f"{point.name}={text}: give a number from {shown}") from None
    if raw not in range(point.minimum or 0, (point.maximum or 0) + 1):
        raise FrameProblem(f"{point.name}={text}: give {shown}, or payload=HEX for any bytes")
    return value


def _read(given: Given) -> bytes:
    codec = _codec(given)
    if given.values:
        raise FrameProblem("a read asks and sets nothing: name data points without values")
    if given.words and not codec.product.variable:
        raise FrameProblem("a product of fixed length is read as a whole: name no data points")
    return codec.encode_read(list(given.words) or None)


def _transparent(action: int) -> Callable[[Given], bytes]:
    def encode(given: Given) -> bytes:
        if set(given.values) != {"data"}:
            raise FrameProblem("transparent data has one field: give data=HEX")
        return bytes((action,)) + bytes(read_as(OCTETS, "data", given.values["data"]))

    return encode


def _online(given: Given) -> bytes:
    return sub_devices.encode_online(
        [
            sub_devices.Online(read_as(TEXT_OR_OCTETS, "did", did), read_as(FLAG, did, text))
            for did, text in given.values.items()
        ]
    )


def _entries(action: int) -> Callable[[Given], bytes]:
    def encode(given: Given) -> bytes:
        return sub_devices.encode_list(
            action,
            [
                sub_devices.Entry(read_as(TEXT_OR_OCTETS, "did", did), read_as(OCTETS, did, text))
                for did, text in given.values.items()
            ],
        )

    return encode


_ROWS: Final = (
    P0Form("control", c.P0_DOWN, "POINT=VALUE …", lambda given: _codec(given).encode_control(_points(given))),
    P0Form("read", c.P0_DOWN, "[POINT …]", _read),
    P0Form(
        "read-reply",
        c.P0_DOWN_ACK,
        "POINT=VALUE …",
        lambda given: _codec(given).encode_report(_points(given), reply=True),
    ),
    P0Form("report", c.P0_UP, "POINT=VALUE …", lambda given: _codec(given).encode_report(_points(given))),
    P0Form("transparent-down", c.P0_DOWN, "data=HEX", _transparent(a.TRANSPARENT_DOWN)),
    P0Form("transparent-up", c.P0_UP, "data=HEX", _transparent(a.TRANSPARENT_UP)),
    P0Form("sub-devices-online", c.P0_UP, "DID=true|false …", _online),
    P0Form("sub-devices-down", c.P0_DOWN, "DID=P0_HEX …", _entries(a.SUB_DEVICES_DOWN)),
    P0Form("sub-devices-up", c.P0_UP, "DID=P0_HEX …", _entries(a.SUB_DEVICES_UP)),
)

P0_FORMS: Final = {row.name: row for row in _ROWS}
"""Every P0 by the name that `encode` takes."""

CARRIERS: Final = (c.P0_DOWN, c.P0_DOWN_ACK, c.P0_UP)
"""Codes whose payload is P0, or empty in an acknowledgement."""

_READERS: Final[dict[int, Callable[[Codec, bytes], Meaning]]] = {
    **dict.fromkeys((a.CONTROL, a.V_CONTROL), lambda codec, p0: Meaning(points=codec.decode_control(p0))),
    **dict.fromkeys(a.READS, lambda codec, p0: Meaning(asked=codec.decode_read(p0))),
    **dict.fromkeys(
        (a.READ_REPLY, a.REPORT, a.V_READ_REPLY, a.V_REPORT),
        lambda codec, p0: Meaning(points=codec.decode_report(p0)),
    ),
}
_SUB_DEVICES: Final = (a.SUB_DEVICES_ONLINE, a.SUB_DEVICES_DOWN, a.SUB_DEVICES_UP)


def meaning(p0: bytes, codec: Codec | None) -> Meaning:
    """What a P0 says, as far as the product is known. PeerError when malformed or of another product."""
    if p0[0] in (a.TRANSPARENT_DOWN, a.TRANSPARENT_UP):
        return Meaning(data=p0[1:])
    if p0[0] in _SUB_DEVICES:
        return Meaning(entries=sub_devices.decode(p0))
    reader = _READERS.get(p0[0])
    return reader(codec, p0) if reader and codec else Meaning()
