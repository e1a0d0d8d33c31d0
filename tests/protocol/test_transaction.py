"""Transactions, the payloads of 23 and 25 (README 3.9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import transaction
from wxproto.errors import LocalError, PeerError
from wxproto.transaction import Check, CheckResult, Download, DownloadResult, Found

KEY = "00112233445566778899aabbccddeeff"
CHECK = Check(product_key=KEY, did="d" * 22, hardware_version="1", software_version="2", compare=True)


@pytest.mark.parametrize("request_", [CHECK, Download("http://relay/boards/7.bin")])
def test_requests_come_back(request_: Check | Download) -> None:
    assert transaction.decode_request(request_.encode()) == request_


@pytest.mark.parametrize(
    ("result", "payload"),
    [
        (CheckResult(True), "0201"),
        (CheckResult(False), "0200"),
        (Found("00000003", "http://r/b"), "02 3030303030303033 000A 687474703A2F2F722F62"),
        (DownloadResult(0), "0400"),
        (DownloadResult(1), "0401"),
    ],
)
def test_results(result: CheckResult | Found | DownloadResult, payload: str) -> None:
    assert result.encode() == bytes.fromhex(payload)
    assert transaction.decode_result(bytes.fromhex(payload)) == result


def test_what_is_cut_or_unknown() -> None:
    for payload in (b"", b"\x01", CHECK.encode()[:-1], b"\x03\x00", b"\x03\x00\x02a", b"\x02\x01", b"\x05"):
        with pytest.raises(PeerError):
            transaction.decode_request(payload)
    for payload in (b"", b"\x02", b"\x02\x00\x00", b"\x04", b"\x01\x00", b"\x03\x00\x01a"):
        with pytest.raises(PeerError):
            transaction.decode_result(payload)


def test_a_url_is_bounded() -> None:
    with pytest.raises(PeerError, match="url of 256 bytes, over 255"):
        transaction.decode_request(b"\x03\x01\x00" + b"u" * 256)
    with pytest.raises(LocalError, match="url of 256 bytes; 255 at most"):
        Download("u" * 256).encode()
    with pytest.raises(LocalError, match="needs a url"):
        Found("1", "").encode()
    with pytest.raises(LocalError, match="url must be ASCII"):
        Download("http://固件").encode()


@given(st.binary(max_size=90) | st.binary(min_size=80, max_size=90).map(lambda rest: b"\x01" + rest))
def test_any_bytes_give_a_request_or_a_peer_error(payload: bytes) -> None:
    try:
        found = transaction.decode_request(payload)
    except PeerError:
        return
    if not isinstance(found, Download) or found.url:
        assert transaction.decode_request(found.encode()) == found


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x02" + rest))
def test_any_bytes_give_a_result_or_a_peer_error(payload: bytes) -> None:
    try:
        found = transaction.decode_result(payload)
    except PeerError:
        return
    if not isinstance(found, Found) or found.url:
        assert transaction.decode_result(found.encode()) == found
