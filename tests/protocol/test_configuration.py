"""Configuration, the payload of 09 (README 3.6)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import configuration
from wxproto.configuration import AIRLINK, GIVEN, SOFTAP, Configuration
from wxproto.errors import LocalError, PeerError

HOME = bytes.fromhex("0406486F6D654150097365637265743132330000 00")


@pytest.mark.parametrize(
    ("payload", "method"),
    [("01", SOFTAP), ("02", AIRLINK), ("03", AIRLINK), ("00", AIRLINK), ("FF", AIRLINK), ("04", AIRLINK)],
)
def test_a_mode_that_is_none_is_airlink(payload: str, method: int) -> None:
    assert Configuration.decode(bytes.fromhex(payload)).method == method


@pytest.mark.parametrize("mode", [SOFTAP, AIRLINK])
def test_what_follows_another_mode_is_ignored(mode: int) -> None:
    assert Configuration.decode(bytes((mode, 6, 1, 2))) == Configuration(mode)


@pytest.mark.parametrize(
    ("size", "fields"),
    [
        (len(HOME), {"ssid": b"HomeAP", "password": b"secret123"}),
        (len(HOME) - 2, {"ssid": b"HomeAP", "password": b"secret123"}),
        (18, {"ssid": b"HomeAP", "password": b"secret123"}),
        (8, {"ssid": b"HomeAP"}),
    ],
)
def test_fields_at_the_end_may_be_left_out(size: int, fields: dict[str, Any]) -> None:
    found = Configuration.decode(HOME[:size])
    assert found == Configuration(GIVEN, **fields)
    assert found.method == GIVEN
    assert found.encode() == HOME or "password" not in fields


def test_a_field_that_is_cut_is_malformed() -> None:
    for size in (0, 2, 7, 9, 17):
        with pytest.raises(PeerError, match="ends inside"):
            Configuration.decode(HOME[:size])


def test_ssids_are_bytes_of_any_coding() -> None:
    home = Configuration(GIVEN, ssid="我家".encode("gbk"), tz="Asia/Shanghai", server="relay.example:1883")
    assert Configuration.decode(home.encode()) == home


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"\x04\x21" + bytes(33), "ssid of 33 bytes, over 32"),
        (b"\x04\x01a\x41" + bytes(65), "password of 65 bytes, over 64"),
        (b"\x04\x01a\x00\x00\x01\xff", "tz is not ASCII"),
    ],
)
def test_what_no_network_has(payload: bytes, text: str) -> None:
    with pytest.raises(PeerError, match=text):
        Configuration.decode(payload)


@pytest.mark.parametrize(
    ("mode", "fields", "text"),
    [
        (3, {}, "mode must be"),
        (AIRLINK, {"ssid": b"home"}, "mode GIVEN only"),
        (GIVEN, {}, "needs an ssid"),
        (GIVEN, {"ssid": bytes(33)}, "ssid of 33 bytes; 32 at most"),
        (GIVEN, {"ssid": b"home", "tz": "上海"}, "tz must be ASCII"),
        (GIVEN, {"ssid": b"home", "server": "x" * 256}, "server of 256 bytes"),
    ],
)
def test_what_cannot_be_asked(mode: int, fields: dict[str, Any], text: str) -> None:
    with pytest.raises(LocalError, match=text):
        Configuration(mode, **fields).encode()


def test_the_password_is_not_printed() -> None:
    shown = repr(Configuration(GIVEN, ssid=b"home", password=b"hunter2"))
    assert "home" in shown
    assert "hunter2" not in shown


ASCII = st.text(st.characters(max_codepoint=0x7F))


@given(
    st.binary(min_size=1, max_size=configuration.MAX_SSID),
    st.binary(max_size=configuration.MAX_PASSWORD),
    st.binary(max_size=configuration.MAX_BSSID),
    ASCII.filter(lambda text: len(text) <= configuration.MAX_TZ),
    ASCII.filter(lambda text: len(text) <= configuration.MAX_SERVER),
)
def test_every_network_comes_back(ssid: bytes, password: bytes, bssid: bytes, tz: str, server: str) -> None:
    given_network = Configuration(GIVEN, ssid=ssid, password=password, bssid=bssid, tz=tz, server=server)
    assert Configuration.decode(given_network.encode()) == given_network


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\x04" + rest))
def test_any_bytes_give_a_configuration_or_a_peer_error(payload: bytes) -> None:
    try:
        found = Configuration.decode(payload)
    except PeerError:
        return
    if found.mode == GIVEN and found.ssid:
        assert Configuration.decode(found.encode()) == found
