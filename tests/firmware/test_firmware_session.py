"""The MQTT session on CPython: order, queue, time-outs. Brokers judge the bytes in test_mqtt_brokers."""

import pytest

from module import mqtt
from module import mqtt_packet as packet
from module.backoff import Backoff
from wxproto.errors import LocalError

CONNACK = bytes.fromhex("20020000")


def suback(client: mqtt.Client) -> bytes:
    """The broker's answer to the SUBSCRIBE that the client has just sent."""
    sent = client.data_to_send()
    at = sent.rindex(b"\x82")
    return b"\x90\x03" + sent[at + 2 : at + 4] + b"\x01"


def ready(client: mqtt.Client, now: int = 0) -> None:
    client.open(now)
    client.receive(CONNACK, now)
    assert client.receive(suback(client), now) == [mqtt.Ready(False)]


def new(**limits: int) -> mqtt.Client:
    return mqtt.Client("did", "did", "pass", (("a/#", 1),), **limits)


def payloads(client: mqtt.Client) -> list[bytes]:
    """Payloads (two bytes each, topic "t") of the PUBLISH packets to be sent."""
    data = client.data_to_send()
    found = []
    while data:
        size = 2 + data[1]
        if data[0] >> 4 == 3:
            found.append(data[size - 2 : size])
        data = data[size:]
    return found


def test_the_window_limits_what_is_under_way():
    client = new(window=2)
    ready(client)
    ids = [client.publish("t", b"m%d" % i, 1, 0) for i in range(4)]
    assert payloads(client) == [b"m0", b"m1"]
    assert client.receive(packet.puback(ids[0]), 0) == [mqtt.Delivered(ids[0])]
    assert payloads(client) == [b"m2"]
    assert client.queued == 3


def test_a_full_queue_gives_up_the_oldest_unsent_message_but_no_urgent_one():
    client = new(window=1, max_queued=2)
    ready(client)
    client.publish("t", b"m0", 1, 0)
    client.publish("p", b"p0", 1, 0, urgent=True)
    for i in range(1, 5):
        client.publish("t", b"m%d" % i, 1, 0)
    assert client.take_dropped() == 2
    assert client.take_dropped() == 0
    sent = payloads(client)
    for _ in range(3):
        client.receive(packet.puback(client._queue[0].packet_id), 0)
        sent += payloads(client)
    assert sent == [b"m0", b"p0", b"m3", b"m4"]


def test_the_bytes_held_are_limited_too():
    client = new(max_queued_bytes=100)
    for i in range(5):
        client.publish("t", bytes(40) + bytes((i,)), 1, 0)
    assert client.queued == 2
    with pytest.raises(LocalError):
        client.publish("t", bytes(101), 1, 0)


def test_an_urgent_message_replaces_its_unsent_predecessor():
    client = new()
    client.publish("p", b"p0", 1, 0, urgent=True)
    client.publish("t", b"m0", 1, 0)
    client.publish("p", b"p1", 1, 0, urgent=True)
    ready(client)
    assert client.queued == 2
    assert payloads(client) == [b"p1", b"m0"]


def test_a_new_connection_repeats_before_it_subscribes_and_only_then_sends_new_messages():
    client = new()
    ready(client)
    client.publish("t", b"m0", 1, 0)
    payloads(client)
    client.lost()
    client.publish("t", b"m1", 1, 0)
    client.open(0)
    client.data_to_send()
    client.receive(CONNACK, 0)
    out = client.data_to_send()
    assert out[0] == 0x3A, "DUP, QoS 1"
    assert out[2 + out[1]] == 0x82, "then SUBSCRIBE"
    assert b"m1" not in out


def test_an_old_acknowledgement_is_harmless():
    client = new()
    ready(client)
    packet_id = client.publish("t", b"m0", 1, 0)
    assert client.receive(packet.puback(packet_id) * 2, 0) == [mqtt.Delivered(packet_id)]


@pytest.mark.parametrize("data", [packet.puback(1), bytes.fromhex("9003000101"), bytes.fromhex("d000")])
def test_nothing_but_connack_may_come_first(data: bytes):
    client = new()
    client.open(0)
    with pytest.raises(mqtt.Unexpected):
        client.receive(data, 0)


def test_reserved_bits_of_a_connack_are_no_mqtt():
    client = new()
    client.open(0)
    with pytest.raises(packet.MalformedPacket):  # 3.2.2.1: bits 7 to 1 are 0
        client.receive(bytes.fromhex("20020200"), 0)


def test_refusals_have_their_own_errors():
    client = new()
    client.open(0)
    with pytest.raises(mqtt.Refused, match="bad user name or password"):
        client.receive(bytes.fromhex("20020004"), 0)
    client.lost()
    client.open(0)
    client.receive(CONNACK, 0)
    with pytest.raises(mqtt.Refused, match="a/#"):
        client.receive(suback(client)[:-1] + b"\x80", 0)


def test_every_wait_for_the_broker_ends():
    client = new(keep_alive_s=60, ack_timeout_ms=5000)
    client.open(1000)
    assert client.next_deadline() == 1000 + mqtt.CONNACK_TIMEOUT_MS
    with pytest.raises(mqtt.PeerSilent):
        client.poll(1000 + mqtt.CONNACK_TIMEOUT_MS)
    client.lost()
    assert client.next_deadline() is None
    ready(client, 0)
    client.poll(44_999)
    assert client.data_to_send() == b""
    client.poll(45_000)
    assert client.data_to_send() == packet.PINGREQ
    client.receive(bytes.fromhex("d000"), 46_000)
    client.publish("t", b"m0", 1, 50_000)
    assert client.next_deadline() == 55_000
    with pytest.raises(mqtt.PeerSilent, match="acknowledge"):
        client.poll(55_000)


def test_a_broker_that_takes_no_bytes_is_left():
    client = new()
    ready(client)
    for _ in range(mqtt.MAX_UNSENT // 1100):
        client.publish("t", bytes(1000), 0, 0)
    client.publish("t", bytes(700), 0, 0)
    with pytest.raises(mqtt.PeerSilent):
        client.publish("t", bytes(1000), 0, 0)


def test_qos_0_needs_a_connection():
    with pytest.raises(LocalError):
        new().publish("t", b"", 0, 0)


def test_back_off_draws_evenly_below_a_doubling_ceiling(seeded):
    backoff = Backoff(100, 1500, seeded.randbytes)
    draws = []
    for ceiling in (100, 200, 400, 800, 1500, 1500):
        assert backoff.ceiling_ms == ceiling
        draws.append(backoff.next_ms())
        assert 0 <= draws[-1] <= ceiling
    many = [backoff.next_ms() for _ in range(300)]
    assert min(many) < 300
    assert max(many) > 1200
    backoff.reset()
    assert backoff.ceiling_ms == 100
