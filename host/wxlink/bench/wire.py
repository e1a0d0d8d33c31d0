"""The serial wire between module and MCU, as two ptys with a pump between them."""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from wxproto.commands import MCU, MODULE

CHUNK = 1024
"""Bytes moved at once."""

MAX_UNREAD = 4095
"""Bytes that may wait for a side that does not read: what a tty holds; 4 s of a 9600 baud line. More is lost,
as on a real wire, so that a side that comes back does not find an hour of old frames."""

Observer = Callable[[str, bytes, int], None]
"""Called with the sender (wxproto's MODULE or MCU), the bytes, and the event loop's time in milliseconds."""


class _End(NamedTuple):
    sender: str
    master: int
    slave: int  # kept open, so that the line survives a peer that goes away


class Wire:
    """Two ttys, each one end of the same wire: what is written to one can be read from the other.

    Use it as `async with Wire() as wire`. Peers open `module_tty` and `mcu_tty`, may go away and come back.
    """

    def __init__(self, observe: Observer | None = None) -> None:
        self._observe = observe
        self._ends: dict[str, _End] = {}
        self.dropped = {MODULE: 0, MCU: 0}
        """Bytes lost because the other side did not read, by sender."""

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def module_tty(self) -> str:
        """Path of the tty that the module opens."""
        return os.ttyname(self._ends[MODULE].slave)

    @property
    def mcu_tty(self) -> str:
        """Path of the tty that the MCU opens."""
        return os.ttyname(self._ends[MCU].slave)

    def open(self) -> None:
        """Make the ttys and start pumping in the running event loop."""
        loop = asyncio.get_running_loop()
        for sender in (MODULE, MCU):
            master, slave = os.openpty()
            self._ends[sender] = _End(sender, master, slave)
            tty.setraw(slave, termios.TCSANOW)
            os.set_blocking(master, False)
        loop.add_reader(self._ends[MODULE].master, self._move, self._ends[MODULE], self._ends[MCU])
        loop.add_reader(self._ends[MCU].master, self._move, self._ends[MCU], self._ends[MODULE])

    def close(self) -> None:
        """Stop pumping and take the ttys away: peers that have them open see a hang-up. Harmless twice."""
        loop = asyncio.get_running_loop()
        for end in self._ends.values():
            loop.remove_reader(end.master)
            os.close(end.master)
            os.close(end.slave)
        self._ends = {}

    def _move(self, source: _End, target: _End) -> None:
        try:
            data = os.read(source.master, CHUNK)
        except BlockingIOError:
            return
        if self._observe:
            self._observe(source.sender, data, int(asyncio.get_running_loop().time() * 1000))
        moved = 0
        if _unread(target.slave) + len(data) <= MAX_UNREAD:
            with contextlib.suppress(BlockingIOError):
                moved = os.write(target.master, data)
        self.dropped[source.sender] += len(data) - moved


def _unread(slave: int) -> int:
    count: int = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))[0]
    return count
