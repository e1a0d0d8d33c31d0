"""Every file in boards/: its form, its pins by Espressif's tables, its flash map by the stock image's."""

import json
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import stand_in
from esptool.targets import CHIP_DEFS

from wxlink.assets import asset
from wxlink.cli import main
from wxlink.flash import boards, stock
from wxlink.flash.boards import Board
from wxlink.flash.problem import FlashError


class Pins(NamedTuple):
    """What ESP-IDF's page "GPIO & RTC GPIO" says of a chip, and what esptool's "Boot Mode Selection" does."""

    there: set[int]
    flash: set[int]
    strapping: set[int]
    input_only: set[int]
    usb: set[int]
    console: set[int]
    boot: int


PINS = {
    "esp32": Pins(
        {*range(20), 21, 22, 23, 25, 26, 27, *range(32, 40)},
        {*range(6, 12), 16, 17},
        {0, 2, 5, 12, 15},
        {*range(34, 40)},
        set(),
        {1, 3},
        0,
    ),
    "esp32s2": Pins({*range(22), *range(26, 47)}, {*range(26, 33)}, {0, 45, 46}, {46}, {19, 20}, {43, 44}, 0),
    "esp32s3": Pins(
        {*range(22), *range(26, 49)}, {*range(26, 38)}, {0, 3, 45, 46}, set(), {19, 20}, {43, 44}, 0
    ),
    "esp32c3": Pins({*range(22)}, {*range(12, 18)}, {2, 8, 9}, set(), {18, 19}, {20, 21}, 9),
    "esp32c6": Pins({*range(31)}, {*range(24, 31)}, {4, 5, 8, 9, 15}, set(), {12, 13}, {16, 17}, 9),
}
NAMES = boards.names()


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest) -> Board:
    return boards.load(request.param)


def test_the_families_are_there_as_board_and_as_bare_module() -> None:
    chips = [boards.load(name).chip for name in NAMES]
    assert {chip: chips.count(chip) for chip in chips} == dict.fromkeys(PINS, 2)


def test_its_file_has_the_form(board: Board) -> None:
    schema = json.loads((asset("boards") / "board.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    given = tomllib.loads((asset("boards") / f"{board.name}.toml").read_text("utf-8"))
    jsonschema.validate(given, schema)


def test_its_pins_are_those_of_the_chip(board: Board) -> None:
    pins = PINS[board.chip]
    used = {board.uart.tx, board.uart.rx}
    assert len(used) == 2
    assert used <= pins.there
    assert not used & set(board.avoid)
    assert not used & {board.button.pin if board.button else None, board.led.pin if board.led else None}
    assert pins.flash | pins.strapping | pins.input_only | pins.usb | pins.console <= set(board.avoid)
    assert set(board.avoid) <= pins.there
    assert board.button is not None
    assert (board.button.pin, board.button.pressed) == (pins.boot, 0)
    if board.led:
        assert board.led.pin in pins.there - pins.input_only - pins.flash - pins.usb - pins.console


def test_its_flash_is_laid_out_as_micropython_does(board: Board) -> None:
    parts = sorted(board.partitions.values(), key=lambda one: one.offset)
    assert parts[0].offset > stock.TABLE
    assert all(one.end <= other.offset for one, other in pairwise(parts))
    assert parts[-1] == board.vfs
    assert board.vfs.end == board.flash_size
    pieces = stock.split(board, stand_in.make(board.chip, app_size=10_000).whole)
    assert pieces.partitions == board.partitions
    assert board.app_offset == 0x10000
    # Two slots of the application, a download and the module's own files.
    assert board.vfs.size >= 1024 * 1024


def test_the_chip_looks_for_its_boot_loader_there(board: Board) -> None:
    assert board.load == CHIP_DEFS[board.chip].BOOTLOADER_FLASH_OFFSET


def test_its_firmware_is_one_file(board: Board) -> None:
    made = board.firmware
    assert made.file.startswith(f"{made.board}-")
    assert made.file.endswith(f"-v{made.version}.bin")
    assert made.url.endswith(f"/{made.file}")
    suffix = board.chip.removeprefix("esp32").upper()
    assert made.board == "ESP32_GENERIC" + (f"_{suffix}" if suffix else "")


def test_boards_of_one_chip_take_one_firmware() -> None:
    taken: dict[str, set[str]] = {}
    for name in NAMES:
        taken.setdefault(boards.load(name).chip, set()).add(repr(boards.load(name).firmware))
    assert all(len(one) == 1 for one in taken.values())


def test_a_larger_flash_is_all_file_system(board: Board) -> None:
    larger = board.with_flash(16 * boards.MIB)
    assert larger.vfs.offset == board.vfs.offset
    assert larger.vfs.end == larger.flash_size == 16 * boards.MIB
    assert larger.nvs == board.nvs


def test_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", "boards"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)
    assert main(["flash", "boards", "--json"]) == 0
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told] == list(NAMES)
    assert told[0]["uart"]["tx"] == boards.load(NAMES[0]).uart.tx
    for name in NAMES:
        assert main(["flash", "boards", name]) == 0
        shown = capsys.readouterr().out
        assert boards.load(name).firmware.file in shown
        assert boards.load(name).reset.do["zh"] in shown


def test_an_unknown_board_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", "boards", "arduino-uno"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "esp32-c3-mini-1" in told


@pytest.mark.parametrize("text", ["", "en =", 'en = "x"', "chip = 4\n[flash]\nsize = 1", "\udcff"])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FlashError, match=r"mine\.toml"):
        boards.read(path)


def test_the_tool_runs_from_the_tools_folder() -> None:
    run = subprocess.run(
        [sys.executable, "tools/flash.py", "boards", "esp32-c6-mini-1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "GPIO 18" in run.stdout
