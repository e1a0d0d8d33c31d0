"""What the module's application takes of MicroPython's heap, on the 64-bit unix build."""

import asyncio
import contextlib
import io
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "firmware"))
from heap_story import AIM_KB, HEAP_KB, IMPORT_LIMIT, Story, import_bytes, simulation_bytes

STEP_KB = 4
LEAST_KB = 96
WITHIN_S = 20.0


def measure() -> list[Figure]:
    """Importing what comes first, and the smallest heap that a whole life passes in."""
    smallest, used = _smallest()
    return [
        Figure(
            "heap of what serves the serial link, loaded first",
            import_bytes("module.program") / 1024,
            "KB",
            "limit",
            IMPORT_LIMIT / 1024,
            "less",
            "compiled, 64-bit unix build",
        ),
        Figure(
            "smallest heap for set-up, TLS, LAN, control and an update of the MCU",
            smallest,
            "KB",
            "limit",
            AIM_KB,
            "less",
            f"in steps of {STEP_KB} KB, beside the simulation's own; {min(used)} to {max(used)} KB were used",
        ),
    ]


def _smallest() -> tuple[int, list[int]]:
    own = -(-simulation_bytes() // 1024)
    passed = HEAP_KB + STEP_KB
    used: list[int] = []
    for heap in range(HEAP_KB, LEAST_KB, -STEP_KB):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            story = Story(Path(folder), _free_port, f"{heap + own}K")
            try:
                asyncio.run(story.live(_poll, random.Random(heap)))
            except Exception:  # noqa: BLE001 - without heap a module fails in any way
                break
        passed = heap
        used = [kb - own for kb in story.used]
    if not used:
        raise RuntimeError(f"no life in {HEAP_KB} KB: see tests/firmware/test_heap.py")
    return passed, used


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _poll(check: Callable[[], object], within: float = WITHIN_S) -> object:
    deadline = time.monotonic() + within
    while not (found := check()):
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.02)
    return found
