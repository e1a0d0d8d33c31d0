"""MQTT 3.1.1 packets, without I/O: functions make bytes, `Decoder` turns received bytes into packets.

Only what a client of QoS 0 and 1 needs. Clause numbers are those of the OASIS standard, version 3.1.1.
"""

from collections import namedtuple

from module.loading import rare
from wxproto.errors import LocalError, PeerError

MAX_PACKET = 2560  # bytes of one received packet held in memory: the longest P0 the link takes, and its topic
MAX_DISCARDED = 262144  # bytes of an oversize PUBLISH that are read and thrown away; above, we disconnect
MAX_TOPIC = 256  # bytes; the longest topic of this link has 53
MIN_PACKET_LIMIT = MAX_TOPIC + 16  # bytes; the head of any PUBLISH fits, so that it can be acknowledged
MAX_TEXT = 65535  # bytes of any length-prefixed field (1.5.3)
MAX_REMAINING = 268435455  # largest "remaining length" that four bytes can hold (2.2.3)

# Types of packets from the broker (2.2.1)
CONNACK = 2
PUBLISH = 3
PUBACK = 4
SUBACK = 9
PINGRESP = 13

_SIZES = {CONNACK: 2, PUBACK: 2, SUBACK: 3, PINGRESP: 0}
"""Type -> bytes after the fixed header; a SUBACK has one more for each further filter."""

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class MalformedPacket(PeerError):
    """The peer's bytes are no MQTT 3.1.1; close the connection (4.8)."""


class PacketTooLarge(PeerError):
    """The peer announces a packet above the limit; close the connection."""


Publish = namedtuple("Publish", ("topic", "payload", "qos", "dup", "retain", "packet_id"))
"""A message from the broker; `packet_id` is None for QoS 0."""

Oversize = namedtuple("Oversize", ("topic", "size", "qos", "packet_id"))
"""A PUBLISH of `size` bytes that did not fit: its body is thrown away as it streams in."""

Control = namedtuple("Control", ("kind", "body"))
"""All other packets for a client: a key of _SIZES, and the bytes after the fixed header."""


def publish(topic, payload, qos=0, dup=False, packet_id=None):
    """PUBLISH (3.3), not retained. QoS 1 needs a packet id of 1..65535, QoS 0 must have none."""
    if qos not in (0, 1) or (packet_id is None) != (qos == 0):
        raise LocalError("a PUBLISH is QoS 0 without or QoS 1 with a packet id")
    head = text(topic) if packet_id is None else text(topic) + packet_id_of(packet_id)
    return packet_of(0x30 | (0x08 if dup else 0) | qos << 1, head + payload)


def puback(packet_id):
    """PUBACK (3.4)."""
    return b"\x40\x02" + packet_id_of(packet_id)


class Decoder:
    """Turns a byte stream into packets; keeps at most `max_packet` bytes, whatever the peer announces."""

    def __init__(self, max_packet=MAX_PACKET):
        if max_packet < MIN_PACKET_LIMIT:
            raise LocalError(f"a limit of {max_packet} bytes is below {MIN_PACKET_LIMIT}")
        self._buffer = bytearray(max_packet)
        self.reset()

    def reset(self):
        """Begin with another stream. The buffer stays: a heap in use may have no other piece of its size."""
        self._filled = 0
        self._skip = 0  # bytes of an oversize PUBLISH still to be thrown away

    def feed(self, data):
        """Take received bytes; return the packets they complete, in order (an empty list = more is needed).

        Raises MalformedPacket or PacketTooLarge; the connection is then lost: reset() before another one.
        """
        packets = []
        view = memoryview(data)
        start = 0
        while start < len(view):
            if self._skip:
                thrown = min(self._skip, len(view) - start)
                self._skip -= thrown
                start += thrown
                continue
            taken = min(len(self._buffer) - self._filled, len(view) - start)
            self._buffer[self._filled : self._filled + taken] = view[start : start + taken]
            self._filled += taken
            start += taken
            self._decode_all(packets)
        return packets

    def _decode_all(self, packets):
        used = 0
        while True:
            size, packet = self._decode_one(used)
            if not size:
                break
            used += size
            packets.append(packet)
        if used:
            rest = self._filled - used
            self._buffer[:rest] = self._buffer[used : self._filled]
            self._filled = rest

    def _decode_one(self, start):
        """(bytes used, packet) of the packet at `start`; 0 bytes used when more is needed."""
        available = self._filled - start
        if available < 2:
            return 0, None
        first = self._buffer[start]
        remaining, digits = self._remaining_length(start + 1, available - 1)
        if not digits:
            return 0, None
        head = 1 + digits
        if head + remaining > len(self._buffer):
            return self._decode_oversize(start, first, head, remaining)
        if available < head + remaining:
            return 0, None
        body = bytes(self._buffer[start + head : start + head + remaining])
        return head + remaining, _decode(first, body)

    def _remaining_length(self, at, available):
        value = 0
        for i in range(4):
            if i == available:
                return 0, 0
            digit = self._buffer[at + i]
            value |= (digit & 0x7F) << 7 * i
            if not digit & 0x80:
                return value, i + 1
        raise MalformedPacket("the remaining length has more than four bytes")

    @rare
    def _decode_oversize(self, start, first, head, remaining):
        if first >> 4 != 3 or remaining > MAX_DISCARDED:
            raise PacketTooLarge(f"a packet of type {first >> 4} has {remaining} bytes")
        available = self._filled - start
        if available < head + 2:
            return 0, None
        topic_size = int.from_bytes(self._buffer[start + head : start + head + 2], "big")
        if topic_size > MAX_TOPIC:
            raise PacketTooLarge(f"a topic has {topic_size} bytes")
        needed = head + 2 + topic_size + 2
        if available < needed:
            return 0, None
        message = _decode_publish(first, bytes(self._buffer[start + head : start + needed]))
        used = min(available, head + remaining)
        self._skip = head + remaining - used
        return used, Oversize(message.topic, remaining, message.qos, message.packet_id)


def _decode(first, body):
    kind = first >> 4
    if kind == PUBLISH:
        return _decode_publish(first, body)
    size = None if first & 0x0F else _SIZES.get(kind)
    if size is None or len(body) < size or (len(body) > size and kind != SUBACK):
        raise MalformedPacket(f"a packet {first:02X} of {len(body)} bytes is not for a client of QoS 0 and 1")
    return Control(kind, body)


def _decode_publish(first, body):
    qos = first >> 1 & 3
    _expect(qos < 2, "PUBLISH of QoS 2, which was not subscribed")
    _expect(len(body) >= 2, "PUBLISH")
    end = 2 + int.from_bytes(body[:2], "big")
    _expect(2 < end <= MAX_TOPIC + 2 and end <= len(body), "topic of a PUBLISH")
    try:
        topic = str(body[2:end], "utf-8")
    except UnicodeError:
        raise MalformedPacket("the topic of a PUBLISH is not UTF-8") from None
    packet_id = None
    if qos:
        packet_id = int.from_bytes(body[end : end + 2], "big")
        _expect(len(body) >= end + 2 and packet_id, "packet id of a PUBLISH")
        end += 2
    dup, retain = bool(first & 0x08), bool(first & 0x01)
    return Publish(topic, body[end:], qos=qos, dup=dup, retain=retain, packet_id=packet_id)


def _expect(holds, what):
    if not holds:
        raise MalformedPacket(f"malformed {what}")


def packet_of(first, body):
    """A packet of its first byte and what follows the length."""
    if len(body) > MAX_REMAINING:
        raise LocalError(f"a packet of {len(body)} bytes is above what MQTT can carry")
    length = bytearray((first,))
    rest = len(body)
    while True:
        digit = rest & 0x7F
        rest >>= 7
        length.append(digit | 0x80 if rest else digit)
        if not rest:
            return bytes(length) + body


def text(value):
    """A text behind its length."""
    return field(value.encode())


def field(value):
    """Bytes behind their length; LocalError above what fits."""
    if len(value) > MAX_TEXT:
        raise LocalError(f"an MQTT field of {len(value)} bytes is above {MAX_TEXT}")
    return uint16(len(value)) + value


def packet_id_of(value):
    """A packet id as two bytes; LocalError outside of 1..65535."""
    if not 1 <= value <= 0xFFFF:
        raise LocalError(f"packet id {value} is not within 1..65535")
    return uint16(value)


def uint16(value):
    """Two bytes, big endian."""
    return value.to_bytes(2, "big")
