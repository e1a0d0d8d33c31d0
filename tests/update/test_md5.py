"""The MD5 of the SDK against RFC 1321 and Python's."""

import hashlib
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RFC_1321 = {
    "": "d41d8cd98f00b204e9800998ecf8427e",
    "a": "0cc175b9c0f1b6a831c399e269772661",
    "abc": "900150983cd24fb0d6963f7d28e17f72",
    "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
    "abcdefghijklmnopqrstuvwxyz": "c3fcd3d76192e4007dfb496cca67e13b",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789": "d174ab98d277d9f5a5611c2c9f419d9f",
    "1234567890" * 8: "57edf4a22be3c955ac49da2e2107b67a",
}


def md5(program: Callable[..., Path], data: bytes, piece: int = 64) -> str:
    return subprocess.run(
        [program("md5_sum"), str(piece)], input=data, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.parametrize("text", RFC_1321)
def test_rfc_1321(program: Callable[..., Path], text: str) -> None:
    assert md5(program, text.encode()) == RFC_1321[text]


def test_every_length_around_a_block_and_any_pieces(
    program: Callable[..., Path], seeded: random.Random
) -> None:
    for size in (*range(54, 67), *range(118, 131), 70_000):
        data = seeded.randbytes(size)
        assert (
            md5(program, data, seeded.randint(1, 300)) == hashlib.md5(data, usedforsecurity=False).hexdigest()
        )
