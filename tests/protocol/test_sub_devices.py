"""Devices behind an MCU (README 4.8): actions 71, 72, 73 and the address in 03 to 05."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import sub_devices
from wxproto.actions import SUB_DEVICES_DOWN, SUB_DEVICES_ONLINE, SUB_DEVICES_UP
from wxproto.commands import SUB_DEVICE
from wxproto.errors import LocalError, PeerError
from wxproto.sub_devices import Entry, Online

ONLINE = [Online(b"did1", True), Online(b"lamp-2", False)]
LIST = [Entry(b"did1", bytes.fromhex("04 01 02")), Entry(b"lamp-2", b"\x14\x00")]


def test_who_came_and_went() -> None:
    p0 = sub_devices.encode_online(ONLINE)
    assert p0 == bytes.fromhex("71 0002") + b"\x04did1\x01" + b"\x06lamp-2\x00"
    assert sub_devices.decode(p0) == ONLINE


@pytest.mark.parametrize("action", [SUB_DEVICES_DOWN, SUB_DEVICES_UP])
def test_lists_of_p0(action: int) -> None:
    p0 = sub_devices.encode_list(action, LIST)
    assert p0 == bytes((action,)) + bytes.fromhex("0002") + b"\x04did1\x00\x03\x04\x01\x02" + (
        b"\x06lamp-2\x00\x02\x14\x00"
    )
    assert sub_devices.decode(p0) == LIST


def test_an_empty_list() -> None:
    assert sub_devices.decode(sub_devices.encode_online([])) == []


def test_what_is_cut_ends_inside_a_field() -> None:
    for p0 in (sub_devices.encode_online(ONLINE), sub_devices.encode_list(SUB_DEVICES_UP, LIST)):
        for size in range(len(p0)):
            with pytest.raises(PeerError, match="ends inside"):
                sub_devices.decode(p0[:size])


@pytest.mark.parametrize(
    ("p0", "text"),
    [
        ("04", "action 04"),
        ("71 0101", "257 entries, over 256"),
        ("71 0001 21", "did of 33 bytes, over 32"),
        ("73 0001 01 61 0801", "p0 of 2049 bytes, over 2048"),
        ("73 0001 01 61 0000", "without action"),
    ],
)
def test_what_nobody_sends(p0: str, text: str) -> None:
    with pytest.raises(PeerError, match=text):
        sub_devices.decode(bytes.fromhex(p0))


def test_what_cannot_be_sent() -> None:
    with pytest.raises(LocalError, match="257 entries"):
        sub_devices.encode_online([Online(b"a", True)] * 257)
    with pytest.raises(LocalError, match="did of 33 bytes"):
        sub_devices.encode_online([Online(bytes(33), True)])
    with pytest.raises(LocalError, match="72 or 73"):
        sub_devices.encode_list(SUB_DEVICES_ONLINE, LIST)
    with pytest.raises(LocalError, match="begins with its action"):
        sub_devices.encode_list(SUB_DEVICES_UP, [Entry(b"a", b"")])


def test_the_address_stands_before_the_action() -> None:
    payload = sub_devices.encode_address(b"did1", b"\x02")
    assert payload == b"\x04did1\x02"
    assert sub_devices.decode_address(SUB_DEVICE, payload) == (b"did1", b"\x02")
    assert sub_devices.decode_address(0, payload) == (None, payload)
    with pytest.raises(PeerError, match="ends inside did"):
        sub_devices.decode_address(SUB_DEVICE, b"\x04did")
    with pytest.raises(PeerError, match="ends inside the length of did"):
        sub_devices.decode_address(SUB_DEVICE, b"")


DIDS = st.binary(max_size=sub_devices.MAX_DID)


@given(st.lists(st.builds(Online, DIDS, st.booleans()), max_size=20))
def test_every_list_of_who_is_online_comes_back(entries: list[Online]) -> None:
    assert sub_devices.decode(sub_devices.encode_online(entries)) == entries


@given(
    st.sampled_from([SUB_DEVICES_DOWN, SUB_DEVICES_UP]),
    st.lists(st.builds(Entry, DIDS, st.binary(min_size=1, max_size=80)), max_size=20),
)
def test_every_list_of_p0_comes_back(action: int, entries: list[Entry]) -> None:
    assert sub_devices.decode(sub_devices.encode_list(action, entries)) == entries


@given(
    st.binary(max_size=60)
    | st.tuples(st.sampled_from([b"\x71\x00", b"\x72\x00", b"\x73\x00"]), st.binary()).map(b"".join)
)
def test_any_bytes_give_entries_or_a_peer_error(p0: bytes) -> None:
    try:
        entries = sub_devices.decode(p0)
    except PeerError:
        return
    assert len(entries) <= sub_devices.MAX_SUB_DEVICES
