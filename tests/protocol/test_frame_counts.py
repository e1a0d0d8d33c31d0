"""What a decoder counts: bytes that belong to no good frame, and how often it found the way back."""

import random

import pytest

from wxproto.frame import Decoder, encode

BEAT = encode(7, 1)
ENDS_IN_FF = encode(6, 0xF4)
AS_VENDOR = ENDS_IN_FF[:-1]  # the checksum FF without its 55, as the vendor's module program sends it


def counts(*pieces: bytes) -> tuple[int, int]:
    decoder = Decoder()
    for piece in pieces:
        decoder.feed(piece)
    return decoder.skipped, decoder.resyncs


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (BEAT + BEAT, (0, 0)),
        (b"\x00" + BEAT + b"\xff" + BEAT + BEAT, (2, 2)),
        (b"\x00\x00\x55", (3, 0)),
        (BEAT[:-1] + b"\x00" + BEAT, (9, 1)),
        (BEAT[:6] + BEAT, (6, 1)),
        (BEAT[:6], (0, 0)),
        (ENDS_IN_FF + BEAT + AS_VENDOR + BEAT + encode(6, 0xFF), (0, 0)),
    ],
    ids=[
        "nothing but frames",
        "noise before frames",
        "nothing but noise",
        "wrong checksum",
        "cut short",
        "under way",
        "checksums FF",
    ],
)
def test_counts(stream: bytes, expected: tuple[int, int]) -> None:
    assert counts(stream) == expected
    assert counts(*[stream[i : i + 1] for i in range(len(stream))]) == expected


def test_a_frame_that_comes_whole_after_noise_that_came_alone_is_a_resync() -> None:
    assert counts(b"\x00", BEAT, BEAT + BEAT) == (1, 1)


def test_the_split_changes_no_count(seeded: random.Random) -> None:
    pieces = (BEAT, BEAT[:5], ENDS_IN_FF, AS_VENDOR, b"\xff", b"\x55", b"\x00\x05", b"\xff\xff\x00")
    for _ in range(5000):
        stream = b"".join(seeded.choices(pieces, k=6))
        at = seeded.randrange(len(stream))
        bytewise = counts(*[stream[i : i + 1] for i in range(len(stream))])
        assert counts(stream) == counts(stream[:at], stream[at:]) == bytewise, stream.hex()
