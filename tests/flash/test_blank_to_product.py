"""The whole way: what `wxlink flash` built and esptool wrote into a blank chip starts as a product."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nvs_reader
import pytest
import stand_in

from wxlink.bench.wire import Wire
from wxlink.cli import main
from wxlink.flash import app, boards

sys.path.append(str(Path(__file__).parents[1] / "firmware"))
from chip import Chip  # the simulated chip of the firmware's tests

KEY = "6f3074fe43894547a4f1314bd7e3ae0b"
MAC = "7cdfa1000001"
BOARD = "esp32-c3-mini-1"


async def test_a_blank_chip_becomes_a_product(
    chip: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    eventually: Callable[..., Awaitable[object]],
) -> None:
    monkeypatch.setattr(app, "MPY_MAX", 1 << 20)  # its size is another test's affair
    stock = tmp_path / "stock.bin"
    stock.write_bytes(stand_in.make("esp32c3").whole)
    words = ["flash", "write", BOARD, "--firmware", str(stock), "--relay", "http://192.168.1.10:8080"]
    ledger = ["--ledger", str(tmp_path / "units.db"), "--product", KEY]
    blank = chip("esp32c3", mac=MAC, takes_stub=True)
    assert main([*words, *ledger, "--port", blank.tty]) == 0
    board = boards.load(BOARD)
    world = tmp_path / "world"
    world.mkdir()
    (world / "flash.bin").write_bytes(blank.flash.read(board.vfs.offset, board.vfs.size))
    stored = nvs_reader.read(blank.flash.read(board.nvs.offset, board.nvs.size))
    (world / "nvs.json").write_text(
        json.dumps(
            {space: {key: shown(value) for key, value in keys.items()} for space, keys in stored.items()}
        )
    )
    async with Wire() as wire, Chip(world, wire.module_tty, sources=()) as module:
        module.world(chip="esp32c3", mac=MAC, air=[])
        await eventually(lambda: any(f"ready, mac {MAC}" in line for line in module.lines), within=30)
    assert any("boot: runs /a" in line for line in module.lines)


def shown(value: int | bytes) -> int | str:
    """As nvs.json of the simulated chip holds it."""
    return value if isinstance(value, int) else value.hex()
