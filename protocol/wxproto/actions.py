"""P0 actions: the first byte of every P0 (README 4.1)."""

from .commands import MCU, MODULE, P0_DOWN, P0_DOWN_ACK, P0_UP
from .record import Record

CONTROL = 0x01
READ = 0x02
READ_REPLY = 0x03
REPORT = 0x04
TRANSPARENT_DOWN = 0x05
TRANSPARENT_UP = 0x06
V_CONTROL = 0x11
V_READ = 0x12
V_READ_REPLY = 0x13
V_REPORT = 0x14
SUB_DEVICES_ONLINE = 0x71
SUB_DEVICES_DOWN = 0x72
SUB_DEVICES_UP = 0x73

MODULE_P0 = 2048
"""Bytes of P0 that a module carries; the longest product seen has about 300, and a module keeps several."""


class Action(Record):
    """One row of ACTIONS: `sender` is MODULE or MCU, `carrier` the code of the frame that carries it."""

    fields = ("code", "name", "sender", "carrier")

    def __init__(self, code, name, sender, carrier):
        self.code = code
        self.name = name
        self.sender = sender
        self.carrier = carrier


_ROWS = (
    Action(CONTROL, "control, fixed length", MODULE, P0_DOWN),
    Action(READ, "read, fixed length", MODULE, P0_DOWN),
    Action(READ_REPLY, "read reply, fixed length", MCU, P0_DOWN_ACK),
    Action(REPORT, "report, fixed length", MCU, P0_UP),
    Action(TRANSPARENT_DOWN, "transparent data down", MODULE, P0_DOWN),
    Action(TRANSPARENT_UP, "transparent data up", MCU, P0_UP),
    Action(V_CONTROL, "control, variable length", MODULE, P0_DOWN),
    Action(V_READ, "read, variable length", MODULE, P0_DOWN),
    Action(V_READ_REPLY, "read reply, variable length", MCU, P0_DOWN_ACK),
    Action(V_REPORT, "report, variable length", MCU, P0_UP),
    Action(SUB_DEVICES_ONLINE, "sub-devices came or went", MCU, P0_UP),
    Action(SUB_DEVICES_DOWN, "P0 for sub-devices", MODULE, P0_DOWN),
    Action(SUB_DEVICES_UP, "P0 of sub-devices", MCU, P0_UP),
)

ACTIONS = {row.code: row for row in _ROWS}
"""Every action wxlink speaks, by its byte."""

READS = (READ, V_READ)
"""Actions whose acknowledgement carries the state."""
