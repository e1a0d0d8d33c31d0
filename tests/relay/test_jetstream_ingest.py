"""Relays that share a stream: each message is stored by one, once, whatever becomes of the others."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from ingest_ground import Ground, on_jetstream
from live import METER, Device, kit, stock, until, until_async
from relay_ground import PASSCODE

from wxlink.relay.ingest import stream_pull
from wxlink.relay.store import Store
from wxproto import envelope


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/relay.sqlite3")
    await stock(store)
    async with on_jetstream(tmp_path, store) as ground:
        yield ground
    await store.close()


async def test_two_relays_share_the_work_and_store_each_message_once(ground: Ground) -> None:
    did = (await ground.store.devices.register(METER, "a1b2c3d4e5f7", PASSCODE, 0.0)).did
    meter = await Device(did).connect(ground.endpoint.port)
    async with ground.another() as other:
        assert other.connected or await other.wait_up(10) is None
        seed = random.randrange(1 << 32)
        print("seed", seed)
        draw = random.Random(seed)
        sent = [bytes((0x14, 2 if draw.random() < 0.5 else 4, number % 250)) for number in range(600)]
        for p0 in sent:
            meter.send(envelope.encode(envelope.REPORT, p0))

        async def all_there() -> bool:
            return len(await ground.contents(did)) >= len(sent)

        await until_async(all_there)
    assert await ground.contents(did) == sent
    last = {flags: [p0[2] for p0 in sent if p0[1] == flags][-1] for flags in (2, 4)}
    assert (await ground.store.states.latest(did)).attrs == {"LED_R": last[2], "LED_G": last[4]}
    await meter.leave()


async def test_a_message_of_qos_0_is_stored_once_though_nobody_keeps_it(ground: Ground) -> None:
    device = await ground.device().come_online(ground.endpoint.port)
    async with ground.another() as other:
        await other.wait_up(10)
        for number in range(5):
            device.send(envelope.encode(envelope.REPORT, kit(1, number, 0, 0, 0)), qos=0)
        await ground.stored(5)
        await device.report(kit(1, 9, 0, 0, 0))
        await ground.stored(6)
    assert len(await ground.contents()) == 6
    await device.leave()


async def test_what_a_relay_took_and_never_stored_goes_to_another(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes messages and says nothing stands for a relay that was killed."""
    monkeypatch.setattr(stream_pull, "ACK_WAIT_S", 1.0)
    await ground.ingest.stop()
    assert ground.broker
    login = ground.broker.relay_login
    thief = await nats.connect(ground.broker.nats_url, user=login.user, password=login.password)
    stolen = await thief.jetstream().pull_subscribe_bind("wxlink-relay", stream="$MQTT_msgs")
    device = await Device(ground.did).connect(ground.endpoint.port)
    for number in range(10):
        await device.report(kit(1, number, 0, 0, 0))
    assert len(await stolen.fetch(4, timeout=5)) == 4
    async with ground.another():
        await ground.stored(10)
        assert await ground.contents() == [kit(1, number, 0, 0, 0) for number in range(10)]
        assert (await ground.store.states.latest(ground.did)).attrs["LED_R"] == 9
    await thief.close()
    await device.leave()


async def test_what_was_stored_and_not_acknowledged_is_not_stored_again(ground: Ground) -> None:
    """All that the stream has is given out a second time, by a consumer that is made anew."""
    assert ground.broker
    device = await ground.device().come_online(ground.endpoint.port)
    login = ground.broker.relay_login
    link = await nats.connect(ground.broker.nats_url, user=login.user, password=login.password)
    manager = link.jsm()
    # A second consumer keeps the messages in the stream, which else ends with the last interest in them.
    await manager.add_consumer("$MQTT_msgs", durable_name="keeper", ack_policy="explicit")
    for number in range(5):
        await device.report(kit(1, number, 0, 0, 0))
    await ground.stored(5)
    await until(lambda: ground.ingest.unstored == 0)
    await manager.delete_consumer("$MQTT_msgs", "wxlink-relay")
    await until(lambda: not ground.ingest.connected)
    await until(lambda: ground.ingest.connected)
    await device.report(kit(1, 5, 0, 0, 0))
    await ground.stored(6)

    async def nothing_waits() -> bool:
        info = await manager.consumer_info("$MQTT_msgs", "wxlink-relay")
        return not info.num_pending and not info.num_ack_pending

    await until_async(nothing_waits)
    assert await ground.contents() == [kit(1, number, 0, 0, 0) for number in range(6)]
    await link.close()
    await device.leave()


async def test_commands_reach_a_sleeping_device_when_it_wakes(ground: Ground) -> None:
    device = await ground.device().come_online(ground.endpoint.port)
    await device.leave()
    frame = envelope.encode(envelope.NOTIFY, kit(1, 1, 1, 1, 1))
    ground.ingest.publish(f"app2dev/{ground.did}/usr00000000000000000001", frame)
    await asyncio.sleep(0)
    woken = Device(ground.did)
    await woken.connect(ground.endpoint.port)
    assert (await woken.command())[1].p0 == kit(1, 1, 1, 1, 1)
    await woken.leave()
