from typing import Final, NamedTuple

MODULE: Final = "module"
MCU: Final = "mcu"
EITHER: Final = "either"

GET_DEVICE_INFO: Final = 0x01
DEVICE_INFO: Final = 0x02
P0_DOWN: Final = 0x03
P0_DOWN_ACK: Final = 0x04
P0_UP: Final = 0x05
P0_UP_ACK: Final = 0x06
HEARTBEAT: Final = 0x07
HEARTBEAT_ACK: Final = 0x08
ENTER_CONFIGURATION: Final = 0x09
ENTER_CONFIGURATION_ACK: Final = 0x0A
RESET_MODULE: Final = 0x0B
RESET_MODULE_ACK: Final = 0x0C
MODULE_STATUS: Final = 0x0D
MODULE_STATUS_ACK: Final = 0x0E
RESTART_MCU: Final = 0x0F
RESTART_MCU_ACK: Final = 0x10
MODULE_NOTICE: Final = 0x11
MCU_NOTICE: Final = 0x12
ENTER_TEST: Final = 0x13
ENTER_TEST_ACK: Final = 0x14
ALLOW_BINDING: Final = 0x15
ALLOW_BINDING_ACK: Final = 0x16
GET_NETWORK_TIME: Final = 0x17
NETWORK_TIME: Final = 0x18
DATA_ANNOUNCE: Final = 0x19
DATA_ANNOUNCE_ACK: Final = 0x1A
DATA_READY: Final = 0x1B
DATA_READY_ACK: Final = 0x1C
DATA_PIECE: Final = 0x1D
DATA_PIECE_ACK: Final = 0x1E
DATA_SENDER_CANCEL: Final = 0x1F
DATA_SENDER_CANCEL_ACK: Final = 0x20
GET_MODULE_INFO: Final = 0x21
MODULE_INFO: Final = 0x22
TRANSACTION_REQUEST: Final = 0x23
TRANSACTION_REQUEST_ACK: Final = 0x24
TRANSACTION_RESULT: Final = 0x25
TRANSACTION_RESULT_ACK: Final = 0x26
DATA_RECEIVER_CANCEL: Final = 0x27
DATA_RECEIVER_CANCEL_ACK: Final = 0x28
RESTART_MODULE: Final = 0x29
RESTART_MODULE_ACK: Final = 0x2A
REGISTER_SUB_DEVICE: Final = 0x53
REGISTER_SUB_DEVICE_ACK: Final = 0x54
SUB_DEVICE_RESULT: Final = 0x55
SUB_DEVICE_RESULT_ACK: Final = 0x56

SHORT: Final = "nothing"
DONE: Final = "nothing, once it is done"
DATA: Final = "data"
BY_ACTION: Final = "data after a read, else nothing"
NONE: Final = "no acknowledgement"

SERVICE_MS: Final = 200
PIECE_SERVICE_MS: Final = 3000

BY_MODULE: Final = 1
BY_MCU: Final = 2
BY_EITHER: Final = 3
ACK_DONE: Final = 4
ACK_DATA: Final = 8
ACK_BY_ACTION: Final = 16
ACK_SLOW: Final = 32
NO_ACK: Final = 64
KINDS: Final[bytearray]

def within_ms(kind: int) -> int: ...

class _Command(NamedTuple):
    code: int
    asker: str
    ack: int | None
    reply: str
    service_ms: int

COMMANDS: Final[dict[int, _Command]]

ERROR_CHECKSUM: Final = 1
ERROR_UNKNOWN_COMMAND: Final = 2
ERROR_OTHER: Final = 3
ERROR_FILE_TYPE: Final = 4
NOTICES: Final[dict[int, str]]

SUB_DEVICE: Final = 0x0001

STATUS_SOFTAP: Final = 1
STATUS_STATION: Final = 2
STATUS_ONBOARDING: Final = 4
STATUS_BINDING: Final = 8
STATUS_ROUTER: Final = 16
STATUS_CLOUD: Final = 32
STATUS_SIGNAL_SHIFT: Final = 8
STATUS_SIGNAL_MASK: Final = 0x0700
STATUS_APP: Final = 0x0800
STATUS_TEST: Final = 0x1000
