"""What a device's MQTT message says: topic and payload in, one reading out. No I/O.

dev2app/<did>               envelope 0x0091 or 0x0093, or 0x0094 of a module that adds no tail
dev2app/<did>/<client id>   envelope 0x0094, to the client that asked
dev2app/<did>/online        presence: `1 <connection>` or `0 <connection>`, 8 hex digits
dev2app/<did>/health        what the module tells of itself (`self_report`), JSON
dev2app/<did>/cli2ser       a request to the relay itself; the door of old modules adds who asks
dev2app/<did>/update        how far it is with an update (`self_report`), JSON
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from wxlink.relay import values
from wxlink.relay.ids import DID_LENGTH
from wxlink.relay.ingest import self_report
from wxlink.relay.ingest.self_report import Condition, UpdateNews
from wxproto import envelope
from wxproto.errors import PeerError
from wxproto.p0 import READ_REPLY, REPORT, V_READ_REPLY, V_REPORT, Codec

SUBSCRIPTIONS = (("dev2app/#", 1),)
PRESENCE_TAIL = "online"
HEALTH_TAIL = "health"
UPDATE_TAIL = "update"
REQUEST_TAIL = "cli2ser"
STATUS_ACTIONS = frozenset({READ_REPLY, REPORT, V_READ_REPLY, V_REPORT})
FROM_DEVICE = frozenset({envelope.REPORT, envelope.REQUEST, envelope.ANSWER})

_TOPIC = re.compile(rf"dev2app/([A-Za-z0-9]{{{DID_LENGTH}}})(?:/([^/]+))?")
_PRESENCE = re.compile(rb"([01]) ([0-9a-f]{8})")


class Undecipherable(ValueError):
    """A message says nothing; the text says why. did is None when not even the sender is known."""

    def __init__(self, did: str | None, reason: str) -> None:
        self.did = did
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Presence:
    """A connection of the device came (online) or went."""

    did: str
    online: bool
    connection: str


@dataclass(frozen=True, slots=True)
class CountRequest:
    """The device asks how many clients watch it."""

    did: str


@dataclass(frozen=True, slots=True)
class Business:
    """Business data. tail: the client id in the topic of an answer, None without one."""

    did: str
    tail: str | None
    cmd: int
    sn: int | None
    p0: bytes
    envelope: bytes


Said: TypeAlias = Presence | CountRequest | Business | Condition | UpdateNews


def read(topic: str, payload: bytes) -> Said:
    """Read one message. Raises Undecipherable."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise Undecipherable(None, f"topic {topic!r:.80} names no device")
    did, tail = found.groups()
    reading = _TAILS.get(tail)
    if reading is not None:
        try:
            return reading(did, payload)
        except ValueError as error:
            raise Undecipherable(did, str(error)) from error
    try:
        frame = envelope.decode(payload)
    except PeerError as error:
        raise Undecipherable(did, str(error)) from error
    if frame.cmd not in FROM_DEVICE:
        raise Undecipherable(did, f"command {frame.cmd:04X} does not come from a device")
    if not frame.p0 and frame.cmd != envelope.ANSWER:
        raise Undecipherable(did, f"command {frame.cmd:04X} without P0")
    return Business(did, tail, frame.cmd, frame.sn, frame.p0, payload)


def status(codec: Codec, business: Business) -> dict[str, Any] | None:
    """The data points that the P0 reports (`values.to_store`); None when it is no status.

    Raises Undecipherable when it is a status that the product does not describe.
    """
    if not business.p0 or business.p0[0] not in STATUS_ACTIONS:
        return None
    try:
        return values.to_store(codec.product, codec.decode_report(business.p0))
    except PeerError as error:
        raise Undecipherable(business.did, str(error)) from error


def _presence(did: str, payload: bytes) -> Presence:
    found = _PRESENCE.fullmatch(payload)
    if found is None:
        raise ValueError("a presence message is `1` or `0`, a space and 8 hex digits")
    return Presence(did, found[1] == b"1", found[2].decode())


def _request(did: str, payload: bytes) -> CountRequest:
    try:
        cmd, body = envelope.decode_service(payload)
    except PeerError as error:
        raise ValueError(str(error)) from error
    if cmd != envelope.CLIENT_COUNT_REQUEST or body:
        raise ValueError(f"request {cmd:04X} with {len(body)} bytes is not served")
    return CountRequest(did)


_TAILS: Final[dict[str | None, Callable[[str, bytes], Said]]] = {
    PRESENCE_TAIL: _presence,
    HEALTH_TAIL: self_report.condition,
    UPDATE_TAIL: self_report.update_news,
    REQUEST_TAIL: _request,
}
