"""MicroPython's own image, taken apart: boot loader, partition table, application.

The file is a copy of the flash from the board's load offset on. Shapes of ESP-IDF: its
"App Image Format" and "Partition Tables" pages.
"""

import dataclasses
import hashlib
import struct
from typing import Final

from wxlink.flash.boards import Board, Partition
from wxlink.flash.problem import FlashError

TABLE: Final = 0x8000  # where every stock image has its partition table
TABLE_SIZE: Final = 0xC00  # bytes: 95 entries and the checksum
_ENTRY: Final = struct.Struct("<2sBBII16sI")  # magic, type, subtype, offset, size, name, flags
_ENTRY_MAGIC: Final = b"\xaa\x50"
_MD5_MAGIC: Final = b"\xeb\xeb" + 14 * b"\xff"
_END: Final = 32 * b"\xff"
_KINDS: Final = {0: "app", 1: "data"}

_IMAGE_MAGIC: Final = 0xE9
# magic, segments, SPI mode, size and speed, entry; then pins and drive, chip, revisions, reserved, digest
_HEADER: Final = struct.Struct("<BBBBI 4s H BHH 4s B")
_SEGMENT: Final = struct.Struct("<II")  # load address, size
_SEGMENTS_MAX: Final = 16
_CHECKSUM_START: Final = 0xEF
_DIGEST_SIZE: Final = 32
CHIP_IDS: Final = {
    0: "esp32",
    2: "esp32s2",
    5: "esp32c3",
    9: "esp32s3",
    12: "esp32c2",
    13: "esp32c6",
    23: "esp32c5",
}

_WHOLE: Final = "take the whole .bin from micropython.org, not the .app-bin, and no file merged for offset 0"


@dataclasses.dataclass(frozen=True, slots=True)
class Stock:
    """The pieces of a stock image, and its partitions; `vfs` is where MicroPython will put its files."""

    bootloader: bytes
    table: bytes
    app: bytes
    partitions: dict[str, Partition]

    @property
    def app_offset(self) -> int:
        """Where the application lies in the flash."""
        return app_partition(self.partitions).offset


def app_partition(partitions: dict[str, Partition]) -> Partition:
    """The partition that a stock image starts: the first of type app."""
    return min((one for one in partitions.values() if one.kind == "app"), key=lambda one: one.offset)


def split(board: Board, firmware: bytes) -> Stock:
    """Take a stock image apart and check every piece against the board. Raises FlashError."""
    at = TABLE - board.load
    _check_chip(board, firmware, "boot loader")  # first: it is what most wrong files differ in
    table = firmware[at : at + TABLE_SIZE]
    partitions = read_table(table)
    _check_map(board, partitions)
    bootloader = firmware[: image_size(board, firmware[:at], "boot loader")]
    app = app_partition(partitions)
    begin = app.offset - board.load
    size = image_size(board, firmware[begin : begin + app.size], "application")
    if "vfs" not in partitions:
        # Since 1.26 the table ends with the application; MicroPython takes the rest of the flash for files.
        end = max(one.end for one in partitions.values())
        partitions["vfs"] = Partition("vfs", "data", end, board.flash_size - end)
    return Stock(bootloader, table.rstrip(b"\xff"), firmware[begin : begin + size], partitions)


def read_table(table: bytes) -> dict[str, Partition]:
    """The partitions of a table in flash, by name. Raises FlashError."""
    partitions: dict[str, Partition] = {}
    for at in range(0, len(table) - len(table) % _ENTRY.size, _ENTRY.size):
        entry = table[at : at + _ENTRY.size]
        if entry.startswith(_MD5_MAGIC):
            if hashlib.md5(table[:at], usedforsecurity=False).digest() != entry[16:]:
                raise FlashError("the firmware's partition table is damaged: fetch the file again")
            return partitions
        if entry == _END:
            break
        magic, kind, _, offset, size, name, _ = _ENTRY.unpack(entry)
        if magic != _ENTRY_MAGIC:
            break
        text = name.rstrip(b"\0").decode("ascii", "replace")
        partitions[text] = Partition(text, _KINDS.get(kind, "data"), offset, size)
    if partitions:
        raise FlashError("the firmware's partition table has no checksum: fetch the file again")
    raise FlashError(f"the firmware has no partition table at {TABLE:#x}: {_WHOLE}")


def _check_map(board: Board, partitions: dict[str, Partition]) -> None:
    if "nvs" not in partitions or not any(one.kind == "app" for one in partitions.values()):
        raise FlashError(f"the firmware's partition table has no nvs or no application: {_WHOLE}")
    end = TABLE
    for one in sorted(partitions.values(), key=lambda one: one.offset):
        if one.offset < end:
            raise FlashError(f"the firmware's partition {one.name} overlaps another: fetch the file again")
        end = one.end
    if end > board.flash_size:
        raise FlashError(
            f"the firmware needs a flash of {_mib(end)}, {board.name} has {_mib(board.flash_size)}: "
            "take the firmware that the board names, or give --flash-size if the module has more"
        )


def image_size(board: Board, image: bytes, what: str) -> int:
    """Bytes of a boot loader or application image, checked to its end. Raises FlashError."""
    _check_chip(board, image, what)
    _, segments, *_, has_digest = _HEADER.unpack_from(image)
    cut = FlashError(f"the firmware's {what} is cut short or damaged: fetch the file again")
    at, checksum = _HEADER.size, _CHECKSUM_START
    if not 0 < segments <= _SEGMENTS_MAX:
        raise cut
    for _ in range(segments):
        if at + _SEGMENT.size > len(image):
            raise cut
        size = _SEGMENT.unpack_from(image, at)[1]
        at += _SEGMENT.size
        checksum ^= _xor(image[at : at + size])
        at += size
    at |= 15  # the checksum ends a line of 16 bytes
    if at >= len(image) or image[at] != checksum:
        raise cut
    at += 1
    if has_digest:
        if hashlib.sha256(image[:at]).digest() != image[at : at + _DIGEST_SIZE]:
            raise cut
        at += _DIGEST_SIZE
    return at


def _check_chip(board: Board, image: bytes, what: str) -> None:
    if len(image) < _HEADER.size or image[0] != _IMAGE_MAGIC:
        raise FlashError(f"the firmware has no {what} where {board.name} expects it: {_WHOLE}")
    chip = _HEADER.unpack_from(image)[6]
    if CHIP_IDS.get(chip) != board.chip:
        raise FlashError(
            f"the firmware is for {CHIP_IDS.get(chip, f'chip {chip}')}, {board.name} has an {board.chip}: "
            f"take {board.firmware.file}, or the board that you mean"
        )


def _xor(data: bytes) -> int:
    """All bytes exclusive-ored: halves are folded as one big number, a thousand times as fast as a loop."""
    number, size = int.from_bytes(data, "little"), len(data)
    while size > 1:
        size = (size + 1) // 2
        number = (number >> (8 * size)) ^ (number & ((1 << (8 * size)) - 1))
    return number


def _mib(size: int) -> str:
    return f"{size / (1024 * 1024):g} MB"
