"""Inputs that fuzzers start from: recorded frames, and what once found something."""

import json
from collections.abc import Iterator
from pathlib import Path

from fuzz.build import OUT, ROOT

FOUND = ROOT / "fuzz" / "found"
"""One folder for each target, one file of hex for each input that broke something once."""


def recorded() -> Iterator[bytes]:
    """The golden frames, byte for byte."""
    vectors = json.loads((ROOT / "protocol/vectors/serial-frames.json").read_text("utf-8"))
    for vector in vectors:
        yield bytes.fromhex(vector["hex"])


def found(target: str) -> Iterator[bytes]:
    """Inputs that broke this target once."""
    for path in sorted((FOUND / target).glob("*.hex")):
        yield bytes.fromhex(path.read_text("ascii"))


def seeds(target: str) -> Iterator[bytes]:
    """What to begin with: each recorded frame as a stream, as a payload, and as a step of a life."""
    yield from found(target)
    for one in recorded():
        yield bytes((1,)) + one
        yield bytes((0, 0, len(one) & 0xFF)) + one[:255]
        yield bytes((one[4] if len(one) > 4 else 0,)) + one[8:-1]


def kept(target: str) -> list[bytes]:
    """The seeds, and what earlier runs found interesting."""
    return [path.read_bytes() for path in sorted(folder(target).iterdir())]


def folder(target: str) -> Path:
    """A folder that keeps what a fuzzer of this target found interesting, begun with `seeds`."""
    path = OUT / "corpus" / target
    path.mkdir(parents=True, exist_ok=True)
    for i, one in enumerate(seeds(target)):
        (path / f"seed{i:04d}").write_bytes(one)
    return path
