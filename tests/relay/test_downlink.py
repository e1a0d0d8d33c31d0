"""Commands and questions to devices, over a real broker."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live import KIT, Device, House, kit, live_house, until
from relay_ground import PASSCODE, Wire

from wxlink.relay.downlink import MAX_ASKS_PER_DEVICE, MAX_P0_BYTES, MAX_REQUESTS, Asks, Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxproto import envelope

READ = b"\x02"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with live_house(tmp_path) as house:
        yield house


@pytest.fixture
async def device(house: House) -> Device:
    return await house.device()


def downlink(house: House) -> Downlink:
    service: Service = house.relay.service
    return service.downlink


def refused(code: int) -> "pytest.RaisesExc[ApiError]":
    return pytest.raises(ApiError, match=rf"^{code} ")


async def test_a_command_goes_out_as_the_published_frame(house: House, device: Device) -> None:
    await downlink(house).send(device.did, b"\x01\x01")
    await until(device.commands)
    topic, payload, qos = device.commands()[0]
    prefix, did, client_id = topic.split("/")
    assert (prefix, did, qos) == ("app2dev", device.did, 1)
    assert client_id.startswith("usr")
    assert len(client_id) == 23
    assert client_id[3:].isdecimal()
    assert payload == bytes.fromhex("0000000305000090 0101".replace(" ", ""))


async def test_an_answer_finds_its_question_by_number(house: House, device: Device) -> None:
    first = await downlink(house).start_ask(device.did, READ)
    second = await downlink(house).start_ask(device.did, READ)
    topic, one = await device.command(0)
    _, two = await device.command(1)
    assert one.cmd == two.cmd == envelope.REQUEST
    assert one.sn != two.sn
    await device.answer(topic, two.sn, kit(0, 2, 0, 0, 0, action=3))
    assert await second == kit(0, 2, 0, 0, 0, action=3)
    assert not first.done()
    await device.answer(topic, one.sn)
    assert await first == b""


async def test_an_answer_that_holds_a_status_is_stored_too(house: House, device: Device) -> None:
    asking = asyncio.create_task(downlink(house).ask(device.did, READ))
    topic, asked = await device.command()
    await device.answer(topic, asked.sn, kit(1, 7, 8, 9, 30, action=3))
    await asking
    state = await house.relay.store.states.latest(device.did)
    assert state.attrs["LED_B"] == 9


async def test_an_answer_without_the_client_id_in_its_topic_counts(house: House, device: Device) -> None:
    asking = await downlink(house).start_ask(device.did, READ)
    _, asked = await device.command()
    await device.report(b"", envelope.ANSWER, asked.sn)
    assert await asking == b""


async def test_answers_to_another_client_or_of_another_device_do_not_count(
    house: House, device: Device
) -> None:
    other = await house.device("a1b2c3d4e5f7")
    asking = await downlink(house).start_ask(device.did, READ, within_s=0.5)
    topic, asked = await device.command()
    await device.answer("app2dev/x/usr00000000000000000001", asked.sn)
    await other.answer(topic, asked.sn)
    with refused(9021):
        await asking


async def test_silence_is_reported_in_time(house: House, device: Device) -> None:
    with refused(9021):
        await downlink(house).ask(device.did, READ, within_s=0.05)
    assert downlink(house).open_asks == 0


async def test_a_device_that_goes_fails_what_waits_for_it(house: House, device: Device) -> None:
    asking = await downlink(house).start_ask(device.did, READ)
    await device.publish(f"dev2app/{device.did}/online", b"0 00000001")
    with refused(9042):
        await asking


async def test_what_cannot_be_sent_is_refused(house: House, device: Device) -> None:
    sleeping = (await house.relay.store.devices.register(KIT, "a1b2c3d4e5f7", PASSCODE, 0.0)).did
    with refused(9042):
        await downlink(house).send(sleeping, READ)
    with refused(9014):
        await downlink(house).send("Zz9yXx8wVv7uTt6sRr5qPp", READ)
    with refused(9015):
        await downlink(house).send(device.did, bytes(MAX_P0_BYTES + 1))
    await downlink(house).send(device.did, bytes(MAX_P0_BYTES))
    await until(device.commands)
    assert len(envelope.decode(device.commands()[0][1]).p0) == MAX_P0_BYTES
    await house.relay.store.devices.set_disabled(device.did, True)
    with refused(9023):
        await downlink(house).send(device.did, READ)


async def test_a_device_that_answers_nothing_cannot_gather_questions(house: House, device: Device) -> None:
    for _ in range(MAX_ASKS_PER_DEVICE):
        await downlink(house).start_ask(device.did, READ)
    with refused(9041):
        await downlink(house).start_ask(device.did, READ)
    await downlink(house).send(device.did, READ)


async def test_without_a_broker_commands_are_refused_and_work_again_later(
    house: House, device: Device
) -> None:
    assert house.relay.broker
    assert house.relay.broker.pid
    os.kill(house.relay.broker.pid, signal.SIGKILL)
    await until(lambda: not house.relay.ingest.connected)
    with refused(9021):
        await downlink(house).send(device.did, READ)
    await house.relay.ingest.wait_up(10)
    await downlink(house).send(device.did, READ)
    await until(device.commands)


async def test_a_devices_own_question_is_answered_once(house: House, device: Device) -> None:
    told: list[object] = []
    house.relay.bus.watch(device.did, told.append)
    await device.report(kit(1, 1, 1, 1, 1), envelope.REQUEST, sn=21)
    await until(lambda: [one for one in told if getattr(one, "sn", None) == 21])  # not that it is on-line
    assert downlink(house).acknowledge(device.did, 22) is False
    assert downlink(house).acknowledge(device.did, 21) is True
    assert downlink(house).acknowledge(device.did, 21) is False
    _, answer = await device.command()
    assert (answer.cmd, answer.sn, answer.p0) == (envelope.ANSWER, 21, b"")


def test_questions_of_devices_are_forgotten_beyond_a_limit() -> None:
    asks = Asks()
    for sn in range(MAX_REQUESTS + 1):
        asks.requested("Kq7mT2xW9bRf4LsVn8Zc3d", sn)
    assert not asks.take_request("Kq7mT2xW9bRf4LsVn8Zc3d", 0)
    assert asks.take_request("Kq7mT2xW9bRf4LsVn8Zc3d", 1)


async def test_the_module_is_told_how_many_watch(house: House, device: Device) -> None:
    def counts() -> list[str]:
        return [
            payload.hex() for topic, payload, _ in device.received if topic == f"ser2cli_res/{device.did}"
        ]

    none, one = "0000000302100000", "0000000302100001"
    await until(lambda: counts() == [none])  # when it came on-line
    leave = house.relay.bus.watch(device.did, lambda _event: None)
    await until(lambda: counts() == [none, one])
    leave_too = house.relay.bus.watch(device.did, lambda _event: None)
    leave()
    await device.publish(f"dev2app/{device.did}/online", b"1 00000002")
    await until(lambda: counts() == [none, one, one])
    leave_too()
    await until(lambda: counts() == [none, one, one, none])


async def test_the_broker_being_away_is_an_error_for_commands_only() -> None:
    async def status(_did: str) -> None:
        return None

    wire = Wire(down=True)
    Downlink(wire, status).tell_client_count("Kq7mT2xW9bRf4LsVn8Zc3d", 1)
    assert wire.messages == []
