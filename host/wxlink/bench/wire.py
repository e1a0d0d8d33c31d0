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

FIFO = 16
"""Bytes moved at once on a paced wire: what a common UART hands over together."""

BITS_A_BYTE = 10
"""Start, eight data, stop."""

MAX_UNREAD = 4095
"""Bytes that may wait for a side that does not read: what a tty holds; 4 s of a 9600 baud line. More is lost,
as on a real wire, so that a side that comes back does not find an hour of old frames."""

Observer = Callable[[str, bytes, int], None]
"""Called with the sender (wxproto's MODULE or MCU), the bytes, and the event loop's time in milliseconds."""


class _End(NamedTuple):
    sender: str
    master: int
    slave: int  # kept open, so that the line survives a peer that goes away

    @property
    def target(self) -> str:
        """Who reads what the sender writes."""
        return MCU if self.sender == MODULE else MODULE


class Wire:
    """Two ttys, each one end of the same wire: what is written to one can be read from the other.

    Use it as `async with Wire() as wire`. Peers open `module_tty` and `mcu_tty`, may go away and come back.
    With `baud` the bytes of each direction take their time one after the other, as on a UART; without it they
    pass at once.
    """

    def __init__(self, observe: Observer | None = None, *, baud: int | None = None) -> None:
        self._observe = observe
        self._byte_s = BITS_A_BYTE / baud if baud else 0.0
        self._ends: dict[str, _End] = {}
        self._under_way: dict[str, asyncio.TimerHandle] = {}
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
        for end in self._ends.values():
            loop.add_reader(end.master, self._take if self._byte_s else self._move, end)

    def close(self) -> None:
        """Stop pumping and take the ttys away: peers that have them open see a hang-up. Harmless twice."""
        loop = asyncio.get_running_loop()
        for timer in self._under_way.values():
            timer.cancel()
        self._under_way = {}
        for end in self._ends.values():
            loop.remove_reader(end.master)
            os.close(end.master)
            os.close(end.slave)
        self._ends = {}

    def _move(self, source: _End) -> None:
        """Bytes wait on a wire without baud rate: pass them on."""
        data = _read(source, CHUNK)
        if data:
            self._deliver(source, data)

    def _take(self, source: _End, free: float | None = None) -> None:
        """Bytes may wait on a paced wire, which is free since `free`: let the first of them leave.

        Whoever waited while others left goes right behind them, however late this timer comes.
        """
        loop = asyncio.get_running_loop()
        data = _read(source, FIFO)
        if not data:
            loop.add_reader(source.master, self._take, source)
            return
        arrives = (loop.time() if free is None else free) + len(data) * self._byte_s
        loop.remove_reader(source.master)
        self._under_way[source.sender] = loop.call_at(arrives, self._arrive, source, data, arrives)

    def _arrive(self, source: _End, data: bytes, at: float) -> None:
        self._deliver(source, data)
        self._take(source, at)

    def _deliver(self, source: _End, data: bytes) -> None:
        target = self._ends[source.target]
        if self._observe:
            self._observe(source.sender, data, int(asyncio.get_running_loop().time() * 1000))
        moved = 0
        if _unread(target.slave) + len(data) <= MAX_UNREAD:
            with contextlib.suppress(BlockingIOError):
                moved = os.write(target.master, data)
        self.dropped[source.sender] += len(data) - moved


def _read(source: _End, size: int) -> bytes:
    """What the sender has written, empty when nothing waits."""
    try:
        return os.read(source.master, size)
    except BlockingIOError:
        return b""


def _unread(slave: int) -> int:
    count: int = struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))[0]
    return count
