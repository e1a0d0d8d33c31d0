"""The CONNECT of MQTT 3.1 and of 3.1.1: either is read, the latter is written. No I/O.

What 3.1 leaves open and 3.1.1 forbids does not come out again: set bits of an absent will, the reserved bit,
a user name that its flag promises and the packet does not hold (3.1 clause 3.1: the length counts).
"""

from dataclasses import dataclass, field
from typing import Final

from wxlink.relay.mqtt_door.packets import BadPacket, Packet, Type, join, take_text, text

CONNECT_MAX: Final = 512  # bytes of its body; did, did and passcode make 78, and a signed password some more
MQTT_3_1, MQTT_3_1_1 = 3, 4
LEVELS: Final = {b"MQIsdp": MQTT_3_1, b"MQTT": MQTT_3_1_1}
BAD_VERSION: Final = 1  # CONNACK codes, the same in both versions
BAD_CLIENT_ID: Final = 2
BROKER_AWAY: Final = 3
BAD_LOGIN: Final = 4
NOT_AUTHORISED: Final = 5

_USER, _PASSWORD, _WILL_RETAIN, _WILL, _CLEAN = 0x80, 0x40, 0x20, 0x04, 0x02
_WILL_QOS_SHIFT: Final = 3
_FIXED: Final = 4  # level, flags and keep-alive, after the protocol's name


class BadConnect(BadPacket):
    """A CONNECT that cannot be served; `code` is what to answer, None: nothing."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes when the connection ends without a word."""

    topic: bytes
    payload: bytes = field(repr=False)
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """A CONNECT. keep_alive: seconds, 0 is none."""

    level: int
    client_id: str
    user: str | None
    password: bytes | None = field(repr=False)
    clean: bool
    keep_alive: int
    will: Will | None


def read(packet: Packet) -> Connect:
    """Read the body of a CONNECT. Raises BadConnect."""
    try:
        return _read(packet.body)
    except BadConnect:
        raise
    except BadPacket as error:
        raise BadConnect(str(error)) from error


def _read(body: bytes) -> Connect:
    name, at = take_text(body, 0)
    if name not in LEVELS:
        raise BadConnect(f"protocol {name!r:.40} is neither MQIsdp nor MQTT")
    if len(body) < at + _FIXED:
        raise BadConnect("a field is cut short")
    level, flags = body[at], body[at + 1]
    if level & 0x7F != LEVELS[name]:  # the highest bit marks a bridge, which is a client like any other here
        raise BadConnect(f"{name.decode()} of level {level} is not spoken here", BAD_VERSION)
    keep_alive = int.from_bytes(body[at + 2 : at + _FIXED], "big")
    client_id, at = take_text(body, at + _FIXED)
    will = None
    if flags & _WILL:
        qos = flags >> _WILL_QOS_SHIFT & 3
        if qos == 3:
            raise BadConnect("a will of QoS 3")
        topic, at = take_text(body, at)
        payload, at = take_text(body, at)
        will = Will(topic, payload, qos, bool(flags & _WILL_RETAIN))
    user, password = None, None
    if flags & _USER and at < len(body):
        user, at = take_text(body, at)
    if flags & _PASSWORD and at < len(body):
        password, at = take_text(body, at)
    if at != len(body):
        raise BadConnect(f"{len(body) - at} bytes after the last field")
    if user is None:
        password = None  # a password alone is no login, in either version
    return Connect(
        level=LEVELS[name],
        client_id=_name(client_id, "client id", BAD_CLIENT_ID),
        user=None if user is None else _name(user, "user name", BAD_LOGIN),
        password=password,
        clean=bool(flags & _CLEAN),
        keep_alive=keep_alive,
        will=will,
    )


def write(connect: Connect) -> bytes:
    """The CONNECT in MQTT 3.1.1, whatever it was read from."""
    flags = _CLEAN if connect.clean else 0
    payload = text(connect.client_id.encode())
    if connect.will:
        will = connect.will
        flags |= _WILL | will.qos << _WILL_QOS_SHIFT | (_WILL_RETAIN if will.retain else 0)
        payload += text(will.topic) + text(will.payload)
    if connect.user is not None:
        flags |= _USER
        payload += text(connect.user.encode())
        if connect.password is not None:
            flags |= _PASSWORD
            payload += text(connect.password)
    head = text(b"MQTT") + bytes((MQTT_3_1_1, flags)) + connect.keep_alive.to_bytes(2, "big")
    return join(Type.CONNECT << 4, head + payload)


def _name(value: bytes, what: str, code: int) -> str:
    try:
        name = value.decode()
    except UnicodeDecodeError as error:
        raise BadConnect(f"the {what} is not UTF-8", code) from error
    if "\0" in name:
        raise BadConnect(f"the {what} holds a NUL", code)
    return name
