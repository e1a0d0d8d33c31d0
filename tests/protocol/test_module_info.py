"""Module information, the payloads of 21 and 22 (README 3.8)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import module_info
from wxproto.errors import LocalError, PeerError
from wxproto.module_info import Cell, CellularModule, WifiModule

VERSIONS: dict[str, Any] = {
    "protocol_version": "00000004",
    "hardware_version": "00ESP32C",
    "software_version": "00010000",
}
WIFI = WifiModule(**VERSIONS, mac="A0B1C2D3E4F5", ip="192.168.100.200", attributes=b"\0\0\0\0\0\0\0\x02")
SIM: dict[str, Any] = VERSIONS | {
    "imei": "866123456789012",
    "imsi": "460001234567890",
    "mcc": "460",
    "mnc": "00",
}


def test_a_wifi_module_has_65_bytes_in_the_documented_places() -> None:
    payload = WIFI.encode()
    assert len(payload) == 65
    assert payload[:25] == b"\x0100000004" + b"00ESP32C" + b"00010000"
    assert payload[25:41] == b"A0B1C2D3E4F5\0\0\0\0"
    assert payload[41:57] == b"192.168.100.200\0"
    assert payload[57:] == WIFI.attributes
    assert module_info.decode(payload) == WIFI
    assert module_info.decode(payload + b"later") == WIFI


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_cellular_module_and_its_cells(count: int) -> None:
    cells = [Cell(0x1234, 0xABCD, 31 - i) for i in range(count)]
    module = CellularModule(**SIM, cells=cells)
    payload = module.encode()
    assert len(payload) == 1 + 24 + 8 + 16 + 16 + 8 + 8 + 2 + 5 * count
    assert module_info.decode(payload) == module


def test_the_length_of_cells_may_be_that_of_all() -> None:
    payload = bytearray(CellularModule(**SIM, cells=[Cell(1, 2, 3), Cell(4, 5, 6)]).encode())
    assert payload[81:83] == b"\x02\x05"
    payload[82] = 10
    found = module_info.decode(payload)
    assert isinstance(found, CellularModule)
    assert found.cells == [Cell(1, 2, 3), Cell(4, 5, 6)]
    payload[82] = 6
    with pytest.raises(PeerError, match="cells of 6 bytes"):
        module_info.decode(payload)


def test_more_cells_than_anyone_keeps() -> None:
    with pytest.raises(LocalError, match="8 cells; 7 at most"):
        CellularModule(**SIM, cells=[Cell(0, 0, 0)] * 8).encode()
    payload = bytearray(CellularModule(**SIM).encode())
    payload[81] = 8
    with pytest.raises(PeerError, match="8 cells, over 7"):
        module_info.decode(payload)


@pytest.mark.parametrize("module", [WIFI, CellularModule(**SIM, cells=[Cell(1, 2, 3)])])
def test_every_shorter_payload_ends_inside_a_field(module: WifiModule | CellularModule) -> None:
    payload = module.encode()
    for size in range(len(payload)):
        with pytest.raises(PeerError, match="ends inside"):
            module_info.decode(payload[:size])


def test_what_does_not_fit() -> None:
    with pytest.raises(LocalError, match="mac must be at most 16"):
        WifiModule(**VERSIONS, mac="A0:B1:C2:D3:E4:F5", ip="").encode()
    with pytest.raises(LocalError, match="attributes must be 8 bytes"):
        WifiModule(**VERSIONS, mac="", ip="", attributes=b"").encode()
    with pytest.raises(LocalError, match="kind 1"):
        CellularModule(**SIM, kind=module_info.WIFI).encode()


def test_the_question() -> None:
    assert module_info.encode_request() == b"\x00"
    assert module_info.decode_request(b"\x00") == module_info.BASIC
    with pytest.raises(PeerError):
        module_info.decode_request(b"")


@given(st.binary(max_size=140) | st.binary(min_size=80, max_size=120).map(lambda rest: b"\x02" + rest))
def test_any_bytes_give_a_module_or_a_peer_error(payload: bytes) -> None:
    try:
        found = module_info.decode(payload)
    except PeerError:
        return
    assert module_info.decode(found.encode()) == found
