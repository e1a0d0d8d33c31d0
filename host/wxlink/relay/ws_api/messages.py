"""The texts that the relay sends: ASCII-only JSON, each in its frame, ready for the wire."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged, DeviceEvent, OnlineChanged, Reported, Undecodable
from wxlink.relay.ws_api import words
from wxlink.relay.ws_api.frame import text_frame
from wxproto import envelope

NOT_LOGGED_IN = 1003
SESSION_GONE = 1009
NO_HEARTBEAT = 1011
FORM_INVALID = 9015

# Numbers of the WebSocket API alone; clients log in again on 1003 and 1009 and reconnect on 1011.
WS_ERRORS = {
    NOT_LOGGED_IN: "not logged in, please login first!",
    SESSION_GONE: "M2M socket has closed, please login again!",
    NO_HEARTBEAT: "No heartbeat!",
}


def text(word: Struct) -> bytes:
    """A word as it goes on the wire; what is not ASCII becomes an escape, as clients expect of enums."""
    said = msgspec.json.encode(word)
    if not said.isascii():
        said = json.dumps(msgspec.to_builtins(word), separators=(",", ":")).encode("ascii")
    return text_frame(said)


PONG = text(words.Pong())


def login_res(reason: str | None = None) -> bytes:
    """Success, or failure with a reason."""
    result = words.LoginResult(True) if reason is None else words.LoginResult(False, reason)
    return text(words.LoginRes(result))


def subscribe_res(success: Sequence[str], failed: Mapping[str, ApiError]) -> bytes:
    """What became of each device."""
    good = [words.Verdict(did, 0, "ok") for did in success]
    bad = [words.Verdict(did, error.code, error.text) for did, error in failed.items()]
    return text(words.SubscribeRes(words.Verdicts(good, bad)))


def invalid(code: int) -> bytes:
    """s2c_invalid_msg with one of WS_ERRORS."""
    return text(words.InvalidMsg(words.Refused(code, WS_ERRORS[code])))


def refused(error: ApiError) -> bytes:
    """s2c_invalid_msg with a number of the HTTP API; the detail stands beside the fixed text."""
    return text(words.InvalidMsg(words.Refused(error.code, error.text, error.detail or UNSET)))


def ack(did: str, res_sn: int) -> bytes:
    """s2c_ack: the device took it."""
    return text(words.AckNoti(res_sn, did))


def noti(
    did: str, attrs: Mapping[str, Any], *, req_sn: int | None = None, res_sn: int | None = None
) -> bytes:
    """s2c_noti; attrs as `values.to_ws` gives them."""
    sns = {name: sn for name, sn in (("req_sn", req_sn), ("res_sn", res_sn)) if sn is not None}
    return text(words.Noti(words.Attrs(did, dict(attrs)), **sns))


def raw(did: str, frame: bytes) -> bytes:
    """s2c_raw with a whole envelope."""
    return text(words.RawNoti(words.Frame(did, list(frame))))


def online_status(event: OnlineChanged) -> bytes:
    """s2c_online_status."""
    online = words.Online(event.did, event.passcode, event.mac, event.online, event.online)
    return text(words.OnlineStatus(online))


def binding_changed(event: BindingChanged) -> bytes:
    """s2c_binding_changed."""
    return text(words.BindingChanged(words.Bind(event.did, event.bound)))


def undecodable(event: Undecodable) -> bytes:
    """s2c_invalid_msg about what a device reported."""
    return refused(ApiError(FORM_INVALID, f"device {event.did}: {event.text}"))


class EventTexts:
    """The text of an event for clients in attribute mode or in custom mode, made once for all who watch.

    The bus hands one event to all its watchers before the next: one event is remembered.
    """

    def __init__(self) -> None:
        self._event: DeviceEvent | None = None
        self._made: dict[bool, bytes | None] = {}

    def of(self, event: DeviceEvent, custom: bool) -> bytes | None:
        """The text, or None when such clients are not told."""
        if event is not self._event:
            self._event, self._made = event, {}
        if custom not in self._made:
            self._made[custom] = _event_text(event, custom)
        return self._made[custom]


def _event_text(event: DeviceEvent, custom: bool) -> bytes | None:
    if isinstance(event, OnlineChanged):
        return online_status(event)
    if isinstance(event, Undecodable):
        return undecodable(event)
    if event.cmd == envelope.ANSWER:
        return None  # goes to the asker alone
    if custom or event.attrs is None:
        return raw(event.did, event.envelope)
    return noti(event.did, values.to_ws(event.product, event.attrs), req_sn=_request_sn(event))


def _request_sn(event: Reported) -> int | None:
    return event.sn if event.cmd == envelope.REQUEST else None
