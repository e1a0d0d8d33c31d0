"""Device information by its remaining length (README 3.1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto.device_info import DeviceInfo
from wxproto.errors import LocalError, PeerError

KEY = "00112233445566778899aabbccddeeff"
BASE: dict[str, Any] = {"product_key": KEY, "hardware_version": "HW000001", "software_version": "SW000001"}
ATTRIBUTES = bytes.fromhex("0000000000000002")


@pytest.mark.parametrize(
    ("tail", "length"),
    [
        ({}, 0x47),
        ({"attributes": ATTRIBUTES}, 0x4F),
        ({"attributes": ATTRIBUTES, "product_secret": KEY}, 0x6F),
        ({"attributes": ATTRIBUTES, "product_secret": KEY, "extra": "tz=8"}, 0x6F + 2 + 4),
    ],
    ids=["0x47", "0x4F", "0x6F", "0x6F + 2 + n"],
)
def test_every_length_met(tail: dict[str, Any], length: int) -> None:
    info = DeviceInfo(**BASE, bindable_s=60, **tail)
    payload = info.encode()
    assert len(payload) + 5 == length
    assert DeviceInfo.decode(payload) == info


def test_every_other_length_ends_inside_a_field() -> None:
    info = DeviceInfo(**BASE, attributes=ATTRIBUTES, product_secret=KEY, extra="tz=8")
    payload = info.encode()
    for length in set(range(len(payload))) - {66, 74, 106}:
        with pytest.raises(PeerError):
            DeviceInfo.decode(payload[:length])


def test_short_texts_are_padded_and_come_back() -> None:
    info = DeviceInfo(product_key="k", hardware_version="", software_version="1.2")
    assert DeviceInfo.decode(info.encode()) == info


def test_options() -> None:
    info = DeviceInfo(**BASE, extra="apName=demo&apPwd=a=b&tz&&cfgMode=2")
    assert info.options() == {"apName": "demo", "apPwd": "a=b", "tz": "", "cfgMode": "2"}
    assert DeviceInfo(**BASE).options() == {}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"software_version": "123456789"}, "software_version must be at most 8 ASCII"),
        ({"software_version": "版本"}, "software_version must be at most 8 ASCII"),
        ({"bindable_s": 65536}, "bindable_s must be 0..65535"),
        ({"attributes": bytes(7)}, "attributes must be 8 bytes"),
        ({"product_secret": KEY}, "product_secret follows attributes"),
        ({"attributes": ATTRIBUTES, "extra": ""}, "extra follows product_secret"),
        ({"attributes": ATTRIBUTES, "product_secret": KEY, "extra": "x" * 1025}, "extra of 1025 bytes"),
    ],
)
def test_what_does_not_fit(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(LocalError, match=text):
        DeviceInfo(**(BASE | fields)).encode()


def test_texts_that_are_none() -> None:
    payload = bytearray(DeviceInfo(**BASE).encode())
    payload[0] = 0xFF
    with pytest.raises(PeerError, match="protocol_version is not ASCII"):
        DeviceInfo.decode(payload)


def test_secrets_are_not_printed() -> None:
    info = DeviceInfo(**BASE, attributes=ATTRIBUTES, product_secret="hunter2", extra="apPwd=hunter2")
    assert "hunter2" not in repr(info)


@given(st.binary(max_size=200))
def test_any_bytes_give_information_or_a_peer_error(payload: bytes) -> None:
    try:
        info = DeviceInfo.decode(payload)
    except PeerError:
        return
    assert info.encode() == payload[: len(info.encode())]


TEXT_8 = st.text(st.characters(min_codepoint=1, max_codepoint=0x7F), max_size=8)
TEXT_32 = st.text(st.characters(min_codepoint=1, max_codepoint=0x7F), max_size=32)


@given(
    st.tuples(TEXT_8, TEXT_8, TEXT_8, TEXT_8, TEXT_32),
    st.integers(0, 0xFFFF),
    st.tuples(st.binary(min_size=8, max_size=8), TEXT_32, st.text(max_size=200)),
    st.integers(0, 3),
)
def test_every_information_comes_back(
    texts: tuple[str, ...], bindable_s: int, tail: tuple[bytes, str, str], length: int
) -> None:
    names = ("protocol_version", "p0_version", "hardware_version", "software_version", "product_key")
    ends = ("attributes", "product_secret", "extra")
    fields: dict[str, Any] = dict(zip(names, texts, strict=True))
    fields |= dict(list(zip(ends, tail, strict=True))[:length])
    info = DeviceInfo(bindable_s=bindable_s, **fields)
    assert DeviceInfo.decode(info.encode()) == info
