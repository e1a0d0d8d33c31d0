"""`wxlink flash write` against esptool's own command, the same bytes into the same simulated chip."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figure import Figure

MIB = 1 << 20
FIRMWARE = 1_700_000  # bytes of MicroPython for an ESP32
ROUNDS = 3
BAUD = 460_800  # a pty does not pace: what is measured is what the programs add to the line's own time
BOARD = "esp32-devkitc"


def measure() -> list[Figure]:
    """Seconds from start to end of both programs: for two full megabytes, and for a factory image."""
    noise = random.Random(1)
    full = noise.randbytes(2 * MIB)
    factory = (noise.randbytes(FIRMWARE) + b"\xff" * MIB + noise.randbytes(128 << 10)).ljust(4 * MIB, b"\xff")
    return [
        _figure("flash write of 2 MB without a gap", full),
        _figure("flash write of a 4 MB factory image", factory),
    ]


def _figure(name: str, image: bytes) -> Figure:
    """The best of a few rounds each, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.bin"
        path.write_bytes(image)
        write = ("-m", "wxlink.cli", "flash", "write", BOARD, path, "--no-stub", "--baud", BAUD)
        esptool = ("-m", "esptool", "--no-stub", "-b", BAUD)
        ours, peers = [], []
        for _ in range(ROUNDS):
            with _chip(Path(folder) / "flash.bin", image) as tty:
                peers.append(_seconds(*esptool, "-p", tty, "write-flash", 0, path))
            with _chip(Path(folder) / "flash.bin", image) as tty:
                ours.append(_seconds(*write, "--port", tty, "--ledger", Path(folder) / "units.db"))
    return Figure(
        name,
        min(ours),
        "s",
        "esptool write-flash of the same bytes",
        min(peers),
        "less",
        f"best of {ROUNDS} of each in turns, start of the interpreter included; ROM loader, uncompressed; "
        "both verify by MD5; ours erases long blank stretches in place of sending them",
    )


@contextmanager
def _chip(save: Path, image: bytes) -> Iterator[str]:
    """A blank chip in a process of its own; what it holds at the end must be the image."""
    program = subprocess.Popen(
        [sys.executable, "-m", "wxlink.bench.rom", "--save", save],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if program.stdout is None:
        raise RuntimeError("a chip has a standard output")
    yield program.stdout.readline().strip()
    program.communicate()
    if save.read_bytes()[: len(image)] != image:
        raise RuntimeError("the flash does not hold the image")


def _seconds(*words: object) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True)
    return time.perf_counter() - began
