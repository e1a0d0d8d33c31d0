"""The WebSocket conversation and the frames behind it, against published samples (ws_samples.json)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import COLOURS, METER, THREE, AppClient, Device, House, kit, live_house, until
from relay_ground import APPID

from wxproto import envelope

SAMPLES = json.loads(Path(__file__).with_name("ws_samples.json").read_text("utf-8"))
DID, UNBOUND = "Kq7mT2xW9bRf4LsVn8Zc3d", "Zz9yXx8wVv7uTt6sRr5qPp"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with live_house(tmp_path) as house:
        yield house


@pytest.fixture
async def device(house: House) -> Device:
    return await house.device()


@pytest.fixture
async def app(house: House, device: Device) -> AppClient:
    return await house.app("phone-1", device)


class Sample:
    """A published sample with the live device and user in the place of the printed ones."""

    def __init__(self, name: str, device: Device, app: AppClient, unbound: str = UNBOUND) -> None:
        text = json.dumps(SAMPLES[name])
        for printed, live in (
            (DID, device.did),
            (UNBOUND, unbound),
            ("11112222333344445555666677778888", app.uid),
            ("99990000aaaabbbbccccddddeeeeffff", app.token),
        ):
            text = text.replace(printed, live)
        self._sample: dict[str, Any] = json.loads(text)

    def __getattr__(self, key: str) -> Any:
        return self._sample[key]


@pytest.mark.parametrize("name", ["ws_login_ok", "ws_login_no_auto_subscribe_key", "ws_login_custom"])
async def test_login(name: str, device: Device, app: AppClient) -> None:
    assert SAMPLES[name]["request"]["data"]["appid"] == APPID
    sample = Sample(name, device, app)
    await app.open()
    assert await app.ask(sample.request) == sample.response


async def test_login_with_a_bad_token_and_again_on_the_same_socket(device: Device, app: AppClient) -> None:
    bad, good = Sample("ws_login_bad_token", device, app), Sample("ws_login_ok", device, app)
    await app.open()
    answer = await app.ask(bad.request)
    assert answer["cmd"] == bad.response["cmd"]
    assert answer["data"]["success"] is False
    assert await app.ask(good.request) == good.response


async def test_subscribe(house: House, device: Device, app: AppClient) -> None:
    other = await house.device("a1b2c3d4e5f7")
    sample = Sample("ws_subscribe", device, app, other.did)
    await app.login(auto_subscribe=False)
    assert await app.ask(sample.request) == sample.response


async def test_read(device: Device, app: AppClient) -> None:
    sample = Sample("ws_read", device, app)
    await app.login()
    await app.send(sample.request)
    _, asked = await device.command()
    assert (asked.cmd, asked.p0) == (envelope.NOTIFY, b"\x02")
    await device.report(kit(1, 10, 0, 254, 23, action=3))
    assert await app.receive() == sample.response


async def test_read_by_names_of_a_variable_length_product(house: House) -> None:
    device = await house.device(product_key=METER)
    app = await (await house.app("phone-1", device)).login()
    sample = Sample("ws_read_names_variable_length", device, app)
    await app.send(sample.request)
    _, asked = await device.command(1)  # the first one is the read when it came on-line
    assert asked.p0 == b"\x12\x02"  # one flag: LED_R is the data point with id 1
    await device.report(b"\x13\x02\x0a")
    assert await app.receive() == sample.response


async def test_write(device: Device, app: AppClient) -> None:
    sample = Sample("ws_write", device, app)
    await app.login()
    await app.send(sample.request)
    _, written = await device.command()
    # Flags 1110 for R, G, B; then the whole writable area: bits, R, G, B.
    assert (written.cmd, written.p0) == (envelope.NOTIFY, bytes.fromhex("010e00000000"))
    await device.report(kit(1, 0, 0, 0, 23))
    assert await app.receive() == sample.response


@pytest.mark.parametrize(
    ("name", "p0"),
    [
        # Flags, bits (bit 0 boolean, bits 1-2 LED_Color), 10 bytes of binary.
        ("ws_write_enum_escaped", "01 02 02 00000000000000000000"),
        ("ws_write_binary_bool", "01 05 01 61626300000000000000"),
    ],
)
async def test_write_of_enum_and_binary(house: House, name: str, p0: str) -> None:
    device = await house.device(product_key=COLOURS)
    app = await (await house.app("phone-1", device)).login()
    sample = Sample(name, device, app)
    await app.send(sample.request)
    _, written = await device.command()
    assert written.p0 == bytes.fromhex(p0)
    await device.report(b"\x04\x03abc" + bytes(7))
    shown = await app.receive()
    assert shown["data"]["attrs"] == {
        "boolean": True,
        "LED_Color": "黄色",
        "binary": [97, 98, 99, 0, 0, 0, 0, 0, 0, 0],
    }


async def test_write_with_a_number_is_acknowledged(device: Device, app: AppClient) -> None:
    sample = Sample("ws_write_with_sn_acked", device, app)
    await app.login()
    await app.send(sample.request)
    topic, asked = await device.command()
    assert asked.cmd == envelope.REQUEST
    await device.answer(topic, asked.sn)
    assert await app.receive() == sample.response


async def test_read_with_a_number_is_answered_to_the_asker_alone(
    house: House, device: Device, app: AppClient
) -> None:
    sample = Sample("ws_read_with_sn", device, app)
    await app.login()
    other = await (await house.app("phone-2", device)).login()
    await app.send(sample.request)
    topic, asked = await device.command()
    await device.answer(topic, asked.sn, kit(0, 1, 2, 3, 4, action=3))
    expected = sample.response
    expected["data"]["attrs"] |= {"LED_R": 1, "LED_G": 2, "LED_B": 3, "Temperature": 4}
    assert await app.receive() == expected
    await other.quiet()


async def test_a_devices_question_and_the_clients_acknowledgement(
    house: House, device: Device, app: AppClient
) -> None:
    sample = Sample("ws_noti_with_sn_and_client_ack", device, app)
    await app.login()
    other = await (await house.app("phone-2", device)).login()
    await device.report(kit(1, 1, 2, 3, 4), envelope.REQUEST, sn=21)
    expected = sample.server_push
    expected["data"]["attrs"] |= {"LED_R": 1, "LED_G": 2, "LED_B": 3, "Temperature": 4}
    assert await app.receive() == expected
    assert await other.receive() == expected
    await app.send(sample.client_reply)
    await app.quiet()
    await other.send(sample.client_reply)
    await other.quiet()
    _, answer = await device.command()
    assert (answer.cmd, answer.sn, answer.p0) == (envelope.ANSWER, 21, b"")
    assert len(device.commands()) == 1


async def test_raw_down_with_and_without_its_prefix(device: Device, app: AppClient) -> None:
    await app.login(p0_type="custom")
    whole, bare = Sample("ws_raw_down", device, app), Sample("ws_raw_bare_p0", device, app)
    await app.send(whole.request, bare.request)
    await until(lambda: len(device.commands()) == 2)
    first, second = (payload for _, payload, _ in device.commands())
    assert list(first) == whole.request["data"]["raw"]
    assert envelope.decode(second).cmd == envelope.NOTIFY
    assert list(envelope.decode(second).p0) == bare.request["data"]["raw"]


async def test_the_command_on_the_wire_is_the_published_one(device: Device, app: AppClient) -> None:
    wire = Sample("mqtt_control_0090", device, app)
    await app.login()
    frame = bytes.fromhex(wire.payload_hex)
    p0 = list(envelope.decode(frame).p0)
    await app.send({"cmd": "c2s_raw", "data": {"did": device.did, "raw": p0}})
    topic, _ = await device.command()
    assert topic.rpartition("/")[0] == wire.topic.rpartition("/")[0]
    assert device.commands()[0][1] == frame


async def test_raw_up(house: House) -> None:
    device = await house.device(product_key=THREE)
    app = await (await house.app("phone-1", device)).login(p0_type="custom")
    sample, wire = Sample("ws_raw_up", device, app), Sample("mqtt_report_0091", device, app)
    assert bytes(sample.server_push["data"]["raw"]) == bytes.fromhex(wire.payload_hex)
    assert await device.publish(wire.topic, bytes.fromhex(wire.payload_hex))
    assert await app.receive() == sample.server_push


@pytest.mark.parametrize("p0_type", ["custom", "attrs_v4"])
async def test_pass_through_data_is_raw_in_both_modes(device: Device, app: AppClient, p0_type: str) -> None:
    sample = Sample("ws_raw_up_two_byte_length", device, app)
    await app.login(p0_type=p0_type)
    assert await device.publish(f"dev2app/{device.did}", bytes(sample.server_push["data"]["raw"]))
    assert await app.receive() == sample.server_push


async def test_a_raw_question_keeps_the_clients_number(house: House) -> None:
    device = await house.device(product_key=THREE)
    app = await (await house.app("phone-1", device)).login(p0_type="custom")
    wire = Sample("mqtt_control_0093_0094", device, app)
    question, answer = bytes.fromhex(wire.request["payload_hex"]), bytes.fromhex(wire.response["payload_hex"])
    await app.send({"cmd": "c2s_raw", "data": {"did": device.did, "raw": list(question)}})
    topic, asked = await device.command()
    assert (asked.cmd, asked.p0) == (envelope.REQUEST, envelope.decode(question).p0)
    await device.answer(topic, asked.sn, envelope.decode(answer).p0)
    shown = await app.receive()
    assert shown == {"cmd": "s2c_raw", "data": {"did": device.did, "raw": list(answer)}}


async def test_a_hub_lists_its_sub_devices(device: Device, app: AppClient) -> None:
    sample = Sample("ws_hub_list_subdevices", device, app)
    await app.login()
    await app.send(sample.request)
    topic, asked = await device.command()
    assert (asked.cmd, asked.p0) == (envelope.REQUEST, b"\x5a")
    await device.answer(topic, asked.sn, b"\x5b\x00\x00")
    expected = envelope.encode(envelope.ANSWER, b"\x5b\x00\x00", sn=1)
    assert (await app.receive())["data"] == {"did": device.did, "raw": list(expected)}


async def test_coming_and_going(device: Device, app: AppClient) -> None:
    went, came = Sample("ws_offline_status", device, app), Sample("ws_online_status", device, app)
    await app.login()
    topic = f"dev2app/{device.did}/online"
    await device.publish(topic, b"0 00000001")
    await device.publish(topic, b"1 00000002")
    for sample in (went, came):
        expected = sample.server_push
        expected["data"]["is_online"] = expected["data"]["online"]  # one public client reads this name
        assert await app.receive() == expected


async def test_a_binding_that_ends(house: House, device: Device, app: AppClient) -> None:
    sample = Sample("ws_binding_changed", device, app)
    await app.login()
    await house.relay.service.unbind(app.uid, device.did)
    assert await app.receive() == sample.server_push


async def test_ping(device: Device, app: AppClient) -> None:
    sample = Sample("ws_heartbeat", device, app)
    await app.login()
    assert await app.ask(sample.request) == sample.response


async def test_a_device_that_is_not_bound_cannot_be_written(
    house: House, device: Device, app: AppClient
) -> None:
    other = await house.device("a1b2c3d4e5f7")
    sample = Sample("ws_write_unbound", device, app, other.did)
    await app.login()
    assert await app.ask(sample.request) == sample.response
    assert other.commands() == []


async def test_a_session_that_is_gone_asks_for_a_login(device: Device, app: AppClient) -> None:
    sample = Sample("ws_session_lost", device, app)
    await app.login()
    assert (await app.ask(app.login_req(token="f" * 32)))["data"]["success"] is False
    assert await app.ask({"cmd": "ping"}) == sample.server_push
    assert (await app.ask(sample.client_reply))["data"] == {"success": True}


async def test_the_module_asks_how_many_clients_watch(device: Device, app: AppClient) -> None:
    sample = Sample("mqtt_client_count", device, app)
    assert await device.publish(sample.request["topic"], bytes.fromhex(sample.request["payload_hex"]))
    await app.login()
    answer = (sample.response["topic"], bytes.fromhex(sample.response["payload_hex"]), 1)
    await until(lambda: answer in device.received)
