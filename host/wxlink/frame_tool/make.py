"""Frames made from a name and fields."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from wxlink.frame_tool.kinds import OCTETS, TEXT_OR_OCTETS
from wxlink.frame_tool.names import CODES, NAMES
from wxlink.frame_tool.p0_forms import CARRIERS, P0_FORMS, Given
from wxlink.frame_tool.payloads import FORMS, Form
from wxlink.frame_tool.problem import FrameProblem, read_as
from wxproto import commands as c
from wxproto import frame, sub_devices
from wxproto.p0 import Codec

RAW: Final = "payload"
"""The field that gives the payload as bytes, for every name."""
OPAQUE: Final = (
    c.P0_DOWN,
    c.P0_UP,
    c.TRANSACTION_REQUEST,
    c.TRANSACTION_RESULT,
    c.REGISTER_SUB_DEVICE,
    c.SUB_DEVICE_RESULT,
)
"""Codes whose plain name says nothing of the payload, which is never empty."""


class Made(NamedTuple):
    """A frame and what it was made of; `wire` is what goes over the serial link."""

    cmd: int
    sn: int
    flags: int
    payload: bytes
    wire: bytes


def make(
    name: str,
    words: Sequence[str],
    *,
    sn: int = 0,
    flags: int | None = None,
    codec: Codec | None = None,
    sub_device: str | None = None,
) -> Made:
    """The frame called `name`, or of a code in hex, with fields given as ``field=value``.

    flags: instead of those that the payload asks for. codec: of the product whose data points are named.
    sub_device: the did for or of which a P0 is. FrameProblem or LocalError says what to give instead.
    """
    given = _given(words, codec)
    code, payload, wanted = _payload(name, given)
    if sub_device is not None:
        if code not in CARRIERS:
            raise FrameProblem(f"{name} carries no P0, so it is for no sub-device: leave --sub-device out")
        payload = sub_devices.encode_address(read_as(TEXT_OR_OCTETS, "--sub-device", sub_device), payload)
        wanted |= c.SUB_DEVICE
    flags = wanted if flags is None else flags
    return Made(code, sn, flags, payload, frame.encode(code, sn, payload, flags))


def _given(words: Sequence[str], codec: Codec | None) -> Given:
    values: dict[str, str] = {}
    plain = []
    for word in words:
        field, equals, text = word.partition("=")
        if not equals:
            plain.append(word)
        elif field in values:
            raise FrameProblem(f"{field} is given twice: give it once")
        else:
            values[field] = text
    return Given(values, plain, codec)


def _payload(name: str, given: Given) -> tuple[int, bytes, int]:
    """Code, payload and the flags that belong to the payload."""
    code = _code(name)
    p0 = P0_FORMS.get(name)
    if given.words and name != "read":
        raise FrameProblem(f"{given.words[0]!r} is no field: give field=value")
    if RAW in given.values and not (given.codec and RAW in given.codec.product):
        if len(given.values) > 1:
            raise FrameProblem("payload=HEX is the whole payload: give no other field with it")
        return code, read_as(OCTETS, RAW, given.values[RAW]), 0
    if p0:
        return code, p0.encode(given), 0
    form = FORMS.get(NAMES.get(code, name) if name not in FORMS else name)
    if form:
        record = form.make(**_typed(form, given))
        return code, record.encode(), getattr(record, "flags", 0)
    if code in OPAQUE:
        raise FrameProblem(f"{name} needs payload=HEX; `wxlink frame list` names forms with fields")
    if given.values:
        raise FrameProblem(
            f"{name} has no field {next(iter(given.values))}: give none, or payload=HEX for any bytes"
        )
    return code, b"", 0


def _code(name: str) -> int:
    for table in (P0_FORMS, FORMS):
        if name in table:
            return table[name].code
    if name in CODES:
        return CODES[name]
    try:
        code = int(name, 16)
    except ValueError:
        code = -1
    if not 0 <= code <= 0xFF:
        raise FrameProblem(
            f"no frame is called {name!r}: `wxlink frame list` names them; a code in hex works, too"
        )
    return code


def _typed(form: Form, given: Given) -> dict[str, Any]:
    unknown = [field for field in given.values if field not in form.kinds]
    if unknown:
        raise FrameProblem(f"{form.name} has no field {unknown[0]}: it has {', '.join(form.kinds)}")
    missing = [field for field in form.needed if field not in given.values]
    if missing:
        wanted = " ".join(f"{field}={form.kinds[field].form}" for field in missing)
        raise FrameProblem(f"{form.name} needs {wanted}; payload=HEX gives any bytes")
    return {field: read_as(form.kinds[field], field, text) for field, text in given.values.items()}
