"""The bench without a board: a blank chip is flashed by `wxlink flash write` and started on what it holds."""

import asyncio
import contextlib
import hashlib
import json
import os
import tty
from pathlib import Path
from typing import Any

import nvs_reader
import stand_in
from chip import Chip, access_point
from free_ports import free_port
from heap_story import simulation_bytes
from hil.bench import Bench
from hil.board import Board
from hil.cloud import Cloud
from hil.names import NameServer
from hil.pki import Pki
from hil.short import SHORT
from ntp_server import reply, serving

from wxlink.bench.rom.port import RomPort
from wxlink.bench.wire import Wire
from wxlink.cli import main
from wxlink.flash import app, boards
from wxlink.product import ProductFile

MAC = "7cdfa1000001"
NETWORK = "workshop", "workshop-key"
TEST_NETWORK = "GIZWITS_TEST_1", "GIZWITS_TEST_PASS"


class ConsoleChip(Chip):
    """A simulated chip whose console is a tty that a serial program can open."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._outer, self._outer_end = os.openpty()
        tty.setraw(self._outer_end)
        os.set_blocking(self._outer, False)
        self.tty = os.ttyname(self._outer_end)

    async def __aenter__(self) -> "ConsoleChip":
        asyncio.get_running_loop().add_reader(self._outer, self._typed)
        await super().__aenter__()
        return self

    async def __aexit__(self, *failed: object) -> None:
        asyncio.get_running_loop().remove_reader(self._outer)
        await super().__aexit__(*failed)
        os.close(self._outer)
        os.close(self._outer_end)

    def _typed(self) -> None:
        self.type(os.read(self._outer, 1024))

    async def _pump(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\r\n"))
            with contextlib.suppress(BlockingIOError):  # nobody reads the console: as on a board, it goes on
                os.write(self._outer, line.rstrip(b"\r\n") + b"\r\n")


class SimBench(Bench):
    """A simulated chip with `heap` KB beside the simulation's own, C board and relay on this machine."""

    kind = "sim"
    network = NETWORK

    def __init__(self, folder: Path, board_name: str, product: ProductFile, heap: int) -> None:
        super().__init__(folder)
        self.product = product
        self._board_name = board_name
        self._heap = heap
        self._image = ""
        self._chip: ConsoleChip

    def __enter__(self) -> "SimBench":
        with self.parts as parts:
            self.pki = Pki(self.folder / "pki")
            self.cloud = parts.enter_context(Cloud(self.folder / "relay", self.product, self.pki))
            names, ntp, wire = self.cloud.call(self._surround())
            world = self._make(ntp)
            self._chip = self.cloud.call(self._start(world, wire, names))
            self.console = self._chip.tty
            self.board = parts.enter_context(Board(self.product, self.folder / "mcu", wire.mcu_tty))
            self.parts = parts.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.parts.close()

    def facts(self) -> dict[str, str]:
        made = app.build()
        return {
            "板子 board": f"{self._board_name}, simulated",
            "固件 application": f"{made.version}, {made.mpy_size} B .mpy, {_digest(made.bundle())}",
            "镜像 flash": self._image,
            "堆 heap": f"{self._heap} KB",
            "产品 product": f"{self.product.product.name} {self.product.product.product_key}",
        }

    def reset(self) -> None:
        self.power_cycle()

    def power_cycle(self) -> None:
        self.cloud.call(self._chip.power_off())
        self.cloud.call(self._chip.power_on())

    def wifi(self, *, on: bool) -> None:
        self._air(home=on)
        if on:
            self.cloud.open()
        else:
            self.cloud.shut()  # the sockets of a simulated chip are the host's: they would stay

    def test_network(self, *, on: bool) -> None:
        self._air(test=on)

    @property
    def starts(self) -> list[str]:
        """The cause of each start so far."""
        return self._chip.starts

    async def _surround(self) -> tuple[str, str, Wire]:
        """A name server, a time server and the serial line, on the cloud's loop."""
        loop = asyncio.get_running_loop()
        parts = self.cloud.parts
        transport, names = await loop.create_datagram_endpoint(
            lambda: NameServer(self.pki.name, "127.0.0.1"), ("127.0.0.1", 0)
        )
        parts.callback(transport.close)
        ntp = await parts.enter_async_context(serving(lambda asked: [reply(asked, self.cloud.clock())]))
        wire = await parts.enter_async_context(Wire())
        return names.where, ntp.name, wire

    def _make(self, ntp: str) -> Path:
        """Flash a blank chip as a factory does; the folder of what it then holds."""
        board = boards.load(self._board_name)
        stock, config = self.folder / "stock.bin", self.folder / "config.json"
        ca = self.folder / "ca.der"
        stock.write_bytes(stand_in.make(board.chip).whole)
        config.write_text(
            json.dumps(
                {
                    **SHORT,
                    "ntp": ntp,
                    "lan_host": "127.0.0.1",
                    "lan_port": free_port(),
                    "lan_udp_port": free_port(),
                }
            )
        )
        ca.write_bytes(self.pki.ca)
        words = ["flash", "write", self._board_name, "--firmware", stock, "--relay", self.cloud.url]
        words += ["--config", config, "--ca", ca, "--ledger", self.folder / "units.sqlite"]
        words += ["--product", self.product.product.product_key]
        with RomPort(board.chip, mac=MAC, takes_stub=True) as blank:
            assert main([*map(str, words), "--port", blank.tty]) == 0
            vfs = blank.flash.read(board.vfs.offset, board.vfs.size)
            nvs = nvs_reader.read(blank.flash.read(board.nvs.offset, board.nvs.size))
            self._image = _digest(blank.flash.read(0, board.flash_size))
        world = self.folder / "chip"
        world.mkdir()
        (world / "flash.bin").write_bytes(vfs)
        shown = {
            space: {key: value if isinstance(value, int) else value.hex() for key, value in keys.items()}
            for space, keys in nvs.items()
        }
        (world / "nvs.json").write_text(json.dumps(shown))
        return world

    async def _start(self, world: Path, wire: Wire, names: str) -> ConsoleChip:
        chip = ConsoleChip(
            world, wire.module_tty, sources=(), heap=str(self._heap * 1024 + simulation_bytes())
        )
        chip.world(chip=boards.load(self._board_name).chip, mac=MAC)
        self._chip, self._names = chip, names
        self._on = {"home": True, "test": False}
        self._air()
        await self.cloud.parts.enter_async_context(chip)
        return chip

    def _air(self, **on: bool) -> None:
        self._on.update(on)
        points = {"home": access_point(*NETWORK, dns=self._names), "test": access_point(*TEST_NETWORK)}
        self._chip.air(*(point for name, point in points.items() if self._on[name]))


def _digest(data: bytes) -> str:
    return "sha256 " + hashlib.sha256(data).hexdigest()[:16]
