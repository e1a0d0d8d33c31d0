"""The door for MQTT 3.1: who comes in, how long they may stay, and what hostile peers reach."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from door_ground import Ground, Opened, on_operators_broker, on_own_broker
from gagent import GAgent, connect_31, packet, text
from live import COLOURS, KIT, kit, live_relay, until, until_async

from wxlink.relay.errors import ApiError
from wxlink.relay.events import DeviceEvent, OnlineChanged
from wxlink.relay.mqtt_door import conversation, side
from wxlink.relay.mqtt_door.guests import Guest, Guests
from wxproto import envelope

NOBODY = "0" * 22


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with on_own_broker(tmp_path) as ground:
        yield ground


@pytest.fixture(params=[on_own_broker, on_operators_broker], ids=["nats-server", "mosquitto"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    opened: Opened = request.param
    async with opened(tmp_path) as ground:
        yield ground


async def test_every_way_to_go_is_told(either: Ground) -> None:
    module = await either.registered()
    events: list[DeviceEvent] = []
    either.relay.bus.watch(module.did, events.append)

    async def goes(keep_alive: int = 120) -> None:
        assert await module.connect(keep_alive=keep_alive) == 0
        await either.online(module.did)

    await goes()
    await module.leave()
    await either.online(module.did, False)
    await goes()
    module.vanish()
    await either.online(module.did, False)
    await goes()
    module.half_close()
    await module.ended()
    await either.online(module.did, False)
    await goes(keep_alive=1)
    await module.ended()
    await either.online(module.did, False)
    told = [event.online for event in events if isinstance(event, OnlineChanged)]
    assert told == [True, False] * 4
    with pytest.raises(ApiError) as caught:
        await either.relay.service.downlink.send(module.did, b"\x02")
    assert caught.value.code == 9042


async def test_a_module_that_comes_again_before_it_was_missed_stays_on_line(either: Ground) -> None:
    module, again = await either.registered(), await either.registered()
    assert module.did == again.did
    await module.come_online()
    await again.come_online()
    await module.ended()
    await again.send(envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5)))
    await _stored(either, again.did)
    await either.online(again.did, True)
    await again.ping()


async def test_what_a_module_says_last_is_not_lost(ground: Ground) -> None:
    module = await ground.registered()
    await module.come_online()
    for number in range(50):
        await module.send(envelope.encode(envelope.REPORT, kit(1, number, 3, 4, 5)))
    await module.leave()
    await ground.online(module.did, False)
    await _stored(ground, module.did, 50)


async def test_what_comes_with_the_connect_comes_after_the_presence(ground: Ground) -> None:
    module = await ground.registered()
    await module.dial()
    report = envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5))
    rest = packet(0x30, text(f"dev2app/{module.did}") + report) + b"\xc0\x00"
    await module.write(connect_31(module.did, module.passcode) + rest)
    assert await module.read() == (0x20, b"\0\0")
    assert await module.read() == (0xD0, b"")
    await _stored(ground, module.did)


async def test_a_repeated_subscribe_is_taken(ground: Ground) -> None:
    module = await ground.registered()
    assert await module.connect() == 0
    assert await module.subscribe(f"ser2cli_res/{module.did}", first=0x8A) == b"\0"


async def test_other_devices_topics_are_closed(ground: Ground) -> None:
    module, other = await ground.registered(), await ground.registered("accf23999999")
    await module.come_online()
    await other.come_online()
    for topic in (f"app2dev/{other.did}/#", "#", f"dev2app/{module.did}", f"ser2cli_res/{other.did}"):
        assert await module.subscribe(topic) == b"\x80"
    await module.publish(f"dev2app/{other.did}", envelope.encode(envelope.REPORT, kit(9, 9, 9, 9, 9)))
    await module.publish(f"dev2app/{other.did}/online", b"0 00000000")
    await module.publish(f"dev2app/{other.did}/cli2ser", bytes.fromhex("00000003020f"))
    await module.send(envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5)))
    await _stored(ground, module.did)
    assert await ground.relay.store.states.reports(other.did, 0.0, 1e12, 10) == []
    await ground.online(other.did)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"passcode": "WRONGWRONG"}, "wrong passcode"),
        ({"did": NOBODY}, "there is no such device"),
        ({"did": "wxlink-relay"}, "not a did"),
    ],
)
async def test_who_is_not_let_in(
    ground: Ground, caplog: pytest.LogCaptureFixture, changed: dict[str, str], reason: str
) -> None:
    module = await ground.registered()
    for name, value in changed.items():
        setattr(module, name, value)
    assert await module.connect() == 5
    await module.ended()
    await until(lambda: reason in caplog.text)
    assert "127.0.0.1" in caplog.text
    assert module.passcode not in caplog.text


async def test_whoever_guesses_is_not_looked_at_any_more(ground: Ground) -> None:
    module = await ground.registered()
    right, module.passcode = module.passcode, "WRONGWRONG"
    for _ in range(5):
        assert await module.connect() == 5
    module.passcode = right
    assert await module.connect() == 5


async def test_a_product_that_is_closed(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    module = await ground.registered()
    await module.come_online()
    await ground.relay.store.doors.close(KIT)
    await module.ended()
    await ground.online(module.did, False)
    caplog.clear()
    assert await module.connect() == 5
    await until(lambda: f"`wxlink doors on {KIT}` opens it" in caplog.text)
    assert await module.provision() == 400
    assert await module.register() == 400
    assert await module.check_update("00000001") is None
    stranger = ground.module("accf23111111")
    stranger.product_key = COLOURS
    assert await stranger.register() == 400
    await ground.relay.store.doors.open(KIT, 0.0)
    await module.come_online()


async def test_our_own_module_needs_no_open_product(ground: Ground) -> None:
    await ground.relay.store.doors.close(KIT)
    service = ground.relay.service
    did = await service.register_module(KIT, "a0b1c2d3e4f5", "OURPASSCOD", "ab" * 32)
    usual = service.settings.endpoints()
    assert (await service.broker_for(did, usual)).port == ground.relay.mqtt_port


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x10\xff\xff\xff\xff",
        b"\x10\xff\xff\xff\x7f" + bytes(4096),
        b"\xc0\x00",
        packet(0x10, text("MQTT") + b"\x05\x02\0\x3c" + text(NOBODY)),
        packet(0x10, text("MQIsdp") + b"\x03\xc2\0\x3c"),
    ],
)
async def test_garbage_ends_the_connection_at_once(ground: Ground, data: bytes) -> None:
    stranger = await GAgent(0, KIT, "", "").dial(ground.door)
    await stranger.write(data)
    await stranger.ended()
    await _emptied(ground)


async def test_garbage_after_the_connect_ends_the_connection(ground: Ground) -> None:
    module = await ground.registered()
    await module.come_online()
    await module.write(connect_31(module.did, module.passcode))
    await module.ended()
    await ground.online(module.did, False)


async def test_who_says_nothing_is_cut(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "CONNECT_WITHIN_S", 0.3)
    idle = await GAgent(0, KIT, "", "").dial(ground.door)
    slow = await GAgent(0, KIT, "", "").dial(ground.door)
    await slow.write(b"\x10\x50\x00\x06MQI")
    await idle.ended()
    await slow.ended()
    await _emptied(ground)


async def test_a_thousand_half_open_connections_keep_no_module_out(ground: Ground) -> None:
    module = await ground.registered()
    strangers = [await asyncio.open_connection("127.0.0.1", ground.door) for _ in range(1_000)]
    try:
        await module.come_online()
        await module.ping()
    finally:
        for _, writer in strangers:
            writer.transport.abort()


async def test_a_module_that_reads_nothing_is_cut(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side, "WRITE_WITHIN_S", 0.5)
    module = await ground.registered()
    await module.come_online()
    await ground.online(module.did)
    module.deafen()

    async def gone() -> bool:
        with contextlib.suppress(ConnectionError):  # as many as the relay's own link takes at a time
            for _ in range(50):
                ground.relay.ingest.publish(f"app2dev/{module.did}/x", bytes(16_000))
        device = await ground.relay.store.devices.get(module.did)
        return device is not None and not device.online

    await until_async(gone)
    module.vanish()


async def test_the_broker_away_is_said(ground: Ground) -> None:
    module = await ground.registered()
    await module.come_online()
    broker = ground.relay.broker
    assert broker
    await broker.stop()
    await module.ended()
    assert await module.connect() == 3


async def test_a_stop_of_the_relay_ends_all_and_complains_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with on_own_broker(tmp_path) as ground:
            module = await ground.registered()
            await module.come_online()
            await ground.online(module.did)
            idle = await GAgent(0, KIT, "", "").dial(ground.door)
    await module.ended()
    await idle.ended()
    assert caplog.text == ""


async def test_what_is_open_is_said_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with on_own_broker(tmp_path) as ground:
            doors = (ground.door, ground.relay.settings.door_http_port)
        assert all(f"is open on 127.0.0.1:{port}, unencrypted" in caplog.text for port in doors)
        assert "lets nobody in yet" in caplog.text
        caplog.clear()
        async with on_own_broker(tmp_path):
            pass
    assert KIT in caplog.text
    assert "lets nobody in yet" not in caplog.text


async def test_without_the_settings_nothing_listens(tmp_path: Path) -> None:
    async with live_relay(tmp_path) as relay:
        assert relay.settings.door_mqtt_port is None
        assert relay.settings.door_http_port is None


def test_those_who_wait_longest_make_room() -> None:
    cut: list[str] = []
    guests = Guests(most=5, of_address=4, waiting=3, waiting_of_address=2)

    def enter(name: str, address: str) -> Guest | None:
        return guests.enter(address, lambda: cut.append(name))

    a, b = enter("a", "x"), enter("b", "x")
    assert a
    assert b
    c = enter("c", "x")
    assert c
    assert cut == ["a"]
    d = enter("d", "y")
    assert d
    guests.spoke(b)
    e = enter("e", "y")
    assert e
    assert cut == ["a"]
    assert len(guests) == 5
    assert enter("f", "z") is None
    guests.leave(a)
    f = enter("f", "z")
    assert f
    assert cut == ["a", "c"]
    for guest in (b, c, d, e, f):
        guests.leave(guest)
    assert len(guests) == 0
    one = [enter("g", "x") for _ in range(6)]
    assert one.count(None) == 2


async def _stored(ground: Ground, did: str, count: int = 1) -> None:
    async def enough() -> bool:
        return len(await ground.relay.store.states.reports(did, 0.0, 1e12, 1_000)) >= count

    await until_async(enough)


async def _emptied(ground: Ground) -> None:
    """Nothing is left of strangers: a module is served, and it is alone."""
    module = await ground.registered()
    await module.come_online()
