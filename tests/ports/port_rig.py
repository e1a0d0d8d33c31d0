"""A board on a wire to the real module firmware under MicroPython, with broker and registration behind it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from boards import Board
from firmware_bench import MicroPython, module_config
from firmware_brokers import Mosquitto, Watcher, running
from firmware_rig import Registrar

from wxlink.assets import asset
from wxlink.bench.wire import Wire
from wxlink.product import read
from wxproto import envelope
from wxproto.commands import MCU, MODULE, P0_UP
from wxproto.frame import Decoder, Frame
from wxproto.p0 import Codec

MAC = "020000000001"
DID = "did0000000000000000001"
APP = "usr00000000000000000001"
UP = f"dev2app/{DID}"
DOWN = f"app2dev/{DID}/{APP}"
GOKIT = read(asset("protocol/products/gokit.json")).product
Values = dict[str, bool | int | float | str | bytes]


class Sent(NamedTuple):
    """A good frame on the wire: when (event loop's time in ms), by whom, and what."""

    at: int
    sender: str
    frame: Frame


class Chain:
    """Board, wire, module and what lies behind it; `sent` has the good frames of both sides so far."""

    def __init__(self, board: Board, folder: Path, registrar: Registrar, watcher: Watcher) -> None:
        self.board = board
        self.registrar = registrar
        self.watcher = watcher
        self.wire = Wire(self._observe)
        self.sent: list[Sent] = []
        self.codec = Codec(GOKIT)
        self._decoders = {MODULE: Decoder(), MCU: Decoder()}
        self._folder = folder
        self._sn = 0

    def module(self) -> MicroPython:
        """The module's program, to be started; it keeps its identity from one start to the next."""
        keys = {"tty": self.wire.module_tty, "relay": self.registrar.url, "mac": MAC, "status_s": 2}
        return MicroPython(*module_config(self._folder, **keys))

    def inject(self, data: bytes) -> None:
        """Put bytes on the wire towards the board, as if the module had sent them."""
        line = os.open(self.wire.module_tty, os.O_WRONLY | os.O_NOCTTY)
        try:
            os.write(line, data)
        finally:
            os.close(line)

    def frames(self, sender: str, cmd: int, since: int = 0) -> list[Frame]:
        """Frames of one command that one side sent, from the `since`-th of `sent` on."""
        return [one.frame for one in self.sent[since:] if one.sender == sender and one.frame.cmd == cmd]

    def last_sn(self) -> int:
        """The number of the module's last frame."""
        return next(one.frame.sn for one in reversed(self.sent) if one.sender == MODULE)

    def state(self) -> Values:
        """The newest values that the relay's side knows."""
        told = [one.p0 for one in self.watcher.envelopes(UP) if one.cmd == envelope.REPORT]
        return self.codec.decode_report(told[-1]) if told else {}

    def reports(self) -> list[tuple[int, Values]]:
        """(time in ms, values) of the reports that the board sent; one that it repeated counts once."""
        found: list[tuple[int, Values]] = []
        last: Frame | None = None
        for one in self.sent:
            if one.sender == MCU and one.frame.cmd == P0_UP and one.frame != last:
                last = one.frame
                found.append((one.at, self.codec.decode_report(last.payload)))
        return found

    async def ask(self, p0: bytes, within: float = 30.0) -> bytes:
        """A request from an app; the answer's P0."""
        self._sn += 1
        self.watcher.send(DOWN, envelope.encode(envelope.REQUEST, p0, sn=self._sn))
        async with asyncio.timeout(within):
            while True:
                for one in self.watcher.envelopes(f"{UP}/{APP}"):
                    if one.sn == self._sn:
                        return one.p0
                await asyncio.sleep(0.02)

    def _observe(self, sender: str, data: bytes, now: int) -> None:
        found = self._decoders[sender].feed(data)
        self.sent.extend(Sent(now, sender, frame) for frame in found if isinstance(frame, Frame))


@asynccontextmanager
async def chain(board: Board, folder: Path, port: int) -> AsyncIterator[Chain]:
    """Everything running but the module."""
    broker_folder = folder / "mosquitto"
    broker_folder.mkdir()
    async with (
        running(Mosquitto(broker_folder, port, 0, None)) as broker,
        Registrar(broker.port) as registrar,
        Watcher(broker.port) as watcher,
    ):
        one = Chain(board, folder, registrar, watcher)
        async with one.wire, board.on(one.wire.mcu_tty):
            yield one
