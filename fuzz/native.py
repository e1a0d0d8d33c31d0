"""libFuzzer on the C parser and on the C SDK, with sanitizers: `python -m fuzz.native fuzz_parser`.

What libFuzzer kept is then read by the decoder on CPython too, and both must find the same.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from fuzz.build import OUT, program
from fuzz.corpus import folder, kept
from fuzz.decode_blocks import digest
from fuzz.invariant import Broken, check_stream
from fuzz.outcome import outcome
from fuzz.seed import add_seed

MAX_SIZE = 700
"""Bytes of an input; several frames of the usual size."""
MAX_PAYLOAD = 256
"""Bytes; the limit under which both parsers read the corpus."""
NAMES = {
    "fuzz_parser": ("fuzz_parser", "gokit"),
    "fuzz_session": ("fuzz_session", "gokit"),
    "fuzz_session_variable": ("fuzz_session", "meter"),
}
"""Target -> its program in fuzz/c and the product it is built for: of fixed and of variable length."""


def fuzz(name: str, runs: int, seed: int) -> None:
    """Let libFuzzer try so many inputs. Broken when it found something; it printed and kept the input."""
    corpus = folder(name)
    command: list[str | Path] = [
        program(*NAMES[name], fuzzer=True),
        f"-runs={runs}",
        f"-seed={seed % 2**31 or 1}",
        f"-max_len={MAX_SIZE}",
        f"-artifact_prefix={OUT}/",
        "-timeout=10",
        "-print_final_stats=1",
        corpus,
    ]
    if subprocess.run(command, check=False, cwd=OUT).returncode != 0:
        raise Broken(f"libFuzzer found something; keep its input as hex in fuzz/found/{name}")


def compare(name: str) -> int:
    """Read the whole corpus with both parsers; gives how many inputs that were. Broken where they differ."""
    inputs = [one for one in kept(name) if one]
    blocks = b"".join(
        bytes(4) + len(one).to_bytes(4, "big") + one for one in inputs
    )  # each a stream of its own
    done = subprocess.run(
        [program("decode_blocks", fuzzer=False), str(MAX_PAYLOAD)],
        input=blocks,
        stdout=subprocess.PIPE,
        check=True,
    )
    told = done.stdout.decode().splitlines()[1::2]
    for one, theirs in zip(inputs, told, strict=True):
        ours = digest(check_stream(one, range(0, len(one), 7), MAX_PAYLOAD))
        if ours != theirs:
            raise Broken(f"C found {theirs}, CPython {ours} in {one.hex()}")
    return len(inputs)


def run(name: str, runs: int, seed: int) -> None:
    """Fuzz, then compare. Broken and NoTool as there."""
    fuzz(name, runs, seed)
    both = compare(name)
    print(f"{name}: {runs:,} inputs, nothing found; C and CPython read {both:,} of them alike")


def main() -> int:
    """Exit status 0 when nothing was found, 1 when something was, 77 when a tool is missing."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.native", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=sorted(NAMES))
    parser.add_argument("--runs", type=int, default=1_000_000, metavar="N")
    add_seed(parser)
    arguments = parser.parse_args()
    print(f"{arguments.target}: seed {arguments.seed}", flush=True)
    return outcome(arguments.target, lambda: run(arguments.target, arguments.runs, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
