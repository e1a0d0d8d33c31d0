from typing import ClassVar, Final

from .record import Record

MODULE: Final = "module"
MCU: Final = "mcu"

GET_DEVICE_INFO: Final = 0x01
DEVICE_INFO: Final = 0x02
P0_DOWN: Final = 0x03
P0_DOWN_ACK: Final = 0x04
P0_UP: Final = 0x05
P0_UP_ACK: Final = 0x06
HEARTBEAT: Final = 0x07
HEARTBEAT_ACK: Final = 0x08
MODULE_STATUS: Final = 0x0D
MODULE_STATUS_ACK: Final = 0x0E
RESTART_MCU: Final = 0x0F
RESTART_MCU_ACK: Final = 0x10
MODULE_NOTICE: Final = 0x11
MCU_NOTICE: Final = 0x12

SHORT: Final = "nothing"
DATA: Final = "data"
BY_ACTION: Final = "data after a read, else nothing"
NONE: Final = "no acknowledgement"

class Command(Record):
    fields: ClassVar[tuple[str, ...]]
    code: int
    name: str
    asker: str
    ack: int | None
    reply: str
    def __init__(self, code: int, name: str, asker: str, ack: int | None, reply: str) -> None: ...

COMMANDS: Final[dict[int, Command]]
NOTICE_OF: Final[dict[str, int]]

ERROR_CHECKSUM: Final = 1
ERROR_UNKNOWN_COMMAND: Final = 2
ERROR_OTHER: Final = 3
ERROR_FILE_TYPE: Final = 4
NOTICES: Final[dict[int, str]]

SUB_DEVICE: Final = 0x0001
ENTER_CONFIGURATION: Final = 0x09
SECRET_CODES: Final[tuple[int, ...]]

def shown_payload(code: int, payload: bytes) -> str: ...

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
STATUS_BITS: Final[tuple[tuple[str, str, str], ...]]
