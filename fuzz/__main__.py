"""`python -m fuzz [NAME ...]`: runs the fuzzers one after the other and says what they found."""

import argparse
import re
import subprocess
import sys

from fuzz.build import NOT_RUN, ROOT
from fuzz.seed import add_seed
from fuzz.targets import TARGETS

CHATTER = re.compile(
    r"#\d+\s+(NEW|REDUCE|RELOAD)|INFO: Instrumenting|\".*# Uses: |WARNING: Failed to find function"
)
"""What libFuzzer says of every step and of itself; its pulse remains."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell gives it."""
ENDS = {0: "clean", NOT_RUN: "not run", INTERRUPTED: "interrupted"}


def run(command: list[str]) -> int:
    """Run Python with these arguments and show what it says but for CHATTER; gives its exit status.

    Ctrl-C reaches the whole process group, so the fuzzer has ended too when this gives INTERRUPTED.
    """
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if not CHATTER.match(line):
                    print(line, end="", flush=True)
        except KeyboardInterrupt:
            child.communicate()  # what it says of the interruption is not news
            return INTERRUPTED
    return child.returncode


def main() -> int:
    """Exit status 0 when nothing was found, 1 when something was, INTERRUPTED after Ctrl-C."""
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
        status = run([*command, "--seed", str(arguments.seed)])
        ends[one.name] = ENDS.get(status, f"FOUND SOMETHING (status {status})")
        if status == INTERRUPTED:
            break
    print("---")
    for name, end in ends.items():
        print(f"{name}: {end}")
    if ENDS[INTERRUPTED] in ends.values():
        return INTERRUPTED
    return 0 if set(ends.values()) <= set(ENDS.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
