"""Fields of payloads: what all codecs share (README 3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto.errors import LocalError, PeerError
from wxproto.fields import Reader, counted, number, padded


def test_fields_in_order() -> None:
    raw = (
        number("a", 0x0102, 2) + padded("b", "ab", 4) + counted("c", b"xyz", 1, 3) + counted("d", b"t", 2, 9)
    )
    reader = Reader("test", raw + b"rest")
    assert reader.number("a", 2) == 0x0102
    assert reader.text("b", 4) == "ab"
    assert reader.counted("c", 1, 3) == b"xyz"
    assert reader.counted_text("d", 2, 9) == "t"
    assert reader.left == 4
    assert reader.rest() == b"rest"
    assert reader.left == 0


def test_errors_name_payload_and_field() -> None:
    reader = Reader("test", b"\x05ab")
    with pytest.raises(PeerError, match="test ends inside c"):
        reader.counted("c", 1, 9)
    with pytest.raises(PeerError, match="test: c of 5 bytes, over 4"):
        Reader("test", b"\x05abcde").counted("c", 1, 4)
    with pytest.raises(PeerError, match="test: c is not ASCII"):
        Reader("test", b"\xe4").text("c", 1)
    with pytest.raises(LocalError, match=r"a must be 0\.\.255"):
        number("a", 256, 1)
    with pytest.raises(LocalError, match=r"a must be 0\.\.255"):
        number("a", -1, 1)


def test_a_refused_field_is_still_there() -> None:
    reader = Reader("test", b"ab")
    with pytest.raises(PeerError):
        reader.take("c", 3)
    assert reader.take("c", 2) == b"ab"


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_numbers_are_big_endian(size: int, value: int) -> None:
    value &= (1 << 8 * size) - 1
    assert number("a", value, size) == value.to_bytes(size, "big")
    assert Reader("test", number("a", value, size)).number("a", size) == value
