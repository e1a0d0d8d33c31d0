"""Cuts the power of an MCU that is being updated, at random: `python -m fuzz.power_cuts --cuts 1000`."""

import argparse
import subprocess
import sys

from fuzz.build import NOT_RUN, OUT, ROOT
from fuzz.seed import add_seed

sys.path.insert(0, str(ROOT / "tests" / "update"))
import update_programs

from wxlink.codegen import NoCompiler

PAIRS = ("64 1 3 180 150 0", "64 1 3 180 150 1", "64 8 2 128 100 1")
"""Small updates whose every note is cut, and whose recovery is cut again; as in cut_power.c."""


def main() -> int:
    """Exit status 0 when every MCU lived, 1 when one died, 77 when there is no compiler."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.power_cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, metavar="N", help="random cuts (1000)")
    parser.add_argument("--pairs", action="store_true", help="also two cuts behind each other, everywhere")
    add_seed(parser)
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        for piece in (64, 256):
            program = update_programs.build("cut_power", OUT, piece=piece)
            _run([program, "random", str(arguments.cuts), str(arguments.seed)])
        if arguments.pairs:
            program = update_programs.build("cut_power", OUT, sanitized=False, piece=64)
            for plan in PAIRS:
                _run([program, "pairs", *plan.split(), str(arguments.seed)])
    except NoCompiler as missing:
        print(f"power_cuts: not run, {missing}")
        return NOT_RUN
    except subprocess.CalledProcessError:
        return 1
    return 0


def _run(command: list[object]) -> None:
    print("power_cuts:", *command[1:], flush=True)
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    sys.exit(main())
