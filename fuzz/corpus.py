"""Inputs that fuzzers start from: recorded frames, and what once found something."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from fuzz.build import OUT, ROOT
from wxproto import envelope
from wxproto.commands import (
    DATA_ANNOUNCE,
    DATA_PIECE,
    DATA_READY_ACK,
    GET_DEVICE_INFO,
    MODULE_INFO,
    MODULE_NOTICE,
    NETWORK_TIME,
    P0_DOWN,
    P0_UP_ACK,
)

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


def lives() -> Iterator[bytes]:
    """Lives of fuzz/c/fuzz_session.c that go well: an update of a piece, answers to questions, all of P0."""
    content = bytes(range(100))
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest().encode()
    begin = _frame(GET_DEVICE_INFO, 0) + _frame(P0_UP_ACK, 0)
    yield b"".join(
        (
            begin,
            _frame(DATA_ANNOUNCE, 1, len(content).to_bytes(4, "big") + b"\x00\x20" + digest),
            _frame(DATA_READY_ACK, 1),
            _frame(DATA_PIECE, 2, b"\x00\x01\x00\x01" + content),
        )
    )
    yield begin + _QUESTION + b"\x06" + _frame(NETWORK_TIME, 1, bytes(range(11)))
    yield begin + _QUESTION + b"\x07" + _frame(MODULE_INFO, 1, b"\x01" + bytes(64))
    yield begin + _QUESTION + b"\x07" + _frame(MODULE_INFO, 1, b"\x02" + bytes(80) + b"\x01\x05" + bytes(5))
    yield _frame(GET_DEVICE_INFO, 0) + _frame(MODULE_NOTICE, 0, b"\x01")
    yield begin + _frame(P0_DOWN, 1, b"\x02") + _frame(P0_DOWN, 2, b"\x01\xff\x07\x11\x22\x33\x00\x03")
    yield begin + _frame(P0_DOWN, 1, b"\x12\x3f\xff") + _frame(P0_DOWN, 2, b"\x11\x00\x01\x01")
    yield begin + _frame(P0_DOWN, 1, b"\x72\x00\x01\x02ab\x00\x02\x01\x01")


_QUESTION = b"\x03\x01"
"""A step that asks the module; the byte behind it says what."""


def _frame(cmd: int, sn: int, payload: bytes = b"") -> bytes:
    """A step in which a good frame comes."""
    return bytes((1, 3 + len(payload), cmd, sn, 0)) + payload


def lan_clients() -> Iterator[bytes]:
    """Streams of apps on the LAN, with all they may say, behind the byte that chooses how they come."""
    for choice in (0, 1, 2, 3, 0x13):
        yield bytes((choice,)) + b"".join(
            envelope.encode(cmd, body, 5 if cmd in envelope.NUMBERED else None)
            for cmd, body in (
                (0x06, b""),
                (0x13, b""),
                (0x08, b"\0\x0aIPQRSTUVWX"),
                (0x15, b""),
                (envelope.NOTIFY, b"\x02"),
                (envelope.REQUEST, b"\x01\xff\x07"),
                (0x17, b""),
                (0x0C, b""),
                (0x08, b"\0\x0aIPQRSTUVWY"),
            )
        )


def seeds(target: str) -> Iterator[bytes]:
    """What to begin with: each recorded frame as a stream, as a payload, and as a step of a life."""
    yield from found(target)
    yield from lives()
    yield from lan_clients()
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
