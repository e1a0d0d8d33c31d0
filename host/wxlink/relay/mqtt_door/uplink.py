"""What a module with the vendor's firmware sends after its CONNECT, made into MQTT 3.1.1. No I/O.

Invariant: whatever is fed, in pieces of whatever size, what comes out is a run of whole packets, as 3.1.1
frames them, or BadPacket is raised.
"""

from collections.abc import Callable, Mapping
from typing import Final

from wxlink.relay.broker import MAX_PAYLOAD_BYTES
from wxlink.relay.ingest.uplink import REQUEST_TAIL
from wxlink.relay.mqtt_door.packets import BadPacket, Packet, Type, join, split, take_text, text

PACKET_MAX: Final = MAX_PAYLOAD_BYTES + 512  # bytes of a body; the rest is for the topic

# GAgent of 2015 means the longer name and sends the shorter one (app-api 4.2).
_REQUEST_TOPICS: Final = frozenset({b"cli2ser_req", b"cli2ser"})
_KEPT, _TWO, _NONE = None, 0x02, 0x00

# Flags that 3.1.1 wants in the first byte. 3.1 allows others: DUP in a repeated SUBSCRIBE, say.
_FLAGS: Final[Mapping[int, int | None]] = {
    Type.PUBLISH: _KEPT,
    Type.PUBACK: _NONE,
    Type.PUBREC: _NONE,
    Type.PUBREL: _TWO,
    Type.PUBCOMP: _NONE,
    Type.SUBSCRIBE: _TWO,
    Type.UNSUBSCRIBE: _TWO,
    Type.PINGREQ: _NONE,
    Type.DISCONNECT: _NONE,
}


class Uplink:
    """One module's stream. did: in whose name its requests to the relay are made, which do not name it."""

    def __init__(self, did: str) -> None:
        self._request_topic = f"dev2app/{did}/{REQUEST_TAIL}".encode()
        self._rest = bytearray()
        self.left = False
        """Whether it said DISCONNECT, which is not handed on: so the broker publishes the will."""

    def feed(self, data: bytes) -> bytes:
        """What goes to the broker. Raises BadPacket: the connection is of no use any longer."""
        if self.left:
            return b""
        self._rest += data
        out: list[bytes] = []
        at = 0
        while not self.left:
            found = split(self._rest, PACKET_MAX, at)
            if found is None:
                break
            packet, at = found
            out.append(self._changed(packet))
        del self._rest[:at]
        return b"".join(out)

    def _changed(self, packet: Packet) -> bytes:
        if packet.type not in _FLAGS:
            raise BadPacket(f"a packet of type {packet.type}, which no module sends after its CONNECT")
        if packet.type == Type.DISCONNECT:
            self.left = True
            return b""
        flags = _FLAGS[packet.type]
        first = packet.first if flags is None else packet.type << 4 | flags
        body = _BODIES.get(packet.type, _unchanged)(packet, self._request_topic)
        return join(first, body)


def _unchanged(packet: Packet, _request_topic: bytes) -> bytes:
    return packet.body


def _publish(packet: Packet, request_topic: bytes) -> bytes:
    if packet.first & 0x06 == 0x06:
        raise BadPacket("a PUBLISH of QoS 3")
    topic, end = take_text(packet.body, 0)
    if topic not in _REQUEST_TOPICS:
        return packet.body
    return text(request_topic) + packet.body[end:]


_BODIES: Final[Mapping[int, Callable[[Packet, bytes], bytes]]] = {Type.PUBLISH: _publish}
