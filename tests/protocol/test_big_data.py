"""Big data: the payloads, and what holds for both ends (README 3.10)."""

from typing import Any

import pytest
from big_data_files import DIGEST, MD5, Flash, read
from hypothesis import given
from hypothesis import strategies as st

from wxproto import big_data, data_receiver, data_sender
from wxproto.big_data import HEX_LINES, LAST_LINE, Announce, Piece, Ready
from wxproto.data_receiver import Receiver
from wxproto.data_sender import Sender
from wxproto.errors import LocalError, PeerError


@pytest.mark.parametrize(
    ("record", "flags", "payload"),
    [
        (Announce(300, DIGEST), None, "0000012C 0020" + DIGEST.encode().hex()),
        (Ready(DIGEST, 128), 0, "0020" + DIGEST.encode().hex() + "0080"),
        (Ready(DIGEST, 128, hex_lines=True), HEX_LINES, "0020" + DIGEST.encode().hex() + "0080"),
        (Ready(), 0, ""),
        (Piece(1, 3, b"\x00\xff"), 0, "0001 0003 00FF"),
        (Piece(3, 3, b"\x01"), 0, "0003 0003 01"),
        (Piece(7, 0, b":\r\n", hex_lines=True), HEX_LINES, "0007 0000 3A0D0A"),
        (Piece(8, 0, b":\r\n", hex_lines=True, last=True), HEX_LINES | LAST_LINE, "0008 0000 3A0D0A"),
    ],
)
def test_payloads(record: Announce | Ready | Piece, flags: int, payload: str) -> None:
    raw = bytes.fromhex(payload)
    assert record.encode() == raw
    if isinstance(record, Announce):
        assert Announce.decode(raw) == record
    else:
        assert record.flags == flags
        assert type(record).decode(flags, raw) == record


@pytest.mark.parametrize(
    ("flags", "payload"),
    [
        (0, "0001"),
        (0, "0001 0003"),
        (0, "0000 0003 01"),
        (0, "0004 0003 01"),
        (HEX_LINES, "0001 0000" + "3A" * 264),
    ],
)
def test_a_piece_that_cannot_be(flags: int, payload: str) -> None:
    with pytest.raises(PeerError):
        Piece.decode(flags, bytes.fromhex(payload))


def test_what_cannot_be_said() -> None:
    with pytest.raises(LocalError, match="at least one byte"):
        Piece(1, 1, b"").encode()
    with pytest.raises(LocalError, match="needs the md5"):
        Ready(None, 128).encode()
    with pytest.raises(LocalError, match="md5 of 65 bytes"):
        Announce(1, "0" * 65).encode()
    with pytest.raises(LocalError, match="cannot be announced"):
        Sender(0, MD5, read)
    with pytest.raises(LocalError, match="piece_bytes must be"):
        Receiver(Flash().write, 1000, piece_bytes=big_data.MAX_PIECE + 1)
    with pytest.raises(LocalError, match="65535 pieces of 256 bytes hold less than 16776961: ask for larger"):
        Receiver(Flash().write, 256 * 65535 + 1)


@given(st.integers(0, 7), st.binary(max_size=80))
def test_any_bytes_give_a_record_or_a_peer_error(flags: int, payload: bytes) -> None:
    for decode in (Ready.decode, Piece.decode, lambda _, raw: Announce.decode(raw)):
        try:
            found = decode(flags, payload)
        except PeerError:
            continue
        assert found.encode() == payload[: len(found.encode())]


@pytest.mark.parametrize("machine", [data_sender, data_receiver])
def test_every_transition_leads_to_a_state_that_has_a_name(machine: Any) -> None:
    states = {value for value in vars(machine).values() if isinstance(value, str)}
    for (before, what), after in machine.TRANSITIONS.items():
        assert {before, what, after} <= states
