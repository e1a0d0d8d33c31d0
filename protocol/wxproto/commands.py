"""The commands of the serial link as a table (README 3): code, tests and the book all read it."""

from .record import Record

MODULE = "module"
MCU = "mcu"
EITHER = "either"

GET_DEVICE_INFO = 0x01
DEVICE_INFO = 0x02
P0_DOWN = 0x03
P0_DOWN_ACK = 0x04
P0_UP = 0x05
P0_UP_ACK = 0x06
HEARTBEAT = 0x07
HEARTBEAT_ACK = 0x08
ENTER_CONFIGURATION = 0x09
ENTER_CONFIGURATION_ACK = 0x0A
RESET_MODULE = 0x0B
RESET_MODULE_ACK = 0x0C
MODULE_STATUS = 0x0D
MODULE_STATUS_ACK = 0x0E
RESTART_MCU = 0x0F
RESTART_MCU_ACK = 0x10
MODULE_NOTICE = 0x11
MCU_NOTICE = 0x12
ENTER_TEST = 0x13
ENTER_TEST_ACK = 0x14
ALLOW_BINDING = 0x15
ALLOW_BINDING_ACK = 0x16
GET_NETWORK_TIME = 0x17
NETWORK_TIME = 0x18
DATA_ANNOUNCE = 0x19
DATA_ANNOUNCE_ACK = 0x1A
DATA_READY = 0x1B
DATA_READY_ACK = 0x1C
DATA_PIECE = 0x1D
DATA_PIECE_ACK = 0x1E
DATA_SENDER_CANCEL = 0x1F
DATA_SENDER_CANCEL_ACK = 0x20
GET_MODULE_INFO = 0x21
MODULE_INFO = 0x22
TRANSACTION_REQUEST = 0x23
TRANSACTION_REQUEST_ACK = 0x24
TRANSACTION_RESULT = 0x25
TRANSACTION_RESULT_ACK = 0x26
DATA_RECEIVER_CANCEL = 0x27
DATA_RECEIVER_CANCEL_ACK = 0x28
RESTART_MODULE = 0x29
RESTART_MODULE_ACK = 0x2A
REGISTER_SUB_DEVICE = 0x53
REGISTER_SUB_DEVICE_ACK = 0x54
SUB_DEVICE_RESULT = 0x55
SUB_DEVICE_RESULT_ACK = 0x56

# What the acknowledgement of a command carries, and with that who gives it and when.
SHORT = "nothing"
DONE = "nothing, once it is done"
DATA = "data"
BY_ACTION = "data after a read, else nothing"
NONE = "no acknowledgement"

SERVICE_MS = 200
"""Milliseconds an answering side may take before its acknowledgement, as the documents allow in general."""
PIECE_SERVICE_MS = 3000
"""Milliseconds for a piece of big data: it is acknowledged after it was written to flash."""


class Command(Record):
    """One row of COMMANDS.

    `asker` is the role that may send it (MODULE, MCU or EITHER), `ack` the code of its acknowledgement or
    None, `reply` what the acknowledgement carries (SHORT, DONE, DATA, BY_ACTION, NONE), `service_ms` the
    milliseconds the other side may take for it, 0 without acknowledgement.
    """

    fields = ("code", "name", "asker", "ack", "reply", "service_ms")

    def __init__(self, code, name, asker, ack, reply, *, service_ms=SERVICE_MS):
        self.code = code
        self.name = name
        self.asker = asker
        self.ack = ack
        self.reply = reply
        self.service_ms = service_ms


_ROWS = (
    Command(GET_DEVICE_INFO, "get device information", MODULE, DEVICE_INFO, DATA),
    Command(P0_DOWN, "P0 down: control, read, transparent, sub-devices", MODULE, P0_DOWN_ACK, BY_ACTION),
    Command(P0_UP, "P0 up: report, transparent, sub-devices", MCU, P0_UP_ACK, SHORT),
    Command(HEARTBEAT, "heartbeat", MODULE, HEARTBEAT_ACK, SHORT),
    Command(ENTER_CONFIGURATION, "enter configuration", MCU, ENTER_CONFIGURATION_ACK, SHORT),
    Command(RESET_MODULE, "wipe and restart the module", MCU, RESET_MODULE_ACK, SHORT),
    Command(MODULE_STATUS, "module status", MODULE, MODULE_STATUS_ACK, SHORT),
    Command(RESTART_MCU, "restart the MCU", MODULE, RESTART_MCU_ACK, SHORT),
    Command(MODULE_NOTICE, "error notice from the module", MODULE, None, NONE, service_ms=0),
    Command(MCU_NOTICE, "error notice from the MCU", MCU, None, NONE, service_ms=0),
    Command(ENTER_TEST, "enter production test", MCU, ENTER_TEST_ACK, SHORT),
    Command(ALLOW_BINDING, "open the binding window", MCU, ALLOW_BINDING_ACK, SHORT),
    Command(GET_NETWORK_TIME, "get network time", MCU, NETWORK_TIME, DATA),
    Command(DATA_ANNOUNCE, "big data: announce", EITHER, DATA_ANNOUNCE_ACK, SHORT),
    Command(DATA_READY, "big data: ready", EITHER, DATA_READY_ACK, DONE),
    Command(DATA_PIECE, "big data: piece", EITHER, DATA_PIECE_ACK, DONE, service_ms=PIECE_SERVICE_MS),
    Command(DATA_SENDER_CANCEL, "big data: the sender cancels", EITHER, DATA_SENDER_CANCEL_ACK, SHORT),
    Command(GET_MODULE_INFO, "get module information", MCU, MODULE_INFO, DATA),
    Command(TRANSACTION_REQUEST, "transaction request", MCU, TRANSACTION_REQUEST_ACK, SHORT),
    Command(TRANSACTION_RESULT, "transaction result", MODULE, TRANSACTION_RESULT_ACK, SHORT),
    Command(DATA_RECEIVER_CANCEL, "big data: the receiver cancels", EITHER, DATA_RECEIVER_CANCEL_ACK, SHORT),
    Command(RESTART_MODULE, "restart the module, nothing wiped", MCU, RESTART_MODULE_ACK, SHORT),
    Command(REGISTER_SUB_DEVICE, "register a sub-device", MCU, REGISTER_SUB_DEVICE_ACK, SHORT),
    Command(SUB_DEVICE_RESULT, "result of a registration", MODULE, SUB_DEVICE_RESULT_ACK, SHORT),
)

COMMANDS = {row.code: row for row in _ROWS}
"""Every command of the public documents by its code; the code of an acknowledgement is no key.

Not here, hence unknown: 2D to 3C (virtual devices: their payloads are not public) and 50 (a test of the
vendor's own; its number is even, as that of an acknowledgement).
"""

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

SECRET_CODES = (DEVICE_INFO, ENTER_CONFIGURATION, REGISTER_SUB_DEVICE, SUB_DEVICE_RESULT)
"""Codes whose payload may hold a secret (product secrets, Wi-Fi passwords): printed as a length only."""


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
