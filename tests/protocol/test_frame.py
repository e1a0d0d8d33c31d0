"""Frames: the rules of README 2, one by one, and the invariant of the decoder under Hypothesis."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import frame
from wxproto.errors import LocalError
from wxproto.frame import BadFrame, Decoder, Frame

GOOD = "FFFF0005070100000D"
HEARTBEAT = bytes.fromhex(GOOD)
ACK = bytes.fromhex("FFFF0005080100000E")
BEAT = Frame(7, 1, 0, b"")
ACK_FRAME = Frame(8, 1, 0, b"")


def decode(*pieces: str | bytes, max_payload: int = frame.MAX_PAYLOAD) -> list[Frame | BadFrame]:
    decoder = Decoder(max_payload)
    found: list[Frame | BadFrame] = []
    for piece in pieces:
        found += decoder.feed(bytes.fromhex(piece) if isinstance(piece, str) else piece)
    return found


@pytest.mark.parametrize(
    ("arguments", "wire"),
    [
        ((0x07, 1), f"{GOOD}"),
        ((0x05, 0xFF, b"\x04\x00"), "FFFF 0007 05 FF55 0000 04 00 0F"),
        ((0x05, 2, b"\x04\xed"), "FFFF 0007 05 02 0000 04 ED FF55"),
        ((0x05, 2, b"\xff\x55"), "FFFF 0007 05 02 0000 FF55 55 62"),
        ((0x03, 0, b"", 0xFF01), "FFFF 0005 03 00 FF55 01 08"),
        ((0x05, 0, bytes(250)), "FFFF 00FF55 05 00 0000" + "00" * 250 + "04"),
    ],
    ids=["plain", "sn", "checksum", "a real FF 55", "flags", "len"],
)
def test_stuffing_covers_everything_after_the_header(arguments: tuple[int, int], wire: str) -> None:
    encoded = frame.encode(*arguments)
    assert encoded == bytes.fromhex(wire)
    (decoded,) = decode(encoded)
    assert isinstance(decoded, Frame)
    assert frame.encode(decoded.cmd, decoded.sn, decoded.payload, decoded.flags) == encoded


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("FFFF 0007 05 30 0000 04 00", []),
        (
            f"FFFF 0007 05 30 0000 {GOOD}",
            [BadFrame(frame.CUT_SHORT, 5, 0x30), BEAT],
        ),
        (
            f"FFFF 0007 05 30 0000 04 00 {GOOD}",
            [BadFrame(frame.CUT_SHORT, 5, 0x30), BEAT],
        ),
        (f"FFFF 00 {GOOD}", [BadFrame(frame.CUT_SHORT), BEAT]),
        (f"FF {GOOD}", [BEAT]),
        (f"FFFF {GOOD}", [BEAT]),
        (f"FFFF 0000 {GOOD}", [BadFrame(frame.TOO_SHORT), BEAT]),
        (f"FFFF 0004 07 01 0000 {GOOD}", [BadFrame(frame.TOO_SHORT), BEAT]),
        (f"FFFF FF55 FF55 {GOOD}", [BadFrame(frame.TOO_LONG), BEAT]),
        (
            f"FFFF 0007 05 30 0000 FF 00 00 {GOOD}",
            [BadFrame(frame.NOT_STUFFED, 5, 0x30), BEAT],
        ),
        (
            f"FFFF 0005 07 01 0000 0E {GOOD}",
            [BadFrame(frame.CHECKSUM, 7, 1), BEAT],
        ),
        (
            f"FFFF 0005 07 01 0000 FF55 {GOOD}",
            [BadFrame(frame.CHECKSUM, 7, 1), BEAT],
        ),
        (f"00 FF 55 12 {GOOD} 99 FF", [BEAT]),
    ],
    ids=[
        "needs more",
        "truncated in the payload",
        "truncated before the checksum",
        "truncated in len",
        "FF FF FF",
        "FF FF FF FF",
        "len 0",
        "len 4",
        "len FFFF",
        "FF and another byte",
        "wrong checksum",
        "wrong checksum FF",
        "noise around",
    ],
)
def test_rule(stream: str, expected: list[Frame | BadFrame]) -> None:
    assert decode(stream) == expected


def test_two_frames_in_one_read() -> None:
    assert decode(HEARTBEAT + ACK) == [BEAT, ACK_FRAME]


@pytest.mark.parametrize(
    "stream",
    ["FFFF 0005 06 FF 00 00 0A", "FFFF 0005 06 FF55 00 00 0A"],
    ids=["as the vendor's module program sends it", "as the rule demands"],
)
def test_sn_ff_of_a_short_ack(stream: str) -> None:
    assert decode(stream, HEARTBEAT) == [Frame(6, 255, 0, b""), BEAT]


@pytest.mark.parametrize("end", ["FF", "FF55"], ids=["not stuffed", "stuffed"])
def test_checksum_ff_of_a_short_ack(end: str) -> None:
    ack = "FFFF 0005 06 F4 0000" + end
    assert decode(ack) == [Frame(6, 0xF4, 0, b"")]
    assert decode(ack, HEARTBEAT) == [Frame(6, 0xF4, 0, b""), BEAT]


def test_a_command_with_an_unstuffed_sn_is_no_ack() -> None:
    assert decode("FFFF 0005 07 FF 00 00 0B") == [BadFrame(frame.NOT_STUFFED, 7, None)]


def test_a_frame_that_lost_its_checksum_ff_does_not_cost_the_next_one() -> None:
    assert decode("FFFF 0007 05 02 0000 04 ED", HEARTBEAT)[-1] == BEAT


def test_an_overlong_frame_is_refused_before_its_bytes_come() -> None:
    assert decode("FFFF 0016", max_payload=16) == [BadFrame(frame.TOO_LONG)]
    largest = frame.encode(5, 0, bytes(16))
    assert decode(largest, max_payload=16) == [Frame(5, 0, 0, bytes(16))]


@pytest.mark.parametrize(
    "arguments", [(256, 0), (-1, 0), (0, 256), (0, 0, b"", 0x10000), (0, 0, bytes(4097))]
)
def test_out_of_range(arguments: tuple[int, int]) -> None:
    with pytest.raises(LocalError):
        frame.encode(*arguments)


@pytest.mark.parametrize("max_payload", [-1, frame.LARGEST_PAYLOAD + 1])
def test_impossible_limit(max_payload: int) -> None:
    with pytest.raises(LocalError):
        Decoder(max_payload)


def test_secrets_are_not_printed() -> None:
    assert "hunter2" not in repr(Frame(0x02, 0, 0, b"hunter2"))
    assert "hunter2" in repr(Frame(0x03, 0, 0, b"hunter2"))


FRAMES = st.builds(
    Frame,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.one_of(st.binary(max_size=300), st.lists(st.sampled_from([0xFF, 0x55, 0]), max_size=300).map(bytes)),
)
# Bytes that look like frames more often than random ones do.
WIRE = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.lists(st.sampled_from([0xFF, 0x55, 0x00, 0x05, 0x06]), max_size=12).map(bytes),
        FRAMES.map(lambda one: frame.encode(one.cmd, one.sn, one.payload, one.flags)),
    ),
    max_size=8,
).map(b"".join)


@given(FRAMES)
def test_decoding_undoes_encoding(one: Frame) -> None:
    assert decode(frame.encode(one.cmd, one.sn, one.payload, one.flags)) == [one]


@given(st.lists(FRAMES, max_size=5))
def test_frames_back_to_back(frames: list[Frame]) -> None:
    assert decode(b"".join(frame.encode(one.cmd, one.sn, one.payload, one.flags) for one in frames)) == frames


@given(WIRE, st.data())
def test_any_bytes_give_frames_and_the_split_changes_nothing(wire: bytes, data: st.DataObject) -> None:
    whole = decode(wire)
    assert all(isinstance(found, Frame | BadFrame) for found in whole)
    assert decode(*[wire[i : i + 1] for i in range(len(wire))]) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    edges = [0, *cuts, len(wire)]
    assert decode(*[wire[a:b] for a, b in pairwise(edges)]) == whole


@given(WIRE)
def test_after_any_bytes_the_second_good_frame_is_read(noise: bytes) -> None:
    """Noise may claim a length and swallow the frame that follows it, no more than the limit allows."""
    found = decode(noise, HEARTBEAT, HEARTBEAT, max_payload=0)
    assert found[-1] == BEAT


@given(st.lists(FRAMES, min_size=2, max_size=2), st.integers(1))
def test_a_truncated_frame_loses_only_itself(frames: list[Frame], cut: int) -> None:
    first, second = (frame.encode(one.cmd, one.sn, one.payload, one.flags) for one in frames)
    found = decode(first[: cut % len(first)], second)
    assert found[-1] == frames[1]
    assert all(isinstance(one, BadFrame) or one == frames[0] for one in found[:-1])
