from typing import Final

CONTROL: Final = 0x01
READ: Final = 0x02
READ_REPLY: Final = 0x03
REPORT: Final = 0x04
TRANSPARENT_DOWN: Final = 0x05
TRANSPARENT_UP: Final = 0x06
V_CONTROL: Final = 0x11
V_READ: Final = 0x12
V_READ_REPLY: Final = 0x13
V_REPORT: Final = 0x14
SUB_DEVICES_ONLINE: Final = 0x71
SUB_DEVICES_DOWN: Final = 0x72
SUB_DEVICES_UP: Final = 0x73
MODULE_P0: Final = 2048
READS: Final[tuple[int, ...]]
