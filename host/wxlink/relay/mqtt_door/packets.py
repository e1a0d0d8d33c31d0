"""MQTT packets as bytes, as far as the door touches them. No I/O.

Both versions share their framing: type and flags, the remaining length in 1 to 4 bytes, the rest.
"""

from enum import IntEnum
from typing import Final, NamedTuple

LENGTH_BYTES: Final = 4


class Type(IntEnum):
    """The types of packets, upper half of the first byte."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class BadPacket(ValueError):
    """The peer broke the protocol; the text says how. It cannot be understood from here on."""


class Packet(NamedTuple):
    """One packet: its first byte, and what follows the remaining length."""

    first: int
    body: bytes

    @property
    def type(self) -> int:
        """Upper half of the first byte."""
        return self.first >> 4


def split(buffer: bytes | bytearray, most: int, start: int = 0) -> tuple[Packet, int] | None:
    """The packet that begins at `start` of a stream and where the next begins, or None when more is needed.

    most: bytes of a body that are taken. Raises BadPacket: a longer one, or a length of more than 4 bytes.
    """
    length = 0
    for digits in range(LENGTH_BYTES):
        at = start + 1 + digits
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << 7 * digits
        if not buffer[at] & 0x80:
            break
    else:
        raise BadPacket("the remaining length has more than 4 bytes")
    if length > most:
        raise BadPacket(f"a packet of {length} bytes; {most} at most are taken")
    end = at + 1 + length
    if len(buffer) < end:
        return None
    return Packet(buffer[start], bytes(buffer[at + 1 : end])), end


def check_type(buffer: bytes | bytearray, wanted: Type) -> None:
    """Raises BadPacket when a stream begins with another type; the first byte is enough to see it."""
    if buffer and buffer[0] >> 4 != wanted:
        raise BadPacket(f"a packet of type {buffer[0] >> 4} where {wanted.name} is due")


def join(first: int, body: bytes) -> bytes:
    """The bytes of a packet."""
    length, head = len(body), bytearray((first,))
    while True:
        length, digit = length >> 7, length & 0x7F
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def text(value: bytes) -> bytes:
    """A string or a password with its length before it."""
    return len(value).to_bytes(2, "big") + value


def take_text(body: bytes, at: int) -> tuple[bytes, int]:
    """What `text` made, and where the next field begins. Raises BadPacket when it is cut short."""
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    if len(body) < at + 2 or len(body) < end:
        raise BadPacket("a field is cut short")
    return body[at + 2 : end], end


def publish(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH of QoS 1."""
    return join(Type.PUBLISH << 4 | 0x02, text(topic) + packet_id.to_bytes(2, "big") + payload)


def connack(code: int) -> bytes:
    """A CONNACK without a session; the code means the same in both versions."""
    return join(Type.CONNACK << 4, bytes((0, code)))
