"""Envelopes beyond the vectors: streams, limits, any bytes (README 5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxproto import envelope, meanings
from wxproto.envelope import Envelope
from wxproto.errors import LocalError, PeerError


@pytest.mark.parametrize(("p0", "length"), [(124, "7f"), (125, "8001"), (16380, "ff7f"), (16381, "808001")])
def test_length_takes_as_many_bytes_as_it_needs(p0: int, length: str) -> None:
    data = envelope.encode(envelope.REPORT, bytes(p0))
    assert data[:4] == envelope.PREFIX
    assert data[4:].hex().startswith(length + "000091")
    assert envelope.decode(data) == Envelope(envelope.REPORT, 0, None, bytes(p0))


def test_length_of_four_bytes() -> None:
    body = bytes.fromhex("000091") + bytes(2_097_152 - 3)
    data = envelope.PREFIX + bytes.fromhex("80808001") + body
    with pytest.raises(PeerError, match="2097152; 65537 at most"):
        envelope.decode(data)
    assert len(envelope.decode(data, max_p0=3_000_000).p0) == 2_097_149


def test_an_overlong_envelope_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(PeerError, match="at most"):
        envelope.split(envelope.PREFIX + bytes.fromhex("ff7f"), max_p0=100)


def test_p0_limit_is_the_same_with_and_without_sn() -> None:
    for cmd, sn in ((envelope.NOTIFY, None), (envelope.REQUEST, 1)):
        assert envelope.decode(envelope.encode(cmd, bytes(10), sn), max_p0=10).p0 == bytes(10)
        with pytest.raises(PeerError):
            envelope.decode(envelope.encode(cmd, bytes(11), sn), max_p0=10)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((envelope.REQUEST, b""), "0093 needs an sn"),
        ((envelope.NOTIFY, b"", 5), "0090 carries no sn"),
        ((envelope.REQUEST, b"", -1), "sn is four bytes"),
        ((envelope.REQUEST, b"", 2**32), "sn is four bytes"),
        ((0x10000, b""), "cmd is two bytes"),
        ((envelope.NOTIFY, b"", None, 256), "flag one"),
        ((envelope.NOTIFY, bytes(envelope.MAX_P0 + 1)), "at most"),
    ],
)
def test_what_cannot_be_encoded(arguments: tuple[int, bytes], text: str) -> None:
    with pytest.raises(LocalError, match=text):
        envelope.encode(*arguments)


def test_a_service_message_needs_prefix_and_command() -> None:
    for data in (b"", envelope.PREFIX + b"\x02", b"\x00\x00\x00\x04\x02\x0f"):
        with pytest.raises(PeerError):
            envelope.decode_service(data)


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    cmd = draw(st.one_of(st.sampled_from(sorted(meanings.ENVELOPES)), st.integers(0, 0xFFFF)))
    sn = draw(st.integers(0, 2**32 - 1)) if cmd in envelope.NUMBERED else None
    return Envelope(cmd, draw(st.integers(0, 255)), sn, draw(st.binary(max_size=300)))


def encode(one: Envelope) -> bytes:
    return envelope.encode(one.cmd, one.p0, one.sn, one.flag)


@given(envelopes())
def test_decoding_undoes_encoding(one: Envelope) -> None:
    assert envelope.decode(encode(one)) == one


@given(st.lists(envelopes(), max_size=4), st.integers(1, 40))
def test_a_stream_is_split_however_it_arrives(sent: list[Envelope], size: int) -> None:
    stream = b"".join(encode(one) for one in sent)
    buffer = bytearray()
    got = []
    for i in range(0, len(stream), size):
        buffer += stream[i : i + size]
        while True:
            found, used = envelope.split(buffer)
            if found is None:
                assert used == 0
                break
            got.append(found)
            del buffer[:used]
    assert got == sent
    assert not buffer


@given(st.one_of(st.binary(), st.binary().map(lambda rest: envelope.PREFIX + rest)))
def test_any_bytes_give_an_envelope_need_more_or_a_peer_error(data: bytes) -> None:
    try:
        found, used = envelope.split(data)
    except PeerError:
        return
    assert (found is None and used == 0) or (isinstance(found, Envelope) and 7 < used <= len(data))
