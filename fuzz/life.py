"""A session's life as bytes tell it; runs unchanged on CPython and MicroPython.

The first byte is the role (odd: MCU), then come steps: what to do (bits 0-2) and how long after the last one
(bits 3-5, an index of STEPS), a size, and so many bytes. As a program it reads lives from its input, size (4
bytes, big endian) and bytes, and prints for each the CRC-32 of all that its session said and sent.
"""

import binascii
import sys

from wxproto.commands import MCU, MODULE
from wxproto.errors import LocalError
from wxproto.events import Asked
from wxproto.frame import encode
from wxproto.session import Session

MAX_PAYLOAD = 256
STEPS = (0, 1, 20, 199, 230, 700, 3_600, 60_000)
"""Milliseconds."""


def live(data):
    """Yield (session, now, ticket of what was asked or None, events, bytes sent) for each step."""
    session = Session(MCU if data[0] & 1 else MODULE, max_payload=MAX_PAYLOAD)
    waiting = []
    asked = []
    now = 0
    at = 1
    while at + 1 < len(data):
        what = data[at] & 7
        now += STEPS[data[at] >> 3 & 7]
        size = data[at + 1]
        piece = data[at + 2 : at + 2 + size]
        at += 2 + len(piece)
        ticket = None
        events = []
        if what < 2:
            events = session.receive(piece, now)
        elif what == 2 and piece:
            events = session.receive(encode(piece[0], size, piece[1:]), now)
        elif what == 3 and piece:
            try:
                ticket = session.ask(piece[0], piece[1:], now=now)
                asked.append(ticket)
            except LocalError:
                pass  # this role may not, or too many wait
        elif what == 4 and waiting:
            session.answer(waiting.pop(), piece)
        elif what == 5 and waiting:
            session.refuse(waiting.pop(), size)
        elif what == 6 and asked:
            session.withdraw(asked.pop(), now)
        else:
            events = session.poll(now)
        waiting += [event for event in events if isinstance(event, Asked) and event.wants_answer]
        yield session, now, ticket, events, session.data_to_send()


def digest(data):
    """CRC-32 of a life: times, tickets, events and bytes, and at the end the counters."""
    crc = 0
    counters = None
    for session, now, ticket, events, sent in live(data):
        counters = session.counters
        told = (now, ticket, events, sent, session.next_deadline())
        crc = binascii.crc32(repr(told).encode(), crc)
    return f"{binascii.crc32(repr(counters).encode(), crc) & 0xFFFFFFFF:08x}"


def main():
    """Serve until the input ends."""
    stdin = sys.stdin.buffer
    while True:
        head = stdin.read(4)
        if len(head) < 4:
            return
        print(digest(stdin.read(int.from_bytes(head, "big"))))


if __name__ == "__main__":
    main()
