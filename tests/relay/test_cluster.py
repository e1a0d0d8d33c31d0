"""Two relays on three nodes are one: events, answers, counts and logins do not care which relay has whom."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from acceptance.nodes import Nodes
from live import AppClient, Device, House, kit, stock, until, until_async

from wxlink.relay.app import Relay, RelayError
from wxlink.relay.settings import RelaySettings
from wxproto import envelope


@dataclass
class Site:
    """Three nodes, two relays on one store, and a house on the first relay."""

    nodes: Nodes
    one: Relay
    two: Relay
    session: aiohttp.ClientSession
    house: House

    async def app_at(self, relay: Relay, app: AppClient) -> AppClient:
        """The same user at another relay."""
        return AppClient(relay, self.session, app.uid, app.token)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    nodes = Nodes(tmp_path / "nodes")
    await nodes.start()

    def relay(name: str) -> Relay:
        settings = RelaySettings(
            data_dir=tmp_path / name,
            port=0,
            store_url=f"sqlite+aiosqlite:///{tmp_path}/shared.sqlite3",
            nats_urls=nodes.nats_urls,
            nats_mqtt_urls=nodes.mqtt_urls,
            nats_secrets=nodes.secrets_path,
            relay_name=name,
        )
        return Relay(settings)

    async with relay("one") as one, relay("two") as two, aiohttp.ClientSession() as session:
        await stock(one.store)
        house = House(one, session)
        yield Site(nodes, one, two, session, house)
        await house.close()
    nodes.stop()


async def test_two_relays_are_one(site: Site) -> None:
    """One start of the cluster costs seconds: this is the whole of a device's day."""
    device = await site.house.device()
    here = await site.house.app("phone-1", device)
    there = await site.app_at(site.two, here)
    for app in (here, there):
        await app.login()

    # What is reported reaches the sockets of both, whichever relay stored it; a report that one relay stores
    # after the other stored a later one is told to nobody.
    for number in range(20):
        await device.report(kit(1, number, 0, 0, 0))
    for app in (here, there):
        told = [(await app.receive())["data"]["attrs"]["LED_R"]]
        while told[-1] != 19:
            told.append((await app.receive())["data"]["attrs"]["LED_R"])
        assert told == sorted(set(told))

    async def all_stored() -> bool:
        return len(await site.one.store.states.reports(device.did, 0, 1e12, 100)) == 20

    await until_async(all_stored)

    # A command's answer reaches the relay that asked, whichever relay heard it.
    for number, app in enumerate((here, there) * 5):
        write = {"did": device.did, "attrs": {"LED_OnOff": True}}
        await app.send({"cmd": "c2s_write", "req_sn": number, "data": write})
        topic, frame = await device.command(number)
        assert frame.cmd == envelope.REQUEST
        await device.answer(topic, frame.sn or 0)
        assert await app.receive() == {"cmd": "s2c_ack", "res_sn": number, "did": device.did}

    # A device's own question is answered once, whichever relay heard it and whoever answers.
    for number, app in enumerate((here, there) * 3, 100):
        asked = len(device.commands())
        await device.report(kit(1, 7, 0, 0, 0), envelope.REQUEST, number)
        for hearing in (here, there):
            assert (await hearing.receive())["cmd"] == "s2c_noti"
        for _ in range(2):
            await app.send({"cmd": "c2s_ack", "did": device.did, "res_sn": number})
        topic, frame = await device.command(asked)
        assert (frame.cmd, frame.sn) == (envelope.ANSWER, number)
        assert len(device.commands()) == asked + 1

    # The module is told of the clients of all relays.
    assert client_counts(device)[-1] == 2
    await here.socket.close()
    await until(lambda: client_counts(device)[-1] == 1)
    await here.login()
    await until(lambda: client_counts(device)[-1] == 2)

    # A device that goes is off-line for the clients of both, and who waits for its answer learns it at once.
    await there.send({"cmd": "c2s_write", "req_sn": 7, "data": {"did": device.did, "attrs": {"LED_R": 1}}})
    await device.command(len(device.commands()) - 1)
    await device.vanish()
    told = [(await there.receive())["cmd"] for _ in range(2)]
    assert sorted(told) == ["s2c_invalid_msg", "s2c_online_status"]
    assert (await here.receive())["cmd"] == "s2c_online_status"

    # A binding that ends at one relay ends at the other.
    await site.one.service.unbind(here.uid, device.did)
    for app in (here, there):
        assert (await app.receive())["cmd"] == "s2c_binding_changed"


def client_counts(device: Device) -> list[int]:
    """What the module was told of its clients."""
    told = [payload for topic, payload, _ in device.received if topic == f"ser2cli_res/{device.did}"]
    return [int.from_bytes(payload[-2:], "big") for payload in told]


async def test_a_relay_of_a_cluster_says_what_is_missing(tmp_path: Path) -> None:
    for more, message in (
        ({}, "wxlink cluster init"),
        ({"nats_secrets": tmp_path / "none"}, "cannot be read"),
    ):
        settings = RelaySettings(data_dir=tmp_path, port=0, nats_urls=("nats://127.0.0.1:1",), **more)
        with pytest.raises(RelayError, match=message):
            async with Relay(settings):
                pass
