"""Uplink envelopes (README 5): 00 00 00 03 | length (1..4 bytes) | flag | cmd(2) | [sn(4)] | P0.

MQTT payloads, LAN frames and the raw WebSocket messages all have this form.
"""

from .errors import LocalError, PeerError
from .record import Record

PREFIX = b"\x00\x00\x00\x03"
NOTIFY = 0x0090
REPORT = 0x0091
REQUEST = 0x0093
ANSWER = 0x0094
NUMBERED = (REQUEST, ANSWER)
"""Commands that carry a serial number; an ANSWER repeats that of its REQUEST."""
# Service messages: PREFIX | cmd(2) | body, with neither length nor flag.
CLIENT_COUNT_REQUEST = 0x020F
CLIENT_COUNT = 0x0210
FIRMWARE_NOTICE = 0x0211
MAX_P0 = 0xFFFA
"""Bytes; no serial frame can carry a longer P0, so no envelope needs to."""
_LENGTH_BYTES = 4


class Envelope(Record):
    """A decoded envelope; sn is None unless cmd is REQUEST or ANSWER, p0 may be empty."""

    fields = ("cmd", "flag", "sn", "p0")

    def __init__(self, cmd, flag, sn, p0):
        self.cmd = cmd
        self.flag = flag
        self.sn = sn
        self.p0 = p0


def encode(cmd, p0, sn=None, flag=0):
    """Bytes of one envelope. LocalError when sn is missing, not wanted or out of range, or p0 is too long."""
    if not 0 <= cmd <= 0xFFFF or not 0 <= flag <= 0xFF:
        raise LocalError("cmd is two bytes, flag one: got %r, %r" % (cmd, flag))
    if (cmd in NUMBERED) != (sn is not None):
        raise LocalError("command %04X %s" % (cmd, "needs an sn" if sn is None else "carries no sn"))
    if len(p0) > MAX_P0:
        raise LocalError("P0 of %d bytes; an envelope carries %d at most" % (len(p0), MAX_P0))
    body = bytes((flag, cmd >> 8, cmd & 0xFF))
    if sn is not None:
        if not 0 <= sn <= 0xFFFFFFFF:
            raise LocalError("sn is four bytes: got %r" % (sn,))
        body += sn.to_bytes(4, "big")
    body += bytes(p0)
    return PREFIX + _varlen(len(body)) + body


def decode(data, max_p0=MAX_P0):
    """The one Envelope that data holds. PeerError when it is malformed, too long or not exactly one."""
    envelope, used = split(data, max_p0)
    if envelope is None:
        raise PeerError("envelope cut short: %d bytes" % len(data))
    if used != len(data):
        raise PeerError("%d bytes after the envelope" % (len(data) - used))
    return envelope


def split(buffer, max_p0=MAX_P0):
    """The first Envelope of a stream and the bytes it took, or (None, 0) when more are needed.

    PeerError when the buffer cannot begin an envelope: a stream cannot be resynchronised, close it.
    """
    have = len(buffer)
    if bytes(buffer[:4]) != PREFIX[:have]:
        raise PeerError("envelope does not begin with 00 00 00 03")
    size = 0
    at = 4
    while True:
        if at == 4 + _LENGTH_BYTES:
            raise PeerError("envelope length of more than 4 bytes")
        if at >= have:
            return None, 0
        byte = buffer[at]
        size |= (byte & 0x7F) << 7 * (at - 4)
        at += 1
        if not byte & 0x80:
            break
    if size < 3:
        raise PeerError("envelope length %d; flag and command need 3" % size)
    if size > 3 + 4 + max_p0:
        raise PeerError("envelope length %d; %d at most are taken" % (size, 3 + 4 + max_p0))
    end = at + size
    if have < end:
        return None, 0
    flag = buffer[at]
    cmd = buffer[at + 1] << 8 | buffer[at + 2]
    at += 3
    sn = None
    if cmd in NUMBERED:
        if end - at < 4:
            raise PeerError("envelope %04X without its sn" % cmd)
        sn = int.from_bytes(bytes(buffer[at : at + 4]), "big")
        at += 4
    if end - at > max_p0:
        raise PeerError("P0 of %d bytes; %d at most are taken" % (end - at, max_p0))
    return Envelope(cmd, flag, sn, bytes(buffer[at:end])), end


def encode_service(cmd, body=b""):
    """Bytes of a service message (meanings.SERVICES): prefix, command, body."""
    if not 0 <= cmd <= 0xFFFF:
        raise LocalError("cmd is two bytes: got %r" % (cmd,))
    return PREFIX + bytes((cmd >> 8, cmd & 0xFF)) + bytes(body)


def decode_service(data):
    """Command and body of a service message. PeerError when prefix or command is missing."""
    if len(data) < 6 or bytes(data[:4]) != PREFIX:
        raise PeerError("service message needs 00 00 00 03 and a 2-byte command")
    return data[4] << 8 | data[5], bytes(data[6:])


def _varlen(size):
    """MQTT remaining-length coding: seven bits a byte, lowest first, top bit set on all but the last."""
    out = bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)
