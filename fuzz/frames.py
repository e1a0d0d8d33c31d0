"""The same random streams through the decoder on CPython, on MicroPython and in C: `python -m fuzz.frames`.

All three must find the same, cut as the streams may be, and what CPython finds must satisfy
fuzz/invariant.py.
"""

import argparse
import sys

from fuzz.build import ROOT, program
from fuzz.decode_blocks import digest
from fuzz.invariant import Broken, check_stream, strangers
from fuzz.outcome import outcome
from fuzz.progress import Progress
from fuzz.reader import Reader, micropython
from fuzz.seed import add_seed
from fuzz.streams import Streams
from wxproto.frame import Decoder

MAX_PAYLOAD = 256
"""Bytes; frames above it are drawn too, so that all three must refuse them alike."""
BLOCK = 500
"""Frames sent at once; the pipe keeps the other interpreters busy meanwhile."""
AHEAD = 8
"""Blocks a reader may lag behind."""


def run(frames: int, seed: int) -> None:
    """Feed so many frames. Broken, with the block's bytes, when the readers differ or the invariant fails."""
    streams = Streams(seed, MAX_PAYLOAD)
    readers = [
        Reader("C", program("decode_blocks", fuzzer=False), str(MAX_PAYLOAD)),
        Reader("MicroPython", micropython(), ROOT / "fuzz" / "decode_blocks.py", str(MAX_PAYLOAD)),
    ]
    progress = Progress("frames", frames, "frames")
    decoder = Decoder(MAX_PAYLOAD)
    waiting: list[tuple[str, bytes]] = []
    fed = good = odd = 0
    while fed < frames or waiting:
        if fed < frames:
            block, undamaged = streams.stream(min(BLOCK, frames - fed))
            for reader in readers:
                reader.send(block)
            cut = len(block) * (fed // BLOCK % 7) // 7
            found = decoder.feed(block[:cut]) + decoder.feed(block[cut:])
            try:
                odd += len(strangers(found, undamaged))
                if fed % (100 * BLOCK) == 0:
                    check_stream(block, range(0, len(block), 13), MAX_PAYLOAD)
            except Broken as broken:
                raise Broken(f"{broken}; block {block.hex()}") from None
            expected = digest(found)
            waiting.append((expected, block))
            fed += min(BLOCK, frames - fed)
            good += int(expected.split()[0])
            progress.at(fed)
        if len(waiting) > AHEAD or fed >= frames:
            expected, block = waiting.pop(0)
            for reader in readers:
                told = reader.read()
                if told != expected:
                    raise Broken(f"{reader.name} found {told}, CPython {expected} in {block.hex()}")
    for reader in readers:
        reader.close()
    progress.end(
        fed,
        f"{good:,} found, {odd:,} of them beside the undamaged ones; CPython, MicroPython and C agree",
    )


def main() -> int:
    """Exit status 0 when all agreed, 1 when the invariant is broken, 77 when a tool is missing."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.frames", description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000_000, metavar="N")
    add_seed(parser)
    arguments = parser.parse_args()
    return outcome("frames", lambda: run(arguments.frames, arguments.seed))


if __name__ == "__main__":
    sys.exit(main())
