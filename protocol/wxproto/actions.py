"""P0 actions: the first byte of every P0 (README 4.1)."""

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


READS = (READ, V_READ)
"""Actions whose acknowledgement carries the state."""
