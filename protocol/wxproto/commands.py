"""The commands of the serial link as a table (README 3): code, tests and the book all read it.

What they are called in words is in meanings.py: a module never needs it.
"""

from collections import namedtuple

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


Command = namedtuple("Command", ("code", "asker", "ack", "reply", "service_ms"))
"""One row of COMMANDS.

`asker` is the role that may send it (MODULE, MCU or EITHER), `ack` the code of its acknowledgement or None,
`reply` what the acknowledgement carries (SHORT, DONE, DATA, BY_ACTION, NONE), `service_ms` the milliseconds
the other side may take for it, 0 without acknowledgement.
"""

_ROWS = (
    Command(GET_DEVICE_INFO, MODULE, DEVICE_INFO, DATA, SERVICE_MS),
    Command(P0_DOWN, MODULE, P0_DOWN_ACK, BY_ACTION, SERVICE_MS),
    Command(P0_UP, MCU, P0_UP_ACK, SHORT, SERVICE_MS),
    Command(HEARTBEAT, MODULE, HEARTBEAT_ACK, SHORT, SERVICE_MS),
    Command(ENTER_CONFIGURATION, MCU, ENTER_CONFIGURATION_ACK, SHORT, SERVICE_MS),
    Command(RESET_MODULE, MCU, RESET_MODULE_ACK, SHORT, SERVICE_MS),
    Command(MODULE_STATUS, MODULE, MODULE_STATUS_ACK, SHORT, SERVICE_MS),
    Command(RESTART_MCU, MODULE, RESTART_MCU_ACK, SHORT, SERVICE_MS),
    Command(MODULE_NOTICE, MODULE, None, NONE, 0),
    Command(MCU_NOTICE, MCU, None, NONE, 0),
    Command(ENTER_TEST, MCU, ENTER_TEST_ACK, SHORT, SERVICE_MS),
    Command(ALLOW_BINDING, MCU, ALLOW_BINDING_ACK, SHORT, SERVICE_MS),
    Command(GET_NETWORK_TIME, MCU, NETWORK_TIME, DATA, SERVICE_MS),
    Command(DATA_ANNOUNCE, EITHER, DATA_ANNOUNCE_ACK, SHORT, SERVICE_MS),
    Command(DATA_READY, EITHER, DATA_READY_ACK, DONE, SERVICE_MS),
    Command(DATA_PIECE, EITHER, DATA_PIECE_ACK, DONE, PIECE_SERVICE_MS),
    Command(DATA_SENDER_CANCEL, EITHER, DATA_SENDER_CANCEL_ACK, SHORT, SERVICE_MS),
    Command(GET_MODULE_INFO, MCU, MODULE_INFO, DATA, SERVICE_MS),
    Command(TRANSACTION_REQUEST, MCU, TRANSACTION_REQUEST_ACK, SHORT, SERVICE_MS),
    Command(TRANSACTION_RESULT, MODULE, TRANSACTION_RESULT_ACK, SHORT, SERVICE_MS),
    Command(DATA_RECEIVER_CANCEL, EITHER, DATA_RECEIVER_CANCEL_ACK, SHORT, SERVICE_MS),
    Command(RESTART_MODULE, MCU, RESTART_MODULE_ACK, SHORT, SERVICE_MS),
    Command(REGISTER_SUB_DEVICE, MCU, REGISTER_SUB_DEVICE_ACK, SHORT, SERVICE_MS),
    Command(SUB_DEVICE_RESULT, MODULE, SUB_DEVICE_RESULT_ACK, SHORT, SERVICE_MS),
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
