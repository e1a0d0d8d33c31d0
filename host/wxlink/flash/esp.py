"""One chip in its ROM loader, through esptool's Python API.

esptool keeps one logger for the whole process; everything else belongs to the object of one port. With a
logger that asks which thread speaks, ports may be served by a thread each.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, Final, NamedTuple

import serial
from esptool.cmds import attach_flash, detect_chip, detect_flash_size, reset_chip, run_stub, write_flash
from esptool.loader import ESPLoader
from esptool.logger import TemplateLogger, log
from esptool.reset import ResetStrategy
from esptool.util import FatalError, UnsupportedCommandError, flash_size_bytes

from wxlink.flash.crew import Stopped
from wxlink.flash.trouble import Trouble, from_esptool, from_open

SLOWEST_BAUD: Final = 115_200  # what every loader syncs at
CONNECT_ATTEMPTS: Final = 4  # resets until a chip counts as absent, about 1 s each
RESUME_RUN: Final = 128 * 1024  # bytes that are checked at once, and sent anew or kept, in a later try
BLANK_RUN: Final = 64 * 1024  # bytes of 0xFF that are worth an erase of their own: one erase block
GREETING_S: Final = 1.0  # esptool waits for a stub's greeting without limit of its own
SET_UP: Final = "set up the flash"
"""The step from a chip that answers to a flash that can be written."""
ABORTS: Final = (FatalError, OSError, UnicodeDecodeError)  # SerialException is an OSError


class Facts(NamedTuple):
    """What a chip tells. chip: as boards name it; flash_size in bytes; locked: why it takes nothing."""

    chip: str
    mac: str
    flash_size: int | None
    locked: str | None


class Piece(NamedTuple):
    """A stretch of the flash to come: `data`, or `size` bytes of 0xFF when that is None."""

    offset: int
    size: int
    data: bytes | None
    name: str


class _Listener(threading.local):
    """Who wants to hear of this thread's progress."""

    progress: Callable[[int, int], None] | None = None
    stop: threading.Event | None = None


_listener: Final = _Listener()


class _Logger(TemplateLogger):  # type: ignore[misc]
    """Hands progress to the thread's listener, keeps the rest to itself, and ends the work on demand."""

    def print(self, *_args: Any, **_named: Any) -> None:
        if _listener.stop is not None and _listener.stop.is_set():
            raise Stopped

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        self.print()
        if _listener.progress is not None and total_iters:
            _listener.progress(cur_iter, total_iters)

    def note(self, message: str) -> None:
        self.print(message)

    def warning(self, message: str) -> None:
        self.print(message)

    def error(self, message: str) -> None:
        self.print(message)

    def stage(self, finish: bool = False) -> None:
        """Nothing is drawn, so nothing collapses."""

    def set_verbosity(self, verbosity: str) -> None:
        """There is one."""


def plan(parts: Sequence[tuple[int, bytes, str]], size: int) -> list[Piece]:
    """Pieces that together cover the flash from 0 to `size`, in order: what is to be written and what erased.

    parts: offset, bytes and name; they begin at sectors and do not overlap.
    """
    pieces: list[Piece] = []
    at = 0
    for offset, data, name in sorted(parts, key=lambda part: part[0]):
        if offset > at:
            pieces.append(Piece(at, offset - at, None, "blank"))
        pieces += _runs(offset, data, name)
        at = -(-(offset + len(data)) // ESPLoader.FLASH_SECTOR_SIZE) * ESPLoader.FLASH_SECTOR_SIZE
    if size > at:
        pieces.append(Piece(at, size - at, None, "blank"))
    return pieces


def _runs(offset: int, data: bytes, name: str) -> Iterator[Piece]:
    """`data` cut where erase blocks of 0xFF begin and end."""
    blocks = range(0, len(data), BLANK_RUN)
    for blank, run in groupby(blocks, lambda at: not data[at : at + BLANK_RUN].strip(b"\xff")):
        begin, *rest = run
        end = min((rest or [begin])[-1] + BLANK_RUN, len(data))
        yield Piece(
            offset + begin, end - begin, None if blank else data[begin:end], "blank" if blank else name
        )


def _cut(piece: Piece) -> Iterator[Piece]:
    """`piece` in runs that may each be kept."""
    data = piece.data
    if data is None:
        yield piece
        return
    for at in range(0, len(data), RESUME_RUN):
        run = data[at : at + RESUME_RUN]
        yield Piece(piece.offset + at, len(run), run, piece.name)


class Chip:
    """A chip whose loader answers. Calls raise Trouble, and Stopped when `stop` was set."""

    def __init__(self, esp: ESPLoader) -> None:
        self._esp = esp
        try:
            self.facts = self._ask()
        except ABORTS as error:
            raise from_esptool("read the chip", error) from error

    def _ask(self) -> Facts:
        esp = self._esp
        name = esp.CHIP_NAME.lower().replace("-", "")
        if esp.secure_download_mode:
            return Facts(name, "", None, "secure download mode is on")
        locked = None
        if esp.get_secure_boot_enabled():
            locked = "secure boot is on"
        elif esp.get_flash_encryption_enabled():
            locked = "flash encryption is on"
        mac = bytes(esp.read_mac("BASE_MAC") or ()).hex()
        return Facts(name, mac, None, locked)

    def speed_up(self, baud: int, *, stub: bool) -> None:
        """Start esptool's stub, if the chip takes it, go to `baud`, and learn the flash's size."""
        try:
            if stub:
                with suppress(UnsupportedCommandError):  # then the ROM's own loader does it, slower
                    self._esp = run_stub(self._esp)
            if baud != self._esp.get_baud():
                self._esp.change_baud(baud)
            attach_flash(self._esp)
            size = flash_size_bytes(detect_flash_size(self._esp))
        except ABORTS as error:
            raise from_esptool(SET_UP, error) from error
        self.facts = self.facts._replace(flash_size=size)

    def write(self, pieces: Sequence[Piece], progress: Callable[[float], None], *, resume: bool) -> None:
        """Make the flash hold the pieces, each checked by its MD5; with `resume` what is there stays."""
        esp = self._esp
        esp.WRITE_FLASH_ATTEMPTS = 1  # esptool's own second attempt forgets to attach the flash
        total = sum(len(piece.data) for piece in pieces if piece.data is not None) or 1
        written = 0
        runs = [run for piece in pieces for run in _cut(piece)] if resume else pieces
        for piece in runs:
            if piece.data is None:
                self._blank(piece)
                continue
            share = len(piece.data) / total
            before = written / total
            _listener.progress = lambda done, of, before=before, share=share: progress(
                before + share * done / of
            )
            try:
                write_flash(esp, [(piece.offset, piece.data)], skip_flashed=resume)
            except ABORTS as error:
                raise from_esptool(f"write {piece.name} at {piece.offset:#x}", error) from error
            finally:
                _listener.progress = None
            written += len(piece.data)
            progress(written / total)

    def _blank(self, piece: Piece) -> None:
        """Erase a stretch unless it reads as erased."""
        esp = self._esp
        erased = hashlib.md5(b"\xff" * piece.size, usedforsecurity=False).hexdigest()
        try:
            if esp.flash_md5sum(piece.offset, piece.size) == erased:
                return
            if esp.IS_STUB:
                esp.erase_region(piece.offset, piece.size)
            else:
                esp.flash_begin(
                    piece.size, piece.offset, logging=False
                )  # the ROM erases when a download begins
            if esp.flash_md5sum(piece.offset, piece.size) != erased:
                raise Trouble(
                    f"erase at {piece.offset:#x}",
                    "the flash does not get blank",
                    "it is worn out or write-protected: take another module",
                )
        except ABORTS as error:
            raise from_esptool(f"erase at {piece.offset:#x}", error) from error

    def restart(self) -> None:
        """Let the chip run what was written."""
        try:
            reset_chip(self._esp, "hard-reset")
        except ABORTS as error:
            raise from_esptool("restart the chip", error) from error


@contextmanager
def connect(port: str, stop: threading.Event, *, before: str = "default-reset") -> Iterator[Chip]:
    """The chip at a port; its port is closed at the end. Raises Trouble, and Stopped once `stop` is set."""
    _listener.stop = stop
    try:
        line = serial.serial_for_url(port, ESPLoader.ESP_ROM_BAUD, exclusive=True, timeout=GREETING_S)
    except OSError as error:
        raise from_open(error) from error
    except ValueError as error:
        raise Trouble(
            "open the port", f"{port!r} is no serial port", "give a path such as /dev/ttyUSB0"
        ) from error
    with line:
        try:
            esp = detect_chip(line, ESPLoader.ESP_ROM_BAUD, before, connect_attempts=CONNECT_ATTEMPTS)
        except ABORTS as error:
            raise from_esptool("connect", error) from error
        yield Chip(esp)


log.set_logger(_Logger())
ResetStrategy.print_once = log.warning  # bound at import to the logger that was there before ours
