"""What devices publish reaches the store and the watchers once, in order, through real brokers."""

import asyncio
import logging
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ingest_ground import Ground, on_bundled, on_jetstream, on_mosquitto
from live import KIT, METER, Device, kit, stock, until, until_async
from relay_ground import MAC, PASSCODE

from wxlink.relay.events import DeviceEvent, OnlineChanged, Reported, Undecodable
from wxlink.relay.ingest import Endpoint
from wxlink.relay.store import Store
from wxproto import envelope


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Store]:
    """A store with the products."""
    opened = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/relay.sqlite3")
    await stock(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def ground(tmp_path: Path, shelf: Store) -> AsyncIterator[Ground]:
    async with on_bundled(tmp_path, shelf) as ground:
        yield ground


@pytest.fixture(params=[on_bundled, on_jetstream, on_mosquitto])
async def any_ground(request: pytest.FixtureRequest, tmp_path: Path, shelf: Store) -> AsyncIterator[Ground]:
    """On each broker, in each way."""
    async with request.param(tmp_path, shelf) as ground:
        yield ground


async def test_a_report_is_stored_and_told(any_ground: Ground) -> None:
    ground = any_ground
    device = await ground.device().come_online(ground.endpoint.port)
    await device.report(kit(1, 17, 34, 51, 26))
    await until(lambda: len(ground.events) == 2)
    online, reported = ground.events
    assert vars_of(online) == (ground.did, MAC, PASSCODE, True)
    assert isinstance(reported, Reported)
    assert reported.attrs == {"LED_OnOff": True, "LED_R": 17, "LED_G": 34, "LED_B": 51, "Temperature": 26}
    assert (reported.cmd, reported.sn) == (0x91, None)
    assert reported.envelope == bytes.fromhex("00000003 09 00 0091 04 01 11 22 33 1a".replace(" ", ""))
    state = await ground.store.states.latest(ground.did)
    assert state.attrs == reported.attrs
    assert await ground.contents() == [kit(1, 17, 34, 51, 26)]
    await device.leave()


def vars_of(event: DeviceEvent) -> tuple[object, ...]:
    assert isinstance(event, OnlineChanged)
    return (event.did, event.mac, event.passcode, event.online)


async def test_a_thousand_reports_arrive_once_and_in_order(any_ground: Ground) -> None:
    ground = any_ground
    device = await ground.device().come_online(ground.endpoint.port)
    sent = [kit(1, number % 250, number // 250, 0, 0) for number in range(1000)]
    for p0 in sent:
        device.send(envelope.encode(envelope.REPORT, p0))
    await until(lambda: len(ground.reports()) == 1000)
    assert await ground.contents() == sent
    assert [event.p0 for event in ground.reports()] == sent
    await device.leave()


async def test_garbage_is_counted_told_and_stops_nothing(
    any_ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    ground = any_ground
    device = await ground.device().come_online(ground.endpoint.port)
    garbage = [
        b"",
        b"\x00\x00\x00\x03",
        b"hello",
        envelope.encode(envelope.REPORT, b"\x04\x01"),
        envelope.encode(envelope.REPORT, b"\x14\x07\x01\x00\x00"),
        envelope.encode(envelope.REPORT, b""),
        envelope.encode(envelope.NOTIFY, kit(1, 2, 3, 4, 5)),
        envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5)) + b"\0",
        b"\x00\x00\x00\x03\x05\x00\x00\x93\x00\x00",
    ]
    with caplog.at_level(logging.WARNING):
        for payload in garbage:
            assert await device.publish(f"dev2app/{ground.did}", payload)
        assert await device.publish(f"dev2app/{ground.did}/online", b"2 xyz")
        await device.report(kit(1, 1, 1, 1, 1))
        await until(ground.reports)
    assert await ground.contents() == [kit(1, 1, 1, 1, 1)]
    assert ground.ingest.undecipherable == len(garbage) + 1
    assert sum(isinstance(event, Undecodable) for event in ground.events) == len(garbage) + 1
    assert caplog.text.count(f"message of device {ground.did} dropped") == 1
    await device.leave()


async def test_a_device_that_is_not_registered_is_dropped_and_logged_once(
    shelf: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_mosquitto(tmp_path, shelf) as ground:
        stranger = await Device("Zz9yXx8wVv7uTt6sRr5qPp").connect(ground.endpoint.port)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await stranger.report(kit(1, 1, 1, 1, 1))
            await stranger.publish("dev2app/not-a-did", b"x")
            await until(lambda: ground.ingest.undecipherable == 4)
        assert caplog.text.count("Zz9yXx8wVv7uTt6sRr5qPp dropped: there is no such device") == 1
        assert caplog.text.count("names no device") == 1
        await stranger.leave()


async def test_variable_length_reports_are_merged_and_told_as_they_came(ground: Ground) -> None:
    did = (await ground.store.devices.register(METER, "a1b2c3d4e5f7", PASSCODE, 0.0)).did
    ground.bus.watch(did, ground.events.append)
    meter = await Device(did).connect(ground.endpoint.port)
    await meter.report(bytes.fromhex("14 03 01 0a".replace(" ", "")))  # flags 011: on, LED_R 10
    await meter.report(bytes.fromhex("1404 14".replace(" ", "")))  # flags 100: LED_G 20
    await until(lambda: len(ground.reports()) == 2)
    assert [event.attrs for event in ground.reports()] == [{"LED_OnOff": True, "LED_R": 10}, {"LED_G": 20}]
    assert (await ground.store.states.latest(did)).attrs == {"LED_OnOff": True, "LED_R": 10, "LED_G": 20}
    await meter.leave()


async def test_pass_through_data_is_kept_and_told_without_data_points(ground: Ground) -> None:
    device = await ground.device().come_online(ground.endpoint.port)
    await device.report(b"\x06any bytes")
    await until(ground.reports)
    assert ground.reports()[0].attrs is None
    assert ground.reports()[0].p0 == b"\x06any bytes"
    assert (await ground.store.states.latest(ground.did)).attrs == {}
    await device.leave()


async def test_presence_follows_the_latest_connection(any_ground: Ground) -> None:
    ground = any_ground
    device = await ground.device().come_online(ground.endpoint.port, connection="0000000a")
    topic = f"dev2app/{ground.did}/online"
    await until(lambda: len(ground.events) == 1)
    await device.publish(topic, b"1 0000000b")
    await device.publish(topic, b"0 0000000a")  # the late will of the earlier connection
    await device.report(kit(1, 0, 0, 0, 0))
    await until(ground.reports)
    found = await ground.store.devices.get(ground.did)
    assert found
    assert found.online
    await device.publish(topic, b"0 0000000b")
    await until(
        lambda: [vars_of(e)[-1] for e in ground.events if isinstance(e, OnlineChanged)] == [True, False]
    )
    found = await ground.store.devices.get(ground.did)
    assert found
    assert not found.online
    await device.leave()


async def test_the_will_of_a_device_that_vanishes_puts_it_off_line(any_ground: Ground) -> None:
    ground = any_ground
    device = await ground.device(steady=False).come_online(ground.endpoint.port, connection="00000001")
    await until(lambda: len(ground.events) == 1)
    await device.vanish()
    await until(lambda: len(ground.events) == 2)
    assert vars_of(ground.events[1])[-1] is False


async def test_what_came_while_the_relay_was_away_is_stored_when_it_is_back(any_ground: Ground) -> None:
    ground = any_ground
    device = await ground.device().come_online(ground.endpoint.port)
    await device.report(kit(1, 1, 0, 0, 0))
    await ground.stored(1)
    await ground.ingest.stop()
    for number in range(2, 6):
        await device.report(kit(1, number, 0, 0, 0))
    assert len(await ground.contents()) == 1
    async with ground.another():
        await ground.stored(5)
        assert await ground.contents() == [kit(1, number, 0, 0, 0) for number in range(1, 6)]
    await device.leave()


async def test_a_stopping_relay_takes_leave_of_the_broker(tmp_path: Path, shelf: Store) -> None:
    """Mosquitto writes down whether a client said DISCONNECT or only vanished."""
    async with on_mosquitto(tmp_path, shelf) as ground:
        await ground.ingest.stop()
        log = tmp_path / "mosquitto.log"
        await until(lambda: "Client wxlink-relay " in log.read_text("utf-8"))
        assert "Client wxlink-relay disconnected." in log.read_text("utf-8")


async def test_stopped_before_the_commit_nothing_is_lost_doubled_or_turned_back(
    any_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker may repeat the first report after it delivers the second: the latest state is the second."""
    ground = any_ground
    monkeypatch.setattr("wxlink.relay.ingest.batches.DRAIN_WITHIN_S", 0.1)
    device = await ground.device().come_online(ground.endpoint.port)
    await until(lambda: ground.events)
    (worker,) = (task for task in asyncio.all_tasks() if task.get_name() == "ingest")
    with locked(ground.folder) as lock:
        await device.report(kit(1, 1, 0, 0, 0))
        await until(lambda: ground.ingest.unstored == 1)
        stopping = asyncio.create_task(ground.ingest.stop())
        await until(worker.cancelling)
        lock.rollback()
        await stopping
    assert await ground.contents() == []
    async with ground.another():
        await device.report(kit(1, 2, 0, 0, 0))
        await ground.stored(2)
        assert sorted(await ground.contents()) == [kit(1, 1, 0, 0, 0), kit(1, 2, 0, 0, 0)]
        assert (await ground.store.states.latest(ground.did)).attrs["LED_R"] == 2
        await until(ground.reports)
    assert ground.reports()[-1].p0 == kit(1, 2, 0, 0, 0)
    await device.leave()


async def test_committed_but_never_acknowledged_is_not_stored_again(ground: Ground) -> None:
    """The broker is stopped while the commit waits, so that it never reads the acknowledgement."""
    assert ground.broker
    assert ground.broker.pid
    device = await ground.device().come_online(ground.endpoint.port)
    await until(lambda: ground.events)
    sent = [kit(1, 1, 0, 0, 0), kit(0, 2, 0, 0, 0), kit(1, 1, 0, 0, 0)]
    with locked(ground.folder):
        for p0 in sent:
            await device.report(p0)
        await until(lambda: ground.ingest.unstored == 3)
        os.kill(ground.broker.pid, signal.SIGSTOP)
    await ground.stored(3)
    os.kill(ground.broker.pid, signal.SIGKILL)
    await until(lambda: not ground.ingest.connected)
    await ground.ingest.wait_up(10)
    last = kit(0, 9, 0, 0, 0)
    await until(lambda: device.codes.count("Success") == 2)
    await device.report(last)
    await ground.stored(4)
    assert await ground.contents() == [*sent, last]
    assert (await ground.store.states.latest(ground.did)).attrs["LED_R"] == 9
    await device.leave()


async def test_a_store_that_fails_is_tried_again_and_nothing_is_acknowledged(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    """A real error of SQLite: its table is gone for a while."""
    device = await ground.device().come_online(ground.endpoint.port)
    await until(lambda: ground.events)
    rename(ground.folder, "history", "hidden")
    with caplog.at_level(logging.ERROR):
        await device.report(kit(1, 1, 0, 0, 0))
        await until(lambda: "nothing is acknowledged" in caplog.text)
    assert ground.ingest.unstored == 1
    rename(ground.folder, "hidden", "history")
    await ground.stored(1)
    await until(lambda: ground.ingest.unstored == 0)
    assert await ground.contents() == [kit(1, 1, 0, 0, 0)]
    await device.leave()


async def test_no_acknowledged_report_is_lost_when_the_broker_is_killed(ground: Ground) -> None:
    assert ground.broker
    device = await ground.device().come_online(ground.endpoint.port)
    sent = [kit(1, number % 250, number // 250, 0, 0) for number in range(600)]
    for number, p0 in enumerate(sent):
        device.send(envelope.encode(envelope.REPORT, p0))
        if number in (150, 400):
            await until(lambda number=number: device.acknowledged > number - 100)
            assert ground.broker.pid
            os.kill(ground.broker.pid, signal.SIGKILL)
            await until(lambda: not ground.ingest.connected)
            await ground.ingest.wait_up(10)
    await until(lambda: device.acknowledged == 1 + len(sent))

    async def all_there() -> bool:
        return set(await ground.contents()) == set(sent)

    await until_async(all_there)
    assert (await ground.store.states.latest(ground.did)).attrs["LED_G"] == 2
    await device.leave()


async def test_a_device_that_went_with_the_broker_is_found_out(ground: Ground) -> None:
    """Its will died with the broker: only a comparison with the new one can tell."""
    assert ground.broker
    assert ground.broker.pid
    gone = await ground.device(steady=False).come_online(ground.endpoint.port)
    other = (await ground.store.devices.register(KIT, "a1b2c3d4e5f7", PASSCODE, 0.0)).did
    stays = await Device(other).come_online(ground.endpoint.port)
    await until(lambda: ground.events)
    os.kill(ground.broker.pid, signal.SIGKILL)
    await until(lambda: gone.lost == 1)

    async def off_line() -> bool:
        device = await ground.store.devices.get(ground.did)
        return device is not None and not device.online

    await until_async(off_line)
    assert vars_of(ground.events[-1])[-1] is False
    await until(lambda: stays.codes.count("Success") == 2)
    await gone.leave()
    await stays.leave()


def test_the_brokers_address_hides_its_password() -> None:
    endpoint = Endpoint.from_url("mqtts://me:p%40ss@broker.example", {})
    assert (endpoint.host, endpoint.port, endpoint.user, endpoint.password) == (
        "broker.example",
        8883,
        "me",
        "p@ss",
    )
    assert "p@ss" not in repr(endpoint)
    environ = {"WXLINK_BROKER_USER": "u", "WXLINK_BROKER_PASSWORD": "p"}
    assert Endpoint.from_url("mqtt://host", environ).password == "p"
    with pytest.raises(ValueError, match="mqtt://host:1883") as refused:
        Endpoint.from_url("http://me:secret@host")
    assert "secret" not in str(refused.value)


@contextmanager
def locked(folder: Path) -> Iterator[sqlite3.Connection]:
    """Hold SQLite's write lock from another connection, until it is rolled back."""
    connection = sqlite3.connect(folder / "relay.sqlite3", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.rollback()
    connection.close()


def rename(folder: Path, before: str, after: str) -> None:
    connection = sqlite3.connect(folder / "relay.sqlite3")
    connection.execute(f"ALTER TABLE {before} RENAME TO {after}")
    connection.close()
