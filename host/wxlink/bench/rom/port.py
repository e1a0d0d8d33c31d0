"""A chip in its ROM loader behind a serial port: a pty under a name that outlives being unplugged.

A pty has no DTR and RTS. So the chip is in its loader whenever its port is opened, and a reset is seen as the
port being closed: esptool's `hard_reset` is followed by that. A port closed and opened again at once may go
unseen; a SYNC at another speed then tells of the reset.
"""

import contextlib
import os
import re
import select
import tempfile
import termios
import threading
import time
import tty
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wxlink.bench.rom.chips import CHIPS
from wxlink.bench.rom.flash import Flash
from wxlink.bench.rom.loader import BLOCKS, CHANGE_BAUDRATE, GREETING, MEM_END, SPI_FLASH_MD5, SYNC, Loader
from wxlink.bench.rom.mishaps import Mishaps
from wxlink.bench.rom.slip import Unwrapper, wrap

POLL_MS = 50
"""How soon a stop is noticed."""
CLOSED_POLL_S = 0.002
"""How soon a closed port is seen to be opened; the kernel tells nobody."""
CHUNK = 65536
UART_TOLERANCE = 0.03
"""Part by which two UARTs may differ and still understand each other."""

_SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if re.fullmatch("B[0-9]+", name)}
"""Baud by what termios calls it."""


class RomPort:
    """`with RomPort("esp32") as port`: a chip that esptool finds at `port.tty`.

    chip: a name of `CHIPS`. mac: twelve hex digits. revision: major, minor. tty: the path to appear under
    (default: one in a folder of its own). Others as of Loader; `mishaps` may be changed at any time.
    """

    def __init__(
        self,
        chip: str = "esp32",
        *,
        mac: str = "240ac4c0ffee",
        revision: tuple[int, int] = (3, 0),
        flash: Flash | None = None,
        mishaps: Mishaps | None = None,
        tty: Path | None = None,
        **loader: Any,
    ) -> None:
        self.flash = flash or Flash()
        self.mac = mac
        self.mishaps = mishaps or Mishaps()
        self._loader = Loader(
            CHIPS[chip], self.flash, mac=bytes.fromhex(mac), revision=revision, leaves=self._leave, **loader
        )
        self._folder = None if tty else tempfile.TemporaryDirectory(prefix="wxlink-rom-")
        self.tty = str(tty or Path(self._folder.name) / "ttyROM")  # type: ignore[union-attr]
        self._unwrapper = Unwrapper()
        self._in_loader = True
        self._was_open = False
        self._stopping = threading.Event()
        self._server = threading.Thread(target=self._serve, name=f"rom {chip}", daemon=True)
        self.closed = 0
        """How often its port was closed: resets, as far as a pty shows them."""
        self.blocks = 0
        """Blocks that have arrived, repeated ones too."""
        self.checks = 0
        """MD5 checks that were asked for."""
        self._syncs = 0
        self.bauds: list[int] = []
        """Speeds that blocks came at, each once, in order."""

    def __enter__(self) -> Self:
        self._plug_in()
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.join()
        self._pull_out()
        if self._folder:
            self._folder.cleanup()

    def _plug_in(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave, termios.TCSANOW)
        name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        link = Path(f"{self.tty}.new")
        link.symlink_to(name)
        link.replace(self.tty)

    def _pull_out(self) -> None:
        Path(self.tty).unlink(missing_ok=True)
        os.close(self._master)

    def _serve(self) -> None:
        ready = select.poll()
        watched = None
        while not self._stopping.is_set():
            if watched != self._master:
                ready = select.poll()
                ready.register(self._master, select.POLLIN)
                watched = self._master
            if not ready.poll(POLL_MS):
                continue
            try:
                data = os.read(self._master, CHUNK)
            except BlockingIOError:
                continue
            except OSError:  # nobody has it open
                self._reset()
                time.sleep(CLOSED_POLL_S)
                continue
            self._was_open = True
            self._take(data)

    def _reset(self) -> None:
        if self._was_open:
            self._was_open = False
            self.closed += 1
        self._loader.reset()
        self._unwrapper.clear()
        self._in_loader = True

    def _leave(self) -> None:
        self._in_loader = False

    def _take(self, data: bytes) -> None:
        for packet in self._unwrapper.feed(data):
            if not self._in_loader or not self._understands(packet):
                continue
            if self._handle(packet):
                return

    def _understands(self, packet: bytes) -> bool:
        """True when the packet came at the loader's speed, or is the SYNC that sets it."""
        speed = self._host_speed()
        if packet[1:2] == bytes((SYNC,)):
            self._syncs += 1
            if self._syncs <= self.mishaps.deaf_syncs:
                return False
            if speed != self._loader.baud:  # a host that changes its mind about the speed has reset the chip
                self._loader.reset()
                self._loader.synced_at(speed)
        ours = self._loader.baud
        return bool(ours) and abs(speed - ours) <= UART_TOLERANCE * ours

    def _host_speed(self) -> int:
        return _SPEEDS.get(termios.tcgetattr(self._master)[5], 0)

    def _handle(self, packet: bytes) -> bool:
        """Answer one packet with the mishap that is due; True when the device went away."""
        op = packet[1] if len(packet) > 1 else 0
        is_block = op in BLOCKS
        number = self.blocks
        wrong, lost = self.mishaps, False
        if is_block:
            self.blocks += 1
            self._note_speed()
            if number in wrong.unplug:
                self._unplug(wrong.unplugged_s)
                return True
            if number in wrong.slow:
                self._stopping.wait(wrong.slow_s)
            if number in wrong.drop_bytes or self._too_fast():
                packet = packet[: len(packet) // 2] + packet[len(packet) // 2 + 1 :]
            if number in wrong.nak:
                self._write(self._loader.refusal(op, wrong.nak_code))
                return False
            lost = number in wrong.lose_answer
        answers = self._loader.answer(packet)
        if op == SPI_FLASH_MD5:
            if self.checks in wrong.wrong_md5:
                answers = [answer[:8] + b"00" + answer[10:] for answer in answers]
            self.checks += 1
        if not lost:
            for answer in answers:
                self._write(answer)
        if op == CHANGE_BAUDRATE and answers and not answers[0][8]:
            self._loader.take_new_baud()
        if op == MEM_END and self._loader.start_stub():
            self._greet()
        return False

    def _greet(self) -> None:
        if self.mishaps.silent_stub:
            self._in_loader = False
        else:
            self._write(GREETING)

    def _note_speed(self) -> None:
        speed = self._host_speed()
        if self.bauds[-1:] != [speed]:
            self.bauds.append(speed)

    def _too_fast(self) -> bool:
        return self.mishaps.clean_baud is not None and self._host_speed() > self.mishaps.clean_baud

    def _unplug(self, seconds: float) -> None:
        self._pull_out()
        if self.mishaps.replaced_by:
            self._loader.mac = bytes.fromhex(self.mishaps.replaced_by)
        self._reset()
        self._stopping.wait(seconds)
        self._plug_in()

    def _write(self, answer: bytes) -> None:
        """Send one packet; what the host does not take is lost, as on a UART."""
        with contextlib.suppress(OSError):
            os.write(self._master, wrap(answer))
