"""A blank chip is written by `wxlink flash`, starts from that flash, and passes the self-test."""

import json
import os
from pathlib import Path
from typing import Any

import nvs_reader
import pytest
import stand_in
from board_tty import on_a_tty

from wxlink.cli import main
from wxlink.flash import boards
from wxlink.flash.ledger import Ledger

ROOT = Path(__file__).parents[2]
KEY = "6f3074fe43894547a4f1314bd7e3ae0b"
MAC = "7cdfa1000001"
BOARD = "esp32-c3-mini-1"
AIR = {"ssid": "home", "key": "home-key-8", "rssi": -55}


@pytest.mark.parametrize("production", [False, True])
def test_a_blank_chip_becomes_a_product(
    production: bool, chip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stock = tmp_path / "stock.bin"
    stock.write_bytes(stand_in.make("esp32c3").whole)
    words = ["flash", "write", BOARD, "--firmware", str(stock), "--relay", "http://192.168.1.10:8080"]
    ledger = ["--ledger", str(tmp_path / "units.db")]
    blank = chip("esp32c3", mac=MAC, takes_stub=True)
    sold = ["--production"] if production else []
    assert main([*words, *ledger, *sold, "--product", KEY, "--port", blank.tty]) == 0
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
    mcu, mcu_end = os.openpty()
    around = {"chip": "esp32c3", "mac": MAC, "uart": os.ttyname(mcu_end), "air": [AIR], "scan_s": 0.2}
    (world / "world.json").write_text(json.dumps(around))
    program = ("-X", "heapsize=384K", ROOT / "firmware" / "sim" / "chip.py", world, "power-on")
    capsys.readouterr()
    with on_a_tty(*program) as console:
        status = main(["flash", "test", *ledger, "--port", console, "--no-mcu", "--json"])
    os.close(mcu)
    os.close(mcu_end)
    told = json.loads(capsys.readouterr().out)
    assert status == 0, told
    assert (told["mac"], told["report"]["identity"]) == (MAC, True)
    assert ("heap_free" in told["report"]) != production
    unit = Ledger(tmp_path / "units.db").unit(MAC)
    assert unit is not None
    assert unit.state == "tested"


def shown(value: int | bytes) -> int | str:
    """As nvs.json of the simulated chip holds it."""
    return value if isinstance(value, int) else value.hex()
