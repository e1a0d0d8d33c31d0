"""MicroPython's own image, taken apart: boot loader, partition table, application.

The file is a copy of the flash from the board's load offset on. Shapes of ESP-IDF: its
"App Image Format" and "Partition Tables" pages.
"""

import dataclasses
import hashlib
import struct
from typing import Final

from wxlink.flash.boards import SECTOR, Board, Partition
from wxlink.flash.problem import FlashError

TABLE: Final = 0x8000  # where every stock image has its partition table
TABLE_SIZE: Final = 0xC00  # bytes: 95 entries and the checksum
NVS_MIN: Final = 3 * SECTOR  # a page that NVS keeps empty, and two to write to
VFS_MIN: Final = 512 * 1024  # bytes: two slots of the application, a download, and the module's own files
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
CHIP_IDS: Final = {0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 13: "esp32c6"}

_WHOLE: Final = "take the whole .bin from micropython.org, not the .app-bin, and no file merged for offset 0"
_OTHER: Final = "take the firmware that the board names"


@dataclasses.dataclass(frozen=True, slots=True)
class Stock:
    """A stock image: parts as (offset, bytes, name), and its partitions.

    `vfs` among them is where MicroPython will put its files. No part lies in `nvs` or `vfs`.
    """

    parts: list[tuple[int, bytes, str]]
    partitions: dict[str, Partition]


def split(board: Board, firmware: bytes) -> Stock:
    """Take a stock image apart and check it against the board. Raises FlashError."""
    _check_chip(board, firmware, "boot loader")  # first: it is what most wrong files differ in
    partitions = read_table(firmware[TABLE - board.load :][:TABLE_SIZE])
    _check_map(board, partitions)
    app = min((one for one in partitions.values() if one.kind == "app"), key=lambda one: one.offset)
    if "vfs" not in partitions:
        # Since 1.26 the table ends with the application; MicroPython takes the rest of the flash for files.
        end = max(one.end for one in partitions.values())
        partitions["vfs"] = Partition("vfs", "data", end, board.flash_size - end)
    if partitions["vfs"].size < VFS_MIN:
        raise FlashError(f"the firmware leaves less than {VFS_MIN // 1024} KB of flash for files: {_OTHER}")
    areas = [(board.load, TABLE, "boot loader"), (TABLE, TABLE + SECTOR, "partition table")]
    areas += [
        (one.offset, one.end, "MicroPython" if one is app else name)
        for name, one in partitions.items()
        if name not in ("nvs", "vfs")
    ]
    parts = []
    for begin, end, name in areas:
        data = firmware[begin - board.load : end - board.load]
        size = len(data.rstrip(b"\xff"))
        if name in ("boot loader", "MicroPython"):
            size = max(size, image_size(board, data, name))
        if size:
            parts.append((begin, data[:size], name))
    return Stock(parts, partitions)


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
    end = TABLE + SECTOR
    for one in sorted(partitions.values(), key=lambda one: one.offset):
        if one.offset < end or one.offset % SECTOR or one.size % SECTOR or not one.size:
            raise FlashError(f"the firmware's partition {one.name} is not where one can be: {_OTHER}")
        end = one.end
    if end > board.flash_size:
        raise FlashError(
            f"the firmware needs a flash of {_mib(end)}, {board.name} has {_mib(board.flash_size)}: "
            "take the firmware that the board names, or give --flash-size if the module has more"
        )
    if partitions["nvs"].size < NVS_MIN:
        raise FlashError(f"the firmware's partition nvs has less than {NVS_MIN // 1024} KB: {_OTHER}")


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
