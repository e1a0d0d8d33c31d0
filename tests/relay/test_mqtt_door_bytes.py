"""The door's changes to the bytes of MQTT 3.1, without a socket. The oracle is paho, which speaks both."""

import socket
import struct

import paho.mqtt.client as mqtt
import pytest
from gagent import connect_31, packet, text
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from wxlink.relay.mqtt_door import connect as connects
from wxlink.relay.mqtt_door.connect import BadConnect, Connect, Will
from wxlink.relay.mqtt_door.packets import BadPacket, Packet, Type, check_type, join, split
from wxlink.relay.mqtt_door.uplink import PACKET_MAX, Uplink

DID = "Kq7mT2xW9bRf4LsVn8Zc3d"
PASSCODE = "GHTKLMWABQ"


def paho_connect(
    protocol: int, will: tuple[str, bytes, int, bool] | None = None, clean: bool = True
) -> bytes:
    """The CONNECT that paho writes."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=DID,
        clean_session=clean,
        protocol=mqtt.MQTTProtocolVersion(protocol),
    )
    client.username_pw_set(DID, PASSCODE)
    if will:
        client.will_set(*will)
    with socket.create_server(("127.0.0.1", 0)) as server:
        client.connect_timeout = 10
        client.connect("127.0.0.1", server.getsockname()[1], keepalive=120)
        peer, _ = server.accept()
        with peer:
            client.loop_write()
            peer.settimeout(10)
            data = b""
            while split(data, 1000) is None:
                data += peer.recv(1000)
        sock = client.socket()
        if sock:
            sock.close()
    return data


def read(data: bytes) -> Connect:
    found = split(data, connects.CONNECT_MAX)
    assert found is not None
    assert found[1] == len(data)
    return connects.read(found[0])


@pytest.mark.parametrize("will", [None, ("t/x", b"gone\0\xff", 2, True)])
@pytest.mark.parametrize("clean", [True, False])
def test_a_connect_of_3_1_becomes_the_one_that_a_client_of_3_1_1_sends(
    will: tuple[str, bytes, int, bool] | None, clean: bool
) -> None:
    old, new = paho_connect(3, will, clean), paho_connect(4, will, clean)
    assert b"MQIsdp\x03" in old
    assert b"MQTT\x04" in new
    assert connects.write(read(old)) == new
    assert connects.write(read(new)) == new


def test_gagents_own_connect_is_read() -> None:
    connect = read(connect_31(DID, PASSCODE))
    assert connect == Connect(3, DID, DID, PASSCODE.encode(), True, 120, None)
    assert PASSCODE not in repr(connect)


def body(flags: int, *fields: str | bytes, name: str = "MQIsdp", level: int = 3) -> bytes:
    return text(name) + bytes((level, flags, 0, 60)) + b"".join(text(field) for field in fields)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (body(0xC3, DID, DID, "P"), body(0xC2, DID, DID, "P", name="MQTT", level=4)),  # the reserved bit
        (body(0xFA, DID, DID, "P"), body(0xC2, DID, DID, "P", name="MQTT", level=4)),  # an absent will's bits
        (body(0xC2, DID, DID), body(0x82, DID, DID, name="MQTT", level=4)),  # promised and missing
        (body(0xC2, DID), body(0x02, DID, name="MQTT", level=4)),
        (body(0x42, DID, "P"), body(0x02, DID, name="MQTT", level=4)),  # a password alone
        (body(0x02, DID, level=0x83), body(0x02, DID, name="MQTT", level=4)),  # a bridge
    ],
)
def test_what_3_1_1_forbids_does_not_come_out(old: bytes, new: bytes) -> None:
    assert connects.write(connects.read(Packet(0x10, old))) == packet(0x10, new)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (body(0xC2, DID, DID, "P", name="MQTT", level=5), 1),
        (body(0xC2, DID, DID, "P", level=4), 1),
        (body(0xC2, DID, DID, "P", name="HTTP"), None),
        (body(0xC2, DID, DID, "P") + b"x", None),
        (body(0xC2, DID, DID)[:-1], None),
        (body(0x1E, DID, "t", "w"), None),
        (body(0xC2, b"\xff", DID, "P"), 2),
        (body(0xC2, DID, b"\xff", "P"), 4),
        (body(0xC2, DID, "a\0b", "P"), 4),
        (text("MQIsdp") + b"\x03", None),
        (b"", None),
    ],
)
def test_a_connect_that_cannot_be_served(data: bytes, code: int | None) -> None:
    with pytest.raises(BadConnect) as caught:
        connects.read(Packet(0x10, data))
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1", b"\xc0"])
def test_only_a_connect_begins(data: bytes) -> None:
    with pytest.raises(BadPacket):
        check_type(data, Type.CONNECT)
    check_type(b"", Type.CONNECT)
    check_type(b"\x10", Type.CONNECT)


wills = st.builds(Will, st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 2), st.booleans())
names = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)


users = st.one_of(st.just((None, None)), st.tuples(names, st.none() | st.binary(max_size=40)))
connects_4 = st.builds(
    lambda client_id, login, clean, keep_alive, will: Connect(4, client_id, *login, clean, keep_alive, will),
    names,
    users,
    st.booleans(),
    st.integers(0, 0xFFFF),
    st.none() | wills,
)


@given(connects_4)
def test_what_is_written_is_read_again(connect: Connect) -> None:
    assert read(connects.write(connect)) == connect


@given(st.binary(max_size=200))
def test_any_bytes_are_a_connect_or_an_error(data: bytes) -> None:
    for protocol in (b"", text("MQIsdp") + b"\x03", text("MQTT") + b"\x04"):
        try:
            connect = connects.read(Packet(0x10, protocol + data))
        except BadPacket:
            continue
        assert read(connects.write(connect)).client_id == connect.client_id


def test_flags_that_3_1_allows_are_set_right() -> None:
    subscribe = b"\0\1" + text("a") + b"\0"
    for old, new, rest in (
        (0x8A, 0x82, subscribe),  # DUP
        (0x80, 0x82, subscribe),
        (0xAA, 0xA2, b"\0\1" + text("a")),
        (0x6A, 0x62, b"\0\1"),
        (0xC8, 0xC0, b""),
        (0x4F, 0x40, b"\0\1"),
    ):
        assert Uplink(DID).feed(packet(old, rest)) == packet(new, rest)


@pytest.mark.parametrize("topic", ["cli2ser_req", "cli2ser"])
@pytest.mark.parametrize("first", [0x30, 0x31, 0x32, 0x3A])
def test_a_request_to_the_relay_gets_the_name_of_who_asks(topic: str, first: int) -> None:
    packet_id = b"\0\7" if first & 6 else b""
    payload = packet_id + bytes.fromhex("00000003020f")
    assert Uplink(DID).feed(packet(first, text(topic) + payload)) == packet(
        first, text(f"dev2app/{DID}/cli2ser") + payload
    )


def test_a_disconnect_is_kept_back_and_ends_the_stream() -> None:
    uplink = Uplink(DID)
    ping = b"\xc0\x00"
    assert uplink.feed(ping + b"\xe0\x00" + ping) == ping
    assert uplink.left
    assert uplink.feed(ping) == b""


@pytest.mark.parametrize(
    "data",
    [
        connect_31(DID, PASSCODE),
        b"\x00\x00",
        b"\xf0\x00",
        packet(0x20, b"\0\0"),
        packet(0x36, text("a") + b"\0\1"),  # QoS 3
        packet(0x30, b"\0"),
        packet(0x30, b"\0\5abc"),
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30" + struct.pack("BBB", 0xFF, 0xFF, 0x7F),
        join(0x30, bytes(PACKET_MAX + 1))[:4],
    ],
)
def test_what_no_module_sends_ends_the_stream(data: bytes) -> None:
    with pytest.raises(BadPacket):
        Uplink(DID).feed(data)


old_packets = st.one_of(
    st.builds(
        lambda topic, payload, dup: packet(0x32 | dup, text(topic) + b"\0\1" + payload),
        st.sampled_from(["cli2ser", "cli2ser_req", f"dev2app/{DID}", "x"]),
        st.binary(max_size=300),
        st.sampled_from([0, 8]),
    ),
    st.builds(lambda flags: packet(0x80 | flags, b"\0\1" + text("a") + b"\0"), st.integers(0, 15)),
    st.just(b"\xc0\x00"),
)


@given(st.lists(old_packets, max_size=8), st.data())
def test_pieces_of_whatever_size_make_the_same_whole_packets(
    stream: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(stream)
    at_once, piecewise = Uplink(DID).feed(whole), Uplink(DID)
    out = b""
    left = whole
    while left:
        size = data.draw(st.integers(1, len(left)))
        out += piecewise.feed(left[:size])
        left = left[size:]
    assert out == at_once
    at, seen = 0, []
    while at < len(out):
        found = split(out, PACKET_MAX, at)
        assert found is not None
        seen.append(found[0].type)
        at = found[1]
    assert seen == [one[0] >> 4 for one in stream]


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_garbage_is_whole_packets_or_an_error(pieces: list[bytes]) -> None:
    uplink, out = Uplink(DID), b""
    try:
        for piece in pieces:
            out += uplink.feed(piece)
    except BadPacket:
        return
    at = 0
    while at < len(out):
        found = split(out, PACKET_MAX, at)
        assert found is not None
        assert Type(found[0].type)
        at = found[1]
