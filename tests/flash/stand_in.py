"""A stock image without MicroPython in it: every header, checksum and offset is real, the code is noise.

Written from ESP-IDF's pages "App Image Format" and "Partition Tables".
"""

import dataclasses
import functools
import hashlib
import operator
import random
import struct

CHIP_IDS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13}
LOAD = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32s3": 0, "esp32c3": 0, "esp32c6": 0}
# Where code runs from RAM: what esptool takes for a sound load address.
RAM = {
    "esp32": 0x40080000,
    "esp32s2": 0x40028000,
    "esp32s3": 0x40378000,
    "esp32c3": 0x40380000,
    "esp32c6": 0x40800000,
}
NVS, PHY, FACTORY = (
    (1, 2, 0x9000, 0x6000, "nvs"),
    (1, 1, 0xF000, 0x1000, "phy_init"),
    (0, 0, 0x10000, 0x1F0000, "factory"),
)
STOCK = (NVS, PHY, FACTORY)  # since 1.26
OLDER = (*STOCK, (1, 0x81, 0x200000, 0x200000, "vfs"))  # 1.25 and before, 4 MB
EIGHT = (*STOCK, (1, 0x81, 0x200000, 0x600000, "vfs"))  # the same, 8 MB


def image(chip: str, code_size: int, seed: int, *, segments: int = 2) -> bytes:
    """A boot loader or application: header, segments, checksum, SHA-256."""
    noise = random.Random(seed)
    codes = [noise.randbytes(code_size // segments // 4 * 4) for _ in range(segments)]
    header = struct.pack("<BBBBI", 0xE9, segments, 2, 0x2F, RAM[chip])
    header += struct.pack("<B3sHBHH4sB", 0xEE, bytes(3), CHIP_IDS[chip], 0, 0, 0xFFFF, bytes(4), 1)
    body = header + b"".join(
        struct.pack("<II", RAM[chip] + 0x1000 * at, len(code)) + code for at, code in enumerate(codes)
    )
    body += bytes(15 - len(body) % 16)
    body += bytes([functools.reduce(operator.xor, b"".join(codes), 0xEF)])
    return body + hashlib.sha256(body).digest()


def table(entries: tuple[tuple[int, int, int, int, str], ...]) -> bytes:
    """A partition table with its checksum, as gen_esp32part writes it."""
    lines = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, offset, size, name.encode(), 0)
        for kind, subtype, offset, size, name in entries
    )
    lines += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(lines, usedforsecurity=False).digest()
    return lines.ljust(0xC00, b"\xff")


@dataclasses.dataclass(frozen=True)
class StandIn:
    """The pieces, and `whole`: the file as micropython.org has it, from the load offset on."""

    chip: str
    bootloader: bytes
    table: bytes
    app: bytes

    @functools.cached_property
    def whole(self) -> bytes:
        load = LOAD[self.chip]
        file = self.bootloader.ljust(0x8000 - load, b"\xff") + self.table
        return file.ljust(0x10000 - load, b"\xff") + self.app


def make(
    chip: str, entries: tuple[tuple[int, int, int, int, str], ...] = STOCK, app_size: int = 150_000
) -> StandIn:
    """A stand-in for a chip; an application of `app_size` bytes, a tenth of the real one's to save time."""
    return StandIn(chip, image(chip, 20_000, 1), table(entries), image(chip, app_size, 2, segments=5))
