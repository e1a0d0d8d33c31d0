"""The same lives of sessions on CPython and MicroPython: `python -m fuzz.lives`.

They begin at what the coverage-guided fuzzer kept, if it ran here, and go on a few mutations away.
"""

import argparse
import random
import sys

from fuzz.build import ROOT
from fuzz.corpus import kept
from fuzz.coverage import MAX_SIZE, mutate, reporting
from fuzz.inputs import session
from fuzz.invariant import Broken
from fuzz.life import digest
from fuzz.outcome import outcome
from fuzz.progress import Progress
from fuzz.reader import Reader, micropython
from fuzz.seed import add_seed

AHEAD = 64
"""Lives the other interpreter may lag behind."""


def run(lives: int, seed: int) -> None:
    """Live so often. Broken, with the bytes of the life, when the two differ."""
    source = random.Random(seed)
    pool = [one for one in kept("session") if one]
    other = Reader("MicroPython", micropython(), ROOT / "fuzz" / "life.py")
    live = reporting("lives", session)
    progress = Progress("lives", lives, "lives")
    waiting: list[bytes] = []
    lived = 0
    while lived < lives or waiting:
        if lived < lives:
            life = source.choice(pool)
            for _ in range(source.randrange(4)):
                life = mutate(source, life)[:MAX_SIZE] or b"\x00"
            other.send(life)
            live(life)
            waiting.append(life)
            lived += 1
            progress.at(lived)
        if len(waiting) > AHEAD or lived >= lives:
            life = waiting.pop(0)
            ours, theirs = digest(life), other.read()
            if ours != theirs:
                raise Broken(f"MicroPython lives {life.hex()} otherwise: {theirs}, CPython {ours}")
    other.close()
    progress.end(lived, f"from {len(pool):,} beginnings; CPython and MicroPython agree")


def main() -> int:
    """Exit status 0 when both agreed, 1 when the invariant is broken, 77 when a tool is missing."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.lives", description=__doc__.splitlines()[0])
    parser.add_argument("--lives", type=int, default=1_000_000, metavar="N")
    add_seed(parser)
    arguments = parser.parse_args()
    return outcome("lives", lambda: run(arguments.lives, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
