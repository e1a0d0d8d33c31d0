"""The MQTT packet layer on CPython, against the examples of the MQTT 3.1.1 standard."""

import pytest

from module import mqtt_login
from module import mqtt_packet as packet
from wxproto.errors import LocalError

# Packets a broker may send, written by hand from chapter 3 of the standard.
CONNACK = bytes.fromhex("20020100")
PUBLISH_QOS0 = bytes.fromhex("3007") + b"\x00\x03a/bhi"
PUBLISH_QOS1_DUP = bytes.fromhex("3a09") + b"\x00\x03a/b\x00\x0ahi"
PUBACK = bytes.fromhex("4002000a")
SUBACK = bytes.fromhex("9005000b010080")
PINGRESP = bytes.fromhex("d000")
STREAM = CONNACK + PUBLISH_QOS0 + PUBLISH_QOS1_DUP + PUBACK + SUBACK + PINGRESP
PACKETS = [
    packet.Control(packet.CONNACK, b"\1\0"),
    packet.Publish("a/b", b"hi", qos=0, dup=False, retain=False, packet_id=None),
    packet.Publish("a/b", b"hi", qos=1, dup=True, retain=False, packet_id=10),
    packet.Control(packet.PUBACK, b"\0\x0a"),
    packet.Control(packet.SUBACK, b"\0\x0b\1\0\x80"),
    packet.Control(packet.PINGRESP, b""),
]


def test_connect_carries_will_credentials_and_a_kept_session():
    data = mqtt_login.connect("d", "u", "p", keep_alive_s=10, clean=False, will=("w", b"0 x", 1))
    assert data[:2] == b"\x10\x1b"
    # Figure 3.6 of the standard shows CE for clean + will QoS 1 + no retain; without "clean" it is CC.
    assert data[2:12] == bytes.fromhex("00044d51545404cc000a")
    assert data[12:] == b"\x00\x01d" + b"\x00\x01w" + b"\x00\x030 x" + b"\x00\x01u" + b"\x00\x01p"


@pytest.mark.parametrize(
    ("size", "digits"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001"), (2_097_151, "ffff7f")],
)
def test_remaining_lengths_are_those_of_table_2_4(size: int, digits: str):
    head = b"\x30" + bytes.fromhex(digits)
    if size >= 2:
        assert packet.publish("", bytes(size - 2)).startswith(head)
    assert packet.PINGREQ == b"\xc0\x00"


def test_packets_to_the_broker():
    assert packet.publish("a/b", b"hi") == PUBLISH_QOS0
    assert packet.publish("a/b", b"hi", 1, dup=True, packet_id=10) == PUBLISH_QOS1_DUP
    assert packet.puback(10) == PUBACK
    assert (
        mqtt_login.subscribe(10, (("a/b", 1), ("c/d", 2)))
        == bytes.fromhex("820e000a") + b"\x00\x03a/b\x01\x00\x03c/d\x02"
    )
    assert packet.DISCONNECT == b"\xe0\x00"


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_how_the_stream_is_split_changes_nothing(size: int):
    decoder = packet.Decoder()
    found = []
    for start in range(0, len(STREAM), size):
        found += decoder.feed(STREAM[start : start + size])
    assert found == PACKETS


@pytest.mark.parametrize(
    "data",
    [
        "f000",
        "30ffffffff7f",
        "200300",
        "2002000000",
        "340600016100" + "0161",
        "320400016100",
        "3205000161" + "0000",
        "3003000061",
        "3004000561",
        "30040002c328",
        "420200",
        "400100",
        "90020001",
        "d00100",
        "8203000161",
    ],
)
def test_malformed_packets_are_refused(data: str):
    decoder = packet.Decoder()
    with pytest.raises(packet.MalformedPacket):
        decoder.feed(bytes.fromhex(data) + bytes(8))


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("split", [1, 100, 6000])
def test_an_oversize_message_is_named_and_skipped(qos: int, split: int):
    data = packet.publish("a/b", bytes(5000), qos, packet_id=7 if qos else None) + PUBLISH_QOS0
    decoder = packet.Decoder(max_packet=512)
    found = []
    for start in range(0, len(data), split):
        found += decoder.feed(data[start : start + split])
    assert found == [packet.Oversize("a/b", 5007 if qos else 5005, qos, 7 if qos else None), PACKETS[1]]


def test_what_cannot_be_skipped_ends_the_connection():
    with pytest.raises(packet.PacketTooLarge):
        packet.Decoder(max_packet=512).feed(bytes.fromhex("30ffff7f") + bytes(8))
    with pytest.raises(packet.PacketTooLarge):
        packet.Decoder(max_packet=512).feed(bytes.fromhex("90ff7f") + bytes(8))
    with pytest.raises(packet.PacketTooLarge):
        packet.Decoder(max_packet=512).feed(bytes.fromhex("30ff7f7fff") + bytes(8))


def test_impossible_packets_are_our_error():
    with pytest.raises(LocalError):
        packet.publish("a", b"", 1)
    with pytest.raises(LocalError):
        packet.publish("a", b"", 2, packet_id=1)
    with pytest.raises(LocalError):
        packet.puback(0)
    with pytest.raises(LocalError):
        packet.publish("a" * 70_000, b"")
    with pytest.raises(LocalError):
        packet.Decoder(max_packet=64)
