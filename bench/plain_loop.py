"""A peer for the frame decoder: the same rules (protocol/README.md 2) as one plain loop over the bytes.

This is how most parsers of this kind are written; it runs on CPython and MicroPython alike.
"""

from wxproto.frame import CHECKSUM, CUT_SHORT, MAX_PAYLOAD, NOT_STUFFED, TOO_LONG, TOO_SHORT, BadFrame, Frame

OUTSIDE, HEADER, INSIDE = range(3)
SHORTEST, LONGEST = 5, MAX_PAYLOAD + 5


class PlainLoop:
    """Takes a byte stream apart as wxproto.frame.Decoder does, byte by byte."""

    def __init__(self):
        self._state = OUTSIDE
        self._ff = False  # the last byte was an FF inside a frame
        self._body = bytearray()
        self._need = 2
        self._sum = 0

    def feed(self, data):  # noqa: PLR0912, PLR0915 - one plain loop is what it is for
        """Take bytes, give a list of Frame and BadFrame in order."""
        found = []
        state, ff, body, need, total = self._state, self._ff, self._body, self._need, self._sum
        for byte in data:
            if state == OUTSIDE:
                if byte == 0xFF:
                    state = HEADER
                continue
            if state == HEADER:
                if byte == 0xFF:
                    state, ff, body, need, total = INSIDE, False, bytearray(), 2, 0
                else:
                    state = OUTSIDE
                continue
            again = False
            if ff:
                ff = False
                if byte == 0x55:
                    byte = 0xFF  # noqa: PLW2901 - the FF that was waiting
                elif byte == 0xFF:
                    if body:
                        found.append(_bad(CUT_SHORT, body))
                        body, need, total = bytearray(), 2, 0
                    continue
                elif need == 7 and len(body) == 3 and not body[2] & 1:
                    body.append(0xFF)
                    total += 0xFF
                    again = True
                elif body:
                    found.append(_bad(NOT_STUFFED, body))
                    state = OUTSIDE
                    continue
            elif byte == 0xFF:
                if need > 2 and len(body) == need - 1 and total & 0xFF == 0xFF:
                    found.append(_frame(body))
                    state = HEADER
                else:
                    ff = True
                continue
            if again or len(body) < need - 1:
                body.append(byte)
                total += byte
                continue
            if need == 2:
                body.append(byte)
                total += byte
                size = body[0] << 8 | body[1]
                if SHORTEST <= size <= LONGEST:
                    need = size + 2
                else:
                    found.append(BadFrame(TOO_SHORT if size < SHORTEST else TOO_LONG))
                    state = OUTSIDE
                continue
            found.append(_frame(body) if byte == total & 0xFF else _bad(CHECKSUM, body))
            state = OUTSIDE
        self._state, self._ff, self._body, self._need, self._sum = state, ff, body, need, total
        return found


def _frame(body):
    return Frame(body[2], body[3], body[4] << 8 | body[5], bytes(body[6:]))


def _bad(reason, body):
    return BadFrame(reason, body[2] if len(body) > 2 else None, body[3] if len(body) > 3 else None)
