"""Coverage-guided fuzzing of the readers in Python: `python -m fuzz.coverage decoder`.

Uses atheris, of the dependency group `fuzz`; without it inputs are mutated at random. An input that breaks
something is printed as hex: keep it in fuzz/found/TARGET.
"""

import argparse
import random
import sys
from collections.abc import Callable

from fuzz.build import OUT
from fuzz.corpus import folder, seeds
from fuzz.progress import Progress
from fuzz.seed import add_seed

NAMES = ("codecs", "decoder", "lan", "receiver", "session")
"""Keys of fuzz.inputs.TARGETS."""
MAX_SIZE = 600
"""Bytes of an input; two of the longest frames."""


def mutate(source: random.Random, data: bytes) -> bytes:
    """One of the usual small changes."""
    at = source.randrange(len(data) + 1)
    match source.randrange(5):
        case 0:
            return data[:at] + source.randbytes(1) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + 1 :]
        case 2:
            return (
                data[:at] + source.choice((b"\xff", b"\x55", b"\x00", b"\xff\xff", b"\xff\x55")) + data[at:]
            )
        case 3:
            return data[:at] + data[source.randrange(len(data) + 1) :]
        case _:
            return data + source.randbytes(source.randrange(8))


def at_random(name: str, runs: int, seed: int) -> None:
    """Try mutations of the seeds, each a few steps away."""
    from fuzz.inputs import TARGETS  # noqa: PLC0415 - as in guided()

    target = reporting(name, TARGETS[name])
    source = random.Random(seed)
    pool = list(seeds(name))
    progress = Progress(name, runs, "inputs")
    for i in range(runs):
        data = pool[i] if i < len(pool) else mutate(source, source.choice(pool))[:MAX_SIZE]
        target(data)
        if i >= len(pool):
            pool[source.randrange(len(pool))] = data
        progress.at(i)
    progress.end(runs, "nothing found")


def guided(name: str, runs: int, seed: int) -> None:
    """Let atheris choose; ends the process."""
    import atheris  # noqa: PLC0415 - it is there when the fuzzers are set up

    with atheris.instrument_imports(include=["wxproto", "module"]):
        from fuzz.inputs import TARGETS  # noqa: PLC0415 - imported under instruments
    options = (
        f"-runs={runs}",
        f"-seed={seed % 2**31 or 1}",
        f"-max_len={MAX_SIZE}",
        f"-artifact_prefix={OUT}/",
        "-print_final_stats=1",
    )
    atheris.Setup([sys.argv[0], *options, str(folder(name))], reporting(name, TARGETS[name]))
    atheris.Fuzz()


def reporting(name: str, target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target; it prints the input that breaks it before the error goes on."""

    def try_one(data: bytes) -> None:
        try:
            target(data)
        except Exception:
            print(f"{name}: {data.hex()} breaks it", flush=True)
            raise

    return try_one


def main() -> int:
    """Exit status 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--runs", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--random", action="store_true", help="do not use atheris")
    add_seed(parser)
    arguments = parser.parse_args()
    print(f"{arguments.target}: seed {arguments.seed}", flush=True)
    if not arguments.random:
        try:
            guided(arguments.target, arguments.runs, arguments.seed)
        except ImportError:
            print(f"{arguments.target}: no atheris, so the inputs are mutated at random", flush=True)
    at_random(arguments.target, arguments.runs, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
