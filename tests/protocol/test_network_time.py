"""Network time, the payload of 18 (README 3.7); the oracle of the calendar is datetime."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto.errors import LocalError, PeerError
from wxproto.network_time import DEFAULT_OFFSET_S, NetworkTime

RECORDED = bytes.fromhex("07E10B150800005A136C80")  # 2017-11-21 08:00:00 at UTC+8


def test_a_recorded_answer() -> None:
    found = NetworkTime.decode(RECORDED)
    assert found == NetworkTime(year=2017, month=11, day=21, hour=8, minute=0, second=0, utc=1511222400)
    assert found.known
    assert found == NetworkTime.of(1511222400)
    assert found.encode() == RECORDED


def test_old_modules_leave_out_unix_time() -> None:
    found = NetworkTime.decode(RECORDED[:7])
    assert found.utc is None
    assert found.known
    assert found.encode() == RECORDED[:7]


@pytest.mark.parametrize("size", [7, 11])
def test_all_zero_is_unknown(size: int) -> None:
    found = NetworkTime.decode(bytes(size))
    assert not found.known
    assert found.encode() == bytes(size)


def test_bytes_after_it_are_ignored() -> None:
    assert NetworkTime.decode(RECORDED + b"\x01") == NetworkTime.decode(RECORDED)


@pytest.mark.parametrize("size", [0, 1, 6, 8, 10])
def test_a_length_between_the_two_ends_inside_a_field(size: int) -> None:
    with pytest.raises(PeerError, match="ends inside"):
        NetworkTime.decode(RECORDED[:size])


@pytest.mark.parametrize(
    ("at", "byte", "text"),
    [(2, 13, "month 13"), (3, 0, "day 0"), (4, 24, "hour 24"), (5, 60, "minute 60"), (6, 61, "second 61")],
)
def test_a_time_of_no_world(at: int, byte: int, text: str) -> None:
    payload = bytearray(RECORDED)
    payload[at] = byte
    with pytest.raises(PeerError, match=text):
        NetworkTime.decode(payload)


def test_what_does_not_fit() -> None:
    with pytest.raises(LocalError, match="utc must be"):
        NetworkTime.of(1 << 32).encode()


@given(st.integers(0, (1 << 32) - 1), st.integers(-14 * 4, 14 * 4).map(lambda quarters: quarters * 900))
def test_the_calendar_is_that_of_datetime(utc: int, offset_s: int) -> None:
    expected = datetime.fromtimestamp(utc, timezone(timedelta(seconds=offset_s)))
    found = NetworkTime.of(utc, offset_s)
    assert (found.year, found.month, found.day) == (expected.year, expected.month, expected.day)
    assert (found.hour, found.minute, found.second) == (expected.hour, expected.minute, expected.second)
    assert NetworkTime.decode(found.encode()) == found


def test_china_where_nobody_named_a_zone() -> None:
    assert NetworkTime.of(0) == NetworkTime.of(0, DEFAULT_OFFSET_S)
    assert NetworkTime.of(0).hour == 8


@given(st.binary(max_size=14))
def test_any_bytes_give_a_time_or_a_peer_error(payload: bytes) -> None:
    try:
        found = NetworkTime.decode(payload)
    except PeerError:
        return
    assert found.encode() == payload[: len(found.encode())]
