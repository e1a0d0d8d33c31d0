"""A module with the vendor's firmware from its first request to its reset, and an app that sees all of it."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from door_ground import Ground, Opened, on_operators_broker, on_own_broker
from gagent import GAgent
from live import KIT, AppClient, kit
from release_ground import IMAGE, mcu_file, released

from wxproto import envelope

POINTS = ("LED_OnOff", "LED_R", "LED_G", "LED_B", "Temperature")
NEW = "RESETRESET"


@pytest.fixture(params=[on_own_broker, on_operators_broker], ids=["nats-server", "mosquitto"])
async def ground(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ground]:
    opened: Opened = request.param
    async with opened(tmp_path) as ground:
        yield ground


@pytest.fixture
async def module(ground: Ground) -> GAgent:
    """A module that has registered and not yet connected."""
    return await ground.registered()


@pytest.fixture
async def app(ground: Ground, module: GAgent) -> AppClient:
    """An app that watches the module."""
    app = await ground.house.app()
    await ground.house.bind(app.uid, module.did)
    return await app.login()


async def next_of(app: AppClient, cmd: str) -> dict[str, Any]:
    while True:
        message = await app.receive()
        if message["cmd"] == cmd:
            data: dict[str, Any] = message["data"]
            return data


async def test_it_finds_the_door_and_is_seen_on_line(ground: Ground, module: GAgent, app: AppClient) -> None:
    assert module.port == ground.door
    assert module.host == "127.0.0.1"
    await module.come_online()
    assert (await next_of(app, "s2c_online_status"))["online"] is True
    await module.leave()
    assert (await next_of(app, "s2c_online_status"))["online"] is False


async def test_it_learns_how_many_watch_it(module: GAgent, app: AppClient) -> None:
    await module.come_online()
    assert (await module.message("ser2cli_res/"))[1] == bytes.fromhex("0000000302100001")
    await module.publish("cli2ser", bytes.fromhex("00000003020f"))  # as the snapshot of 2015 spells it
    assert (await module.message("ser2cli_res/"))[1] == bytes.fromhex("0000000302100001")
    await app.socket.close()
    assert (await module.message("ser2cli_res/"))[1] == bytes.fromhex("0000000302100000")


async def test_it_reports(module: GAgent, app: AppClient) -> None:
    await module.come_online()
    await module.send(envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5)))
    attrs = (await next_of(app, "s2c_noti"))["attrs"]
    assert [int(attrs[name]) for name in POINTS] == [1, 2, 3, 4, 5]


async def test_an_app_writes_and_reads(module: GAgent, app: AppClient) -> None:
    await module.come_online()
    await next_of(app, "s2c_online_status")
    await app.send({"cmd": "c2s_write", "data": {"did": module.did, "attrs": {"LED_R": 9}}})
    topic, data = await module.message("app2dev/")
    assert len(topic) == len(f"app2dev/{module.did}/") + 23
    written = envelope.decode(data)
    assert written.p0[:1] == b"\x01"
    if written.cmd == envelope.REQUEST:
        await module.send(envelope.encode(envelope.ANSWER, b"", written.sn), topic.rpartition("/")[2])
    await module.send(envelope.encode(envelope.REPORT, kit(0, 9, 0, 0, 0)))
    assert (await next_of(app, "s2c_noti"))["attrs"]["LED_R"] == 9


async def test_requests_go_both_ways(ground: Ground, module: GAgent, app: AppClient) -> None:
    await module.come_online()
    await next_of(app, "s2c_online_status")
    asked = await ground.relay.service.downlink.start_ask(module.did, b"\x02")
    topic, data = await module.message("app2dev/")
    command = envelope.decode(data)
    assert (command.cmd, command.p0) == (envelope.REQUEST, b"\x02")
    reply = kit(0, 9, 3, 4, 5, action=3)
    await module.send(envelope.encode(envelope.ANSWER, reply, command.sn), topic.rpartition("/")[2])
    assert await asked == reply
    await module.send(envelope.encode(envelope.REQUEST, kit(0, 8, 3, 4, 5), 77))
    assert (await next_of(app, "s2c_noti"))["attrs"]["LED_R"] in {8, 9}
    while not ground.relay.service.downlink.acknowledge(module.did, 77):
        await next_of(app, "s2c_noti")
    answer = envelope.decode((await module.message("app2dev/"))[1])
    assert (answer.cmd, answer.sn) == (envelope.ANSWER, 77)


async def test_it_fetches_new_software_for_its_mcu(ground: Ground, module: GAgent, tmp_path: Path) -> None:
    await module.come_online()
    assert await module.check_update("00000001") is None
    await released(ground.relay.store, tmp_path / "relay", mcu_file(tmp_path), "00000002", product_key=KIT)
    ground.relay.service.downlink.tell_firmware(module.did, 2)
    while (await module.message("ser2cli_res/"))[1] != bytes.fromhex("00000003021102"):
        pass
    found = await module.check_update("00000001")
    assert found
    assert found[0] == "00000002"
    assert f":{module.http_port}/" in found[1]
    md5 = hashlib.md5(IMAGE).hexdigest()  # noqa: S324
    assert await module.download(found[1]) == (IMAGE, md5, "00000002")
    assert await module.check_update("00000002") is None


async def test_a_reset_gives_it_another_did(ground: Ground, module: GAgent, app: AppClient) -> None:
    await module.come_online()
    first = module.did
    module.passcode = NEW
    assert await module.register() == 201
    assert module.did != first
    assert await module.retire(first) == 400  # the relay has forgotten it with the registration
    assert await ground.relay.store.bindings.get(app.uid, first) is None
    assert await module.provision() == 200
    assert await module.connect() == 0
    assert await module.retire(module.did) == 200
    assert await module.provision() == 404


async def test_the_http_door_has_nothing_but_the_calls_of_modules(ground: Ground, module: GAgent) -> None:
    for path in ("/healthz", "/app/users", "/ws/app/v1", "/", "/openapi.json"):
        assert await module.asks(f"GET {path}") == 404
