"""The module's own program under MicroPython updates a board that runs the SDK and the bootloader."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from example_board import BAUD, NEW, OLD, Power
from firmware_bench import MicroPython, module_config

from wxlink.bench.wire import Wire

NOBODY = "http://127.0.0.1:9"  # the discard port: an update needs no relay
UPDATED_WITHIN_S = 60.0  # the image takes about 6 s on this line

HALF = 5  # lines of progress, one for each tenth


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A line at the speed that both ends believe in."""
    async with Wire(baud=BAUD) as line:
        yield line


async def test_the_module_program_brings_a_board_to_the_new_version(
    example: dict[str, Path], wire: Wire, tmp_path: Path, eventually
):
    image = tmp_path / "new"
    image.write_bytes(example[NEW].read_bytes())
    power = Power(example, tmp_path / "flash", wire.mcu_tty)
    config = module_config(
        tmp_path,
        tty=wire.module_tty,
        relay=NOBODY,
        baud=BAUD,
        mcu_image=str(image),
        mcu_version=NEW,
        heartbeat_s=1,
    )
    try:
        async with MicroPython(*config, heap="256K") as module:
            await eventually(lambda: module.said("ready"))
            power.on()
            await eventually(lambda: module.said(f"software {OLD}"))
            await eventually(lambda: len(module.said("installing, ")) >= HALF, within=UPDATED_WITHIN_S)
            power.off()
            power.on()
            await eventually(lambda: module.said("the MCU has the whole file"), within=UPDATED_WITHIN_S)
            await eventually(
                lambda: module.said(f"hardware 03010100, software {NEW}"), within=UPDATED_WITHIN_S
            )
            assert len(module.said("is offered to the MCU")) == 1, "the board went on where it was"
    finally:
        power.off()
