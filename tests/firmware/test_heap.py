"""The heap of a chip: the whole application, compiled as a chip gets it, does all its work in little.

On the 64-bit unix build, where pointers and most objects have twice the size that they have on a chip.
"""

import random
from pathlib import Path
from typing import Any

from firmware_brokers import PortFinder
from heap_story import HEAP_KB, IMPORT_LIMIT, Story, import_bytes, simulation_bytes


def test_what_serves_the_serial_link_is_loaded_in_48_kb() -> None:
    taken = import_bytes("module.program")
    print(f"module.program: {taken} bytes")
    assert taken <= IMPORT_LIMIT


async def test_a_chip_is_set_up_registers_obeys_and_updates_its_mcu_in_little_heap(
    tmp_path: Path, free_port: PortFinder, eventually: Any, seeded: random.Random
) -> None:
    own = -(-simulation_bytes() // 1024)
    story = Story(tmp_path, free_port, f"{HEAP_KB + own}K")
    chip = await story.live(eventually, seeded)
    print(f"heap {HEAP_KB} KB and {own} KB of the simulation; used {[kb - own for kb in story.used]} KB")
    assert not chip.said("no heap")
    assert not chip.said("memory allocation failed")
