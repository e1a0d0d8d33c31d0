"""A question of ours on its way, and the time its acknowledgement may take (README 3.3)."""

from .actions import READS
from .commands import ACK_BY_ACTION, ACK_DATA, SUB_DEVICE
from .line import stuffed_size

ANSWER_SIZE = 128
"""Bytes of payload expected in an answer before the peer sent a longer one; device information has 106."""


def sub_device(flags, payload):
    """didlen + did before the action of a sub-device's P0, empty without the flag; may be cut short."""
    if not flags & SUB_DEVICE or not payload:
        return b""
    return payload[: 1 + payload[0]]


def answer_size(kind, flags, payload, largest):
    """Payload bytes of the longest acknowledgement to expect of a command of this `kind` (commands.KINDS).

    `largest` is the longest payload the peer has sent so far.
    """
    head = 0
    if kind & ACK_BY_ACTION:
        head = len(sub_device(flags, payload))
        if len(payload) <= head or payload[head] not in READS:
            return head
    elif not kind & ACK_DATA:
        return 0
    return head + max(ANSWER_SIZE, largest)


class Question:
    """`answer` is the payload size to expect, `service_ms` the time the peer may take for it."""

    def __init__(self, ticket, cmd, sn, frame, *, answer, service_ms):
        self.ticket = ticket
        self.cmd = cmd
        self.sn = sn
        self.frame = frame
        self.sends = 0
        self.sent_at = 0
        self.deadline = 0
        self._answer = answer
        self._service_ms = service_ms

    def sent(self, now, leaves, line, at_least):
        """Note a send whose last byte leaves the line at `leaves`; it is due again after `at_least` or more.

        More it is when the wire needs that: the longest answer at the line's rate, after the peer's time.
        """
        self.sends += 1
        self.sent_at = now
        wait = line.duration(stuffed_size(self._answer)) + self._service_ms
        self.deadline = max(now + at_least, leaves + wait)
