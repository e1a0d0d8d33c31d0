"""One factory image: stock MicroPython, the unit's identity and the application."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import littlefs
from littlefs.errors import LittleFSError

from wxlink.flash import nvs, stock
from wxlink.flash.boards import SECTOR, Board, Partition
from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError

# What MicroPython's VfsLfs2 formats and mounts with.
_UNIT: Final = 32  # bytes of one read and of one write
_CACHE: Final = 4 * _UNIT
_LOOKAHEAD: Final = 32


@dataclasses.dataclass(frozen=True, slots=True)
class FactoryImage:
    """What one unit's flash will hold.

    parts: (offset, bytes, name) in order of offset, each beginning at a sector; what is left out is 0xFF.
    partitions: the firmware's own map. flash_size: of the chip it is for, exactly: MicroPython's file system
    ends where the flash ends, and one of another length is not mounted.
    """

    parts: list[tuple[int, bytes, str]]
    partitions: dict[str, Partition]
    flash_size: int

    @property
    def erase(self) -> list[tuple[int, int]]:
        """(offset, size) of what must be blank before the parts are written.

        What an earlier unit left where the image has a blank sector is valid to both file systems.
        """
        return [(one.offset, one.size) for one in (self.partitions["nvs"], self.partitions["vfs"])]

    @property
    def merged(self) -> bytes:
        """All of the flash as one file for offset 0, as `esptool merge-bin --pad-to-size` makes it."""
        flash = bytearray(b"\xff") * self.flash_size
        for offset, data, _ in self.parts:
            flash[offset : offset + len(data)] = data
        return bytes(flash)


def build(
    board: Board,
    firmware: bytes,
    identity: Identity,
    application: Mapping[str, bytes],
    config: Mapping[str, Any],
    *,
    ca: bytes | None = None,
) -> FactoryImage:
    """The factory image of one unit. Raises FlashError.

    firmware: a stock image of MicroPython. application: path on the chip -> content. config: keys of
    firmware/README.md; the board adds its pins. ca: certificate of the relay's authority in DER.
    """
    pieces = stock.split(board, firmware)
    where = pieces.partitions
    blobs = nvs.entries(board, identity, config, ca)
    parts = [
        *pieces.parts,
        (where["nvs"].offset, _used(nvs.build(where["nvs"].size, blobs)), "identity"),
        *_runs(where["vfs"].offset, file_system(where["vfs"].size, application), "application"),
    ]
    parts.sort(key=lambda part: part[0])
    return FactoryImage(parts, where, board.flash_size)


def file_system(size: int, files: Mapping[str, bytes]) -> bytes:
    """A LittleFS of `size` bytes with the files by path, as MicroPython mounts it. Raises FlashError."""
    fs = littlefs.LittleFS(
        block_size=SECTOR,
        block_count=size // SECTOR,
        read_size=_UNIT,
        prog_size=_UNIT,
        cache_size=_CACHE,
        lookahead_size=_LOOKAHEAD,
    )
    try:
        for path in sorted(files):
            folder = path.strip("/").rpartition("/")[0]
            if folder:
                fs.makedirs(folder, exist_ok=True)
            with fs.open(path.strip("/"), "wb") as file:
                file.write(files[path])
    except LittleFSError as error:
        raise FlashError(
            f"the application ({sum(map(len, files.values()))} bytes) does not fit into the file system "
            f"of {size} bytes: {error}"
        ) from error
    return bytes(fs.context.buffer)


def _used(data: bytes) -> bytes:
    """Without the 0xFF behind it, in whole sectors: erased flash reads so by itself."""
    size = len(data.rstrip(b"\xff"))
    return data[: -(-size // SECTOR) * SECTOR]


def _runs(offset: int, data: bytes, name: str) -> list[tuple[int, bytes, str]]:
    """The runs of sectors that hold anything."""
    runs: list[tuple[int, bytes, str]] = []
    blank = b"\xff" * SECTOR
    begin = None
    for at in range(0, len(data) + SECTOR, SECTOR):
        holds = data[at : at + SECTOR] not in (b"", blank)
        if holds and begin is None:
            begin = at
        if not holds and begin is not None:
            runs.append((offset + begin, data[begin:at], name))
            begin = None
    return runs
