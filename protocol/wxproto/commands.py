"""The commands of the serial link as a table (README 3): code, tests and the book all read it."""

from .record import Record

MODULE = "module"
MCU = "mcu"

GET_DEVICE_INFO = 0x01
DEVICE_INFO = 0x02
P0_DOWN = 0x03
P0_DOWN_ACK = 0x04
P0_UP = 0x05
P0_UP_ACK = 0x06
HEARTBEAT = 0x07
HEARTBEAT_ACK = 0x08
MODULE_STATUS = 0x0D
MODULE_STATUS_ACK = 0x0E
RESTART_MCU = 0x0F
RESTART_MCU_ACK = 0x10
MODULE_NOTICE = 0x11
MCU_NOTICE = 0x12

# What the acknowledgement of a command carries.
SHORT = "nothing"
DATA = "data"
BY_ACTION = "data after a read, else nothing"
NONE = "no acknowledgement"


class Command(Record):
    """One row of COMMANDS.

    `asker` is the role that may send it (MODULE or MCU), `ack` the code of its acknowledgement or None,
    `reply` what the acknowledgement carries (SHORT, DATA, BY_ACTION, NONE).
    """

    fields = ("code", "name", "asker", "ack", "reply")

    def __init__(self, code, name, asker, ack, reply):
        self.code = code
        self.name = name
        self.asker = asker
        self.ack = ack
        self.reply = reply


_ROWS = (
    Command(GET_DEVICE_INFO, "get device information", MODULE, DEVICE_INFO, DATA),
    Command(P0_DOWN, "P0 down: control, read, transparent", MODULE, P0_DOWN_ACK, BY_ACTION),
    Command(P0_UP, "P0 up: report, transparent", MCU, P0_UP_ACK, SHORT),
    Command(HEARTBEAT, "heartbeat", MODULE, HEARTBEAT_ACK, SHORT),
    Command(MODULE_STATUS, "module status", MODULE, MODULE_STATUS_ACK, SHORT),
    Command(RESTART_MCU, "restart the MCU", MODULE, RESTART_MCU_ACK, SHORT),
    Command(MODULE_NOTICE, "error notice from the module", MODULE, None, NONE),
    Command(MCU_NOTICE, "error notice from the MCU", MCU, None, NONE),
)

COMMANDS = {row.code: row for row in _ROWS}
"""Every command wxlink speaks, by its code; the code of an acknowledgement is no key."""

NOTICE_OF = {MODULE: MODULE_NOTICE, MCU: MCU_NOTICE}
"""The error notice each role sends."""

# Payload of an error notice: one byte.
ERROR_CHECKSUM = 1
ERROR_UNKNOWN_COMMAND = 2
ERROR_OTHER = 3
ERROR_FILE_TYPE = 4
NOTICES = {
    ERROR_CHECKSUM: "checksum wrong",
    ERROR_UNKNOWN_COMMAND: "command not known",
    ERROR_OTHER: "other error",
    ERROR_FILE_TYPE: "file type does not match",
}

SUB_DEVICE = 0x0001
"""Flag of 03/04: the payload starts with didlen(1) + did of a sub-device; the ack repeats flag and did."""

ENTER_CONFIGURATION = 0x09
"""A command wxlink does not speak; it may come with a Wi-Fi password in it."""
SECRET_CODES = (DEVICE_INFO, ENTER_CONFIGURATION)
"""Codes whose payload may hold a secret: printed as a length only."""


def shown_payload(code, payload):
    """Text of a payload for repr(); a length only where it may hold a secret."""
    return "<%d bytes>" % len(payload) if code in SECRET_CODES else repr(payload)


# Module status word (payload of 0D, big endian).
STATUS_SOFTAP = 1 << 0
STATUS_STATION = 1 << 1
STATUS_ONBOARDING = 1 << 2
STATUS_BINDING = 1 << 3
STATUS_ROUTER = 1 << 4
STATUS_CLOUD = 1 << 5
STATUS_SIGNAL_SHIFT = 8
STATUS_SIGNAL_MASK = 7 << STATUS_SIGNAL_SHIFT
STATUS_APP = 1 << 11
STATUS_TEST = 1 << 12

STATUS_BITS = (
    ("0", "STATUS_SOFTAP", "soft access point on"),
    ("1", "STATUS_STATION", "station on"),
    ("2", "STATUS_ONBOARDING", "onboarding: with bit 0 by soft access point, with bit 1 by radio broadcast"),
    ("3", "STATUS_BINDING", "binding allowed"),
    ("4", "STATUS_ROUTER", "connected to the router"),
    ("5", "STATUS_CLOUD", "connected to the relay"),
    ("8-10", "STATUS_SIGNAL_MASK", "signal level 0..7, 7 strongest; valid only with bit 4"),
    ("11", "STATUS_APP", "a bound app is online"),
    ("12", "STATUS_TEST", "production test"),
)
"""Rows of (bits, constant, meaning); bits 6, 7 and 13-15 are sent as 0."""
