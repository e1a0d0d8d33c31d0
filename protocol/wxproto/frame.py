"""Frames of the serial link (README 2): FF FF | len | cmd | sn | flags | payload | checksum, with stuffing.

Invariant of the decoder: any bytes give frames, bad frames or "need more" and nothing else, in bounded
memory, and how the input is split changes nothing.
"""

from struct import unpack_from

from .errors import LocalError
from .record import Record

HEADER = b"\xff\xff"
OVERHEAD = 5
"""Bytes that len counts beside the payload: cmd, sn, flags (2), checksum."""
MAX_PAYLOAD = 4096
"""Bytes; the vendor's module program keeps packet buffers of this size, so nobody can rely on more."""
LARGEST_PAYLOAD = 0xFFFF - OVERHEAD
"""Bytes; what the two bytes of len can say."""

# Reasons of a BadFrame.
CHECKSUM = "wrong checksum"
CUT_SHORT = "cut short by a new header"
NOT_STUFFED = "FF followed by neither 55 nor FF"
TOO_SHORT = "len below 5"
TOO_LONG = "len above the limit"

_FF = b"\xff"
_STUFFED = b"\xff\x55"
_FIELDS = ">HBBH"  # len, cmd, sn, flags: what a body begins with
_PAYLOAD_AT = 6
_SHORTEST = 2 + OVERHEAD  # bytes of a frame without payload, len included


class Frame(Record):
    """A good frame: cmd, sn, flags (16 bit) and payload, already without stuffing."""

    fields = ("cmd", "sn", "flags", "payload")

    def __init__(self, cmd, sn, flags, payload):
        self.cmd = cmd
        self.sn = sn
        self.flags = flags
        self.payload = payload


class BadFrame(Record):
    """Something that began like a frame and is none; cmd and sn are None when they were not reached."""

    fields = ("reason", "cmd", "sn")

    def __init__(self, reason, cmd=None, sn=None):
        self.reason = reason
        self.cmd = cmd
        self.sn = sn


def encode(cmd, sn, payload=b"", flags=0):
    """Bytes of one frame, stuffed everywhere after the header. LocalError when something is out of range."""
    if not 0 <= cmd <= 0xFF or not 0 <= sn <= 0xFF or not 0 <= flags <= 0xFFFF:
        raise LocalError("cmd and sn are one byte, flags two: got %r, %r, %r" % (cmd, sn, flags))
    if len(payload) > MAX_PAYLOAD:
        raise LocalError("payload of %d bytes; a frame carries %d at most" % (len(payload), MAX_PAYLOAD))
    size = len(payload) + OVERHEAD
    body = bytes((size >> 8, size & 0xFF, cmd, sn, flags >> 8, flags & 0xFF)) + bytes(payload)
    body += bytes((sum(body) & 0xFF,))
    return HEADER + body.replace(_FF, _STUFFED)


class Decoder:
    """Takes the byte stream of one direction apart; a payload above `max_payload` is a BadFrame.

    `skipped` counts bytes that belong to no good frame, `resyncs` the good frames found behind such bytes.
    """

    def __init__(self, max_payload=MAX_PAYLOAD):
        if not 0 <= max_payload <= LARGEST_PAYLOAD:
            raise LocalError("max_payload must be 0..%d, not %r" % (LARGEST_PAYLOAD, max_payload))
        self._largest = max_payload + OVERHEAD
        self._body = None  # None while looking for a header, else the unstuffed bytes from len on
        self._need = 2  # bytes the body must reach: 2 until len is known
        self._ff = False  # the last byte was an FF whose meaning the next byte settles
        self.skipped = 0
        self.resyncs = 0
        self._begin = 0  # where the frame under way began, and where the last good one ended or the bytes
        self._end = 0  # counted so far; both from the first byte of the next feed
        self._lost = False  # bytes were skipped since the last good frame

    def feed(self, data):  # noqa: PLR0912, PLR0915 - one loop: a call a byte halves the speed on a module
        """Take bytes or a bytearray, give a list of Frame and BadFrame in order; empty means "need more"."""
        if not isinstance(data, bytes):
            data = bytes(data)
        found = []
        body = self._body
        need = self._need
        ff = self._ff
        end = len(data)
        i = 0
        while i < end:
            if body is None:  # between frames: FF FF opens one, all else is noise
                if not ff:
                    at = data.find(HEADER, i)
                    if at < 0:
                        ff = data[-1] == 0xFF
                        break
                    i = self._whole(data, at, found)
                    if i == end:
                        break
                    self._begin = i
                    i += 2
                    body = bytearray()
                    need = 2
                    continue
                ff = False
                byte = data[i]
                i += 1
                if byte == 0xFF:
                    self._begin = i - 2
                    body = bytearray()
                    need = 2
                elif byte == 0x55 and self._end == i - 1:
                    self._end = i  # the stuffing of a checksum that was taken before
                continue
            if ff:  # this byte settles what the FF before it means
                ff = False
                byte = data[i]
                if byte == 0x55:
                    body.append(0xFF)
                    i += 1
                elif byte == 0xFF:  # a new header; straight after a header only an FF too many
                    if body:
                        found.append(_bad(CUT_SHORT, body))
                        body = bytearray()
                        need = 2
                    self._begin = i - 1
                    i += 1
                    continue
                elif need == _SHORTEST and len(body) == 3 and not body[2] & 1:
                    body.append(0xFF)  # sn of a short ack: the vendor's module program does not stuff it
                elif body:
                    found.append(_bad(NOT_STUFFED, body))
                    body = None
                    continue
                else:  # FF FF FF: the last two were the header, and this byte begins len
                    self._begin = i - 2
                    continue
            else:
                stop = i + need - len(body)
                if stop > end:  # noqa: PLR1730 - min() is a call a frame
                    stop = end
                at = data.find(_FF, i, stop)
                if at < 0:
                    body.extend(data[i:stop])
                    i = stop
                else:
                    body.extend(data[i:at])
                    i = at + 1
                    ff = True
                    if len(body) == need - 1 and need > 2 and sum(body) & 0xFF == 0xFF:
                        # A right checksum of FF ends the frame whether or not 55 follows (short acks of the
                        # vendor's module program lack it). Should it be the first byte of the next header
                        # instead, the search for a header goes on from here.
                        body.append(0xFF)
                        found.append(_frame(body))
                        body = None
                        self._good(i)
                        continue
            if len(body) < need:
                continue
            if need == 2:
                size = body[0] << 8 | body[1]
                if OVERHEAD <= size <= self._largest:
                    need = size + 2
                else:
                    found.append(BadFrame(TOO_SHORT if size < OVERHEAD else TOO_LONG))
                    body = None
            else:
                if sum(body) - 2 * body[-1] & 0xFF:
                    found.append(_bad(CHECKSUM, body))
                else:
                    found.append(_frame(body))
                    self._good(i)
                body = None
        self._body = body
        self._need = need
        self._ff = ff
        self._skip_to(end - ff if body is None else self._begin)
        self._begin -= end
        self._end -= end
        return found

    def _whole(self, data, i, found):
        """Take the good frames that stand whole in data from the header at data[i] on, as almost all come.

        Gives where the first other begins, or the end of data.
        """
        largest = self._largest + 2
        first = True
        while True:
            after = data.find(HEADER, i + 2)
            end = after if after >= 0 else len(data)
            body = data[i + 2 : end]
            if 0xFF in body:
                if body.count(_FF) != body.count(_STUFFED):
                    return i
                body = body.replace(_STUFFED, _FF)
            size = len(body)
            if not _SHORTEST <= size <= largest or sum(body) - 2 * body[-1] & 0xFF:
                return i
            said, cmd, sn, flags = unpack_from(_FIELDS, body)
            if said != size - 2:
                return i
            found.append(Frame(cmd, sn, flags, body[_PAYLOAD_AT:-1]))
            if first:
                first = False
                self._begin = i
                self._good(end)
            else:
                self._end = end
            if after < 0:
                return end
            i = after

    def _good(self, end):
        """Count what stood before a good frame that ends here."""
        self._skip_to(self._begin)
        self._end = end
        if self._lost:
            self._lost = False
            self.resyncs += 1

    def _skip_to(self, position):
        if position > self._end:
            self.skipped += position - self._end
            self._end = position
            self._lost = True


def _frame(body):
    """The frame of a whole body, without stuffing and with its checksum."""
    _, cmd, sn, flags = unpack_from(_FIELDS, body)
    return Frame(cmd, sn, flags, bytes(memoryview(body)[_PAYLOAD_AT:-1]))


def _bad(reason, body):
    return BadFrame(reason, body[2] if len(body) > 2 else None, body[3] if len(body) > 3 else None)
