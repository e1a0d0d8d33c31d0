"""No loss of power leaves an MCU without a whole program, and every update goes through in the end.

cut_power.c does it, on a flash whose half-written bits read now one way and now another (flash_model.h).
"""

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def run(*words: object) -> dict[str, int]:
    """The figures that cut_power prints; what it found is in the failure."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:2000] + done.stderr[:2000]
    pairs = done.stdout.split()
    return dict(zip(pairs[::2], map(int, pairs[1::2]), strict=True))


@pytest.mark.parametrize(
    "plan",
    [
        "64 1 4 250 180 0",
        "64 8 4 90 256 0",
        "128 2 3 384 384 0",
        "64 1 4 250 180 1",
        "64 4 4 120 230 1",
        "128 32 2 1 256 1",
    ],
)
def test_a_cut_at_every_byte_and_every_erase(program: Callable[..., Path], plan: str) -> None:
    """`plan`: bytes of a page and of a write, pages, bytes of both images, whether the new one hangs."""
    figures = run(program("cut_power", piece=64), "every", *plan.split(), 7)
    assert figures["dead"] == 0
    assert figures["cuts"] == 2 * figures["boundaries"] > 2000, "before each, and in its middle"


@pytest.mark.parametrize("piece", [64, 256])
def test_random_updates_and_random_cuts(
    program: Callable[..., Path], seeded: random.Random, piece: int
) -> None:
    figures = run(program("cut_power", piece=piece), "random", 300, seeded.randrange(2**32))
    assert figures["dead"] == 0
    assert figures["cuts"] >= 300
