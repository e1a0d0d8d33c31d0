"""node-ph803w from npm, unchanged, with a module whose MCU is a C board of that product; without a relay."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from firmware_bench import MicroPython, module_config
from firmware_brokers import PortFinder
from lan_app import App

from module import version
from wxlink.bench.wire import Wire
from wxlink.codegen.build import build_board
from wxlink.product import read
from wxproto.p0 import Codec

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "npm" / "node_modules"
MAC = "483fda87dc47"
LISTENS_AT = "127.0.0.7"  # its broadcasts reach the loopback interface only
UDP_PORT = 12414  # the client has it built in
TOLD_WITHIN_S = 30.0


class Client:
    """The running client; `told` is what it said so far, newest last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []

    async def tells(self, what: str) -> Any:
        """Wait for the next line about `what`; gives its value."""
        async with asyncio.timeout(TOLD_WITHIN_S):
            while True:
                assert self.process.stdout
                line = await self.process.stdout.readline()
                assert line, f"it ended after {self.told}"
                self.told.append(json.loads(line))
                if what in self.told[-1]:
                    return self.told[-1][what]

    async def end(self) -> int:
        """Close its input, which ends it; gives the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return await asyncio.wait_for(self.process.wait(), TOLD_WITHIN_S)


@asynccontextmanager
async def started(*argv: str | Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE, stdout=PIPE, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="no npm when .venv was made: tools/setup.sh test")
async def test_node_ph803w_discovers_logs_in_reads_and_is_told_of_changes(
    tmp_path: Path, free_port: PortFinder, eventually
):
    product = read(HERE / "ph803w.toml")
    board = build_board(product, tmp_path / "board")
    port = free_port()
    async with Wire() as wire:
        config = module_config(
            tmp_path,
            tty=wire.module_tty,
            relay="http://127.0.0.1:9",
            mac=MAC,
            lan_port=port,
            lan_udp_port=UDP_PORT,
        )
        async with (
            MicroPython(*config) as module,
            started(board, "--port", wire.mcu_tty, "--log", tmp_path / "mcu.log"),
        ):
            await eventually(lambda: module.said("MCU of product"))
            assert not module.said("cannot be opened")
            script = HERE / "ph803w_client.cjs"
            async with (
                started("node", script, MAC, str(port), LISTENS_AT, NODE_PATH=str(INSTALLED)) as process,
                App(port) as other,
            ):
                client = Client(process)
                found = await client.tells("found")
                assert {**found, "ip": "any"} == {
                    "ip": "any",
                    "id": "",  # no relay gave a did yet
                    "data1": MAC,
                    "data2": "",
                    "data3": product.product.product_key,
                    "apiServer": "127.0.0.1:9",
                    "version": version.SOFTWARE,
                }
                assert await client.tells("login") is True
                state = {
                    "binFlags1": "11",
                    "binFlags2": "10",
                    "ph": 7.32,
                    "redox": 205,
                    "phOutlet": False,
                    "redoxOutlet": True,
                }
                assert await client.tells("read") == state

                await other.log_in()
                control = Codec(product.product).encode_control({"PH_Outlet": True, "Redox_Outlet": False})
                other.send(0x93, control, sn=1)
                while await other.next() != (0x94, b"\0\0\0\1"):
                    pass  # a report goes to everybody
                reported = {"binFlags1": "100", "binFlags2": "1", "phOutlet": True, "redoxOutlet": False}
                while await client.tells("data") != {**state, **reported}:
                    pass  # the board reports on its own account too
                assert await client.tells("pongs") == 3
                assert await client.end() == 0
                assert not any("error" in line or "disconnected" in line for line in client.told)
