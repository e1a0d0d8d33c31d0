"""`python -m fuzz [NAME ...]`: runs the fuzzers one after the other and says what they found."""

import argparse
import subprocess
import sys

from fuzz.build import NOT_RUN, ROOT
from fuzz.seed import add_seed
from fuzz.targets import TARGETS


def main() -> int:
    """Exit status 0 when nothing was found."""
    names = ", ".join(one.name for one in TARGETS)
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, epilog="example: python -m fuzz frames --seed 1"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {names} (default: all)")
    parser.add_argument("--short", action="store_true", help="seconds instead of minutes each")
    add_seed(parser)
    arguments = parser.parse_args()
    for name in set(arguments.names) - {one.name for one in TARGETS}:
        parser.error(f"nothing here is called {name!r}; there are {names}")
    ends: dict[str, str] = {}
    print(f"seed {arguments.seed}", flush=True)
    for one in TARGETS:
        if arguments.names and one.name not in arguments.names:
            continue
        print(f"--- {one.name}: {one.what}", flush=True)
        command = one.short if arguments.short else one.long
        status = subprocess.run(
            [sys.executable, *command, "--seed", str(arguments.seed)], check=False, cwd=ROOT
        ).returncode
        ends[one.name] = {0: "clean", NOT_RUN: "not run"}.get(status, f"FOUND SOMETHING (status {status})")
    print("---")
    for name, end in ends.items():
        print(f"{name}: {end}")
    return 0 if set(ends.values()) <= {"clean", "not run"} else 1


if __name__ == "__main__":
    sys.exit(main())
