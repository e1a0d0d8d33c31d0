"""The commands of the serial link as a table (README 3): code, tests and the book all read it.

What they are called in words is in meanings.py: a module never needs it.
"""

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

# Bits of KINDS: the roles that may ask, and the acknowledgement where it is not SHORT and within SERVICE_MS.
BY_MODULE = 1
BY_MCU = 2
BY_EITHER = BY_MODULE | BY_MCU
ACK_DONE = 4
ACK_DATA = 8
ACK_BY_ACTION = 16
ACK_SLOW = 32  # within PIECE_SERVICE_MS
NO_ACK = 64

KINDS = bytearray(SUB_DEVICE_RESULT + 1)
"""Every command of the public documents by its code, as bits; 0 where there is none, as for acknowledgements:
their code is that of the command and 1.

Not here, hence unknown: 2D to 3C (virtual devices: their payloads are not public) and 50 (a test of the
vendor's own; its number is even, as that of an acknowledgement).
"""
KINDS[GET_DEVICE_INFO] = BY_MODULE | ACK_DATA
KINDS[P0_DOWN] = BY_MODULE | ACK_BY_ACTION
KINDS[P0_UP] = BY_MCU
KINDS[HEARTBEAT] = BY_MODULE
KINDS[ENTER_CONFIGURATION] = BY_MCU
KINDS[RESET_MODULE] = BY_MCU
KINDS[MODULE_STATUS] = BY_MODULE
KINDS[RESTART_MCU] = BY_MODULE
KINDS[MODULE_NOTICE] = BY_MODULE | NO_ACK
KINDS[MCU_NOTICE] = BY_MCU | NO_ACK
KINDS[ENTER_TEST] = BY_MCU
KINDS[ALLOW_BINDING] = BY_MCU
KINDS[GET_NETWORK_TIME] = BY_MCU | ACK_DATA
KINDS[DATA_ANNOUNCE] = BY_EITHER
KINDS[DATA_READY] = BY_EITHER | ACK_DONE
KINDS[DATA_PIECE] = BY_EITHER | ACK_DONE | ACK_SLOW
KINDS[DATA_SENDER_CANCEL] = BY_EITHER
KINDS[GET_MODULE_INFO] = BY_MCU | ACK_DATA
KINDS[TRANSACTION_REQUEST] = BY_MCU
KINDS[TRANSACTION_RESULT] = BY_MODULE
KINDS[DATA_RECEIVER_CANCEL] = BY_EITHER
KINDS[RESTART_MODULE] = BY_MCU
KINDS[REGISTER_SUB_DEVICE] = BY_MCU
KINDS[SUB_DEVICE_RESULT] = BY_MODULE


def within_ms(kind):
    """Milliseconds the other side may take for the acknowledgement of a command of this kind, see KINDS."""
    return PIECE_SERVICE_MS if kind & ACK_SLOW else SERVICE_MS


def __getattr__(name):
    """COMMANDS: KINDS as a dict of rows, made for those who ask; a module saves the 2 KB that it takes.

    A row has the `code`, the `asker` (MODULE, MCU or EITHER), `ack`, the code of the acknowledgement or None,
    `reply`, what that carries (SHORT, DONE, DATA, BY_ACTION, NONE), and `service_ms`, the milliseconds the
    other side may take for it, 0 without acknowledgement.
    """
    if name != "COMMANDS":
        raise AttributeError(name)
    from collections import namedtuple  # noqa: PLC0415 - a module never needs it

    command = namedtuple("Command", ("code", "asker", "ack", "reply", "service_ms"))
    askers = {BY_MODULE: MODULE, BY_MCU: MCU, BY_EITHER: EITHER}
    replies = {0: SHORT, ACK_DONE: DONE, ACK_DATA: DATA, ACK_BY_ACTION: BY_ACTION, NO_ACK: NONE}
    rows = {}
    for code, kind in enumerate(KINDS):
        if kind:
            asker = askers[kind & BY_EITHER]
            reply = replies[kind & ~BY_EITHER & ~ACK_SLOW]
            ack, service_ms = (None, 0) if kind & NO_ACK else (code + 1, within_ms(kind))
            rows[code] = command(code, asker, ack, reply, service_ms)
    globals()[name] = rows
    return rows


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
