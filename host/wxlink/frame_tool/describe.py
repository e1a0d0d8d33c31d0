"""An entry of a capture in words that JSON can hold; this is what `decode --json` prints."""

from collections.abc import Mapping
from typing import Any, Final

from wxlink.frame_tool.entries import Entry
from wxlink.frame_tool.names import NAMES
from wxlink.frame_tool.p0_forms import CARRIERS, meaning
from wxlink.frame_tool.payloads import READERS, SECRET_FROM
from wxproto import sub_devices
from wxproto.errors import PeerError
from wxproto.meanings import ACTIONS
from wxproto.p0 import Codec
from wxproto.record import Record

HIDDEN: Final = "<hidden>"


def describe(entry: Entry, codec: Codec | None, *, show_secrets: bool) -> dict[str, Any]:
    """Every key is always there; one that does not apply is None.

    codec: of the product, for data points. Secrets are starred unless show_secrets; what the log itself
    starred stays so.
    """
    plain = show_secrets and not entry.starred
    said: dict[str, Any] = {
        "direction": entry.direction,
        "stamp": entry.stamp,
        "cmd": entry.cmd,
        "name": NAMES.get(entry.cmd) if entry.cmd is not None else None,
        "sn": entry.sn,
        "flags": entry.flags,
        "payload": _payload(entry, plain),
        "checksum": entry.checksum,
        "expected": entry.expected,
        "checksum_ok": entry.checksum_ok,
        "reason": entry.reason,
        "skipped": entry.skipped,
        "sub_device": None,
        "action": None,
        "action_name": None,
        "points": None,
        "asked": None,
        "fields": None,
        "problem": None,
    }
    if entry.reason is None:
        try:
            said |= _inside(entry.cmd or 0, entry.flags or 0, entry.payload or b"", codec, plain)
        except PeerError as error:
            said["problem"] = str(error)
    return said


def _payload(entry: Entry, plain: bool) -> str | None:
    if entry.payload is None:
        return None
    digits = entry.payload.hex().upper()
    secret_from = None if plain else SECRET_FROM.get(entry.cmd or 0)
    if secret_from is None:
        return digits
    kept = digits[: 2 * secret_from]
    return kept + "*" * (len(digits) - len(kept))


def _inside(cmd: int, flags: int, payload: bytes, codec: Codec | None, plain: bool) -> dict[str, Any]:
    if cmd in CARRIERS:
        return _p0(flags, payload, codec)
    read = READERS.get(cmd)
    return {"fields": _fields(read(flags, payload), plain)} if read else {}


def _p0(flags: int, payload: bytes, codec: Codec | None) -> dict[str, Any]:
    did, p0 = sub_devices.decode_address(flags, payload)
    said: dict[str, Any] = {"sub_device": _did(did)} if did is not None else {}
    if not p0:
        return said
    action = ACTIONS.get(p0[0])
    said |= {"action": p0[0], "action_name": action.name if action else None}
    try:
        # The points of a sub-device are those of a product of its own.
        found = meaning(p0, codec if did is None else None)
    except PeerError as error:
        return said | {"problem": str(error)}
    if found.data is not None:
        said["fields"] = {"data": _plain(found.data)}
    if found.entries is not None:
        said["fields"] = {"entries": [_entry(one) for one in found.entries]}
    return said | {"points": _plain(found.points), "asked": found.asked}


def _entry(one: Record) -> dict[str, Any]:
    values = {name: _plain(getattr(one, name)) for name in one.fields}
    return values | {"did": _did(getattr(one, "did"))}  # noqa: B009 - a Record names its fields as text


def _did(did: bytes) -> str:
    """Text where it is text, else its bytes as `encode` takes them."""
    text = did.decode("ascii", "replace")
    return text if text.isascii() and text.isprintable() and text else f"0x{did.hex().upper()}"


def _fields(record: Record, plain: bool) -> dict[str, Any]:
    return {
        name: _plain(getattr(record, name)) if plain or record.shown(name) != HIDDEN else HIDDEN
        for name in record.fields
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, Record):
        return {name: _plain(getattr(value, name)) for name in value.fields}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
