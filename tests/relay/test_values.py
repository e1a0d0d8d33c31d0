"""Data point values on their way between P0, store, WebSocket and HTTP."""

from typing import Any

import pytest
from relay_ground import lamp

from wxlink.relay import values
from wxproto.errors import LocalError

PRODUCT = lamp().points
CODEC_VALUES: dict[str, Any] = {
    "LED_OnOff": True,
    "Colour": "黄色",
    "LED_R": 7,
    "binary": b"\x17\x02\x03\x00\x00",
    "Temperature": -2.5,
}


def test_each_reader_gets_its_form() -> None:
    stored = values.to_store(PRODUCT, CODEC_VALUES)
    assert stored == CODEC_VALUES | {"binary": "1702030000"}
    for given in (stored, CODEC_VALUES):
        on_ws, on_http = values.to_ws(PRODUCT, given), values.to_http(PRODUCT, given)
        assert on_ws == CODEC_VALUES | {"binary": [0x17, 2, 3, 0, 0]}
        assert on_ws["LED_OnOff"] is True
        assert on_http == CODEC_VALUES | {"binary": "1702030000"}
        assert type(on_http["LED_OnOff"]) is int


def test_a_data_point_that_the_product_no_longer_has_is_left_out() -> None:
    assert values.to_ws(PRODUCT, {"Gone": 1, "LED_R": 2}) == {"LED_R": 2}
    assert values.to_http(PRODUCT, {"Gone": 1, "LED_R": 2}) == {"LED_R": 2}


@pytest.mark.parametrize(
    ("name", "given", "coding", "expected"),
    [
        ("LED_OnOff", True, "hex", True),
        ("LED_OnOff", 0, "hex", False),
        ("LED_OnOff", 1, "hex", True),
        ("Colour", "紫色", "hex", "紫色"),
        ("Colour", 1, "hex", "黄色"),
        ("LED_R", 7, "hex", 7),
        ("LED_R", 7.0, "hex", 7.0),
        ("binary", [23, 2, 3], "hex", b"\x17\x02\x03"),
        ("binary", [23, 2, 3], "base64", b"\x17\x02\x03"),
        ("binary", "170203", "hex", b"\x17\x02\x03"),
        ("binary", "FwID", "base64", b"\x17\x02\x03"),
    ],
)
def test_what_clients_may_send(name: str, given: Any, coding: str, expected: Any) -> None:
    taken = values.from_client(PRODUCT, {name: given}, coding)
    assert taken == {name: expected}
    assert type(taken[name]) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "coding"),
    [
        ("LED_OnOff", 2, "hex"),
        ("LED_OnOff", 1.0, "hex"),
        ("LED_OnOff", "true", "hex"),
        ("LED_OnOff", None, "hex"),
        ("Colour", "绿色", "hex"),
        ("Colour", 3, "hex"),
        ("Colour", -1, "hex"),
        ("Colour", True, "hex"),
        ("LED_R", "7", "hex"),
        ("LED_R", True, "hex"),
        ("LED_R", [7], "hex"),
        ("binary", "1702031", "hex"),
        ("binary", "FwI*", "base64"),
        ("binary", [256], "hex"),
        ("binary", [True], "hex"),
        ("binary", 5, "hex"),
        ("Nothing", 1, "hex"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, given: Any, coding: str) -> None:
    with pytest.raises(LocalError, match=name):
        values.from_client(PRODUCT, {name: given}, coding)


def test_an_unknown_coding_is_refused() -> None:
    with pytest.raises(LocalError, match="binary_coding is one of hex, base64"):
        values.from_client(PRODUCT, {}, "rot13")
