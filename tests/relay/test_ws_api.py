"""The WebSocket conversation beyond the published samples: order, refusals, who is told what."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import METER, AppClient, Device, House, kit, live_house, until
from relay_ground import APPID

from wxproto import envelope

NOBODY = "Zz9yXx8wVv7uTt6sRr5qPp"
PING = {"cmd": "ping"}


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


def read(did: str, **more: Any) -> dict[str, Any]:
    return {"cmd": "c2s_read", "data": {"did": did}, **more}


def write(did: str, **attrs: Any) -> dict[str, Any]:
    return {"cmd": "c2s_write", "data": {"did": did, "attrs": attrs}}


def code(message: dict[str, Any]) -> int:
    assert message["cmd"] == "s2c_invalid_msg", message
    number: int = message["data"]["error_code"]
    return number


async def test_what_follows_a_login_in_one_go_waits_for_it(device: Device, app: AppClient) -> None:
    await app.open()
    subscribe = {"cmd": "subscribe_req", "data": [{"did": device.did, "passcode": "GHTKLMWABQ"}]}
    await app.send(app.login_req(auto_subscribe=False), subscribe, read(device.did, req_sn=4), PING)
    assert [(await app.receive())["cmd"] for _ in range(3)] == ["login_res", "subscribe_res", "pong"]
    topic, asked = await device.command()
    await device.answer(topic, asked.sn, kit(1, 2, 3, 4, 5, action=3))
    assert (await app.receive())["res_sn"] == 4


async def test_nothing_is_pushed_before_the_login_is_answered(
    house: House, device: Device, app: AppClient
) -> None:
    """Reports come all the time while clients log in: each first hears of its login."""
    stop = asyncio.Event()

    async def chatter() -> None:
        while not stop.is_set():
            await device.report(kit(1, 2, 3, 4, 5))

    talking = asyncio.create_task(chatter())
    for _ in range(20):
        await app.open()
        await app.send(app.login_req())
        assert (await app.receive())["cmd"] == "login_res"
        assert (await app.receive())["cmd"] == "s2c_noti"
        await app.socket.close()
    stop.set()
    await talking


async def test_commands_before_a_login_are_refused_and_the_socket_stays(
    device: Device, app: AppClient
) -> None:
    await app.open()
    for message in (read(device.did), {"cmd": "subscribe_req", "data": []}, PING, write(device.did, LED_R=1)):
        assert code(await app.ask(message)) == 1003
    assert (await app.ask(app.login_req()))["data"] == {"success": True}


async def test_a_login_that_does_not_fit_fails_and_can_be_repeated(app: AppClient) -> None:
    await app.open()
    for wrong in ({"token": "0" * 32}, {"uid": "0" * 32}, {"appid": "0" * 32}, {"token": None}, {"uid": 7}):
        answer = await app.ask(app.login_req(**wrong))
        assert answer["cmd"] == "login_res"
        assert answer["data"]["success"] is False
        assert answer["data"]["msg"]
    assert (await app.ask(app.login_req()))["data"] == {"success": True}


async def test_a_second_login_on_the_socket_changes_the_user(
    house: House, device: Device, app: AppClient
) -> None:
    stranger = await house.app("phone-2")
    await app.login()
    data = {"appid": APPID, "uid": stranger.uid, "token": stranger.token, "p0_type": "attrs_v4"}
    assert (await app.ask({"cmd": "login_req", "data": data}))["data"] == {"success": True}
    assert code(await app.ask(read(device.did))) == 9017
    await device.report(kit(1, 2, 3, 4, 5))
    await app.quiet()
    assert house.relay.bus.watchers(device.did) == 0


async def test_without_a_subscription_a_device_can_be_read_but_is_not_heard(
    device: Device, app: AppClient
) -> None:
    await app.login(auto_subscribe=False)
    await app.send(read(device.did))
    await device.command()
    await device.report(kit(1, 2, 3, 4, 5, action=3))
    await app.quiet()


async def test_subscribing_names_what_failed_and_why(house: House, device: Device, app: AppClient) -> None:
    other = await house.device("a1b2c3d4e5f7")
    await app.login(auto_subscribe=False)
    dids = [device.did, other.did, NOBODY, "not a did", device.did]
    answer = await app.ask({"cmd": "subscribe_req", "data": [{"did": did} for did in dids]})
    assert [entry["did"] for entry in answer["data"]["success"]] == [device.did]
    assert [(entry["did"], entry["error_code"]) for entry in answer["data"]["failed"]] == [
        (other.did, 9017),
        (NOBODY, 9014),
        ("not a did", 9014),
    ]
    empty = await app.ask({"cmd": "subscribe_req", "data": []})
    assert empty == {"cmd": "subscribe_res", "data": {"success": [], "failed": []}}


async def test_a_device_bound_later_is_heard_and_one_unbound_no_more(house: House, device: Device) -> None:
    app = await (await house.app("phone-1")).login()
    await house.bind(app.uid, device.did)
    expected = {"cmd": "s2c_binding_changed", "data": {"did": device.did, "bind": True}}
    assert await app.receive() == expected
    await device.report(kit(1, 2, 3, 4, 5))
    assert (await app.receive())["cmd"] == "s2c_noti"
    await house.relay.service.unbind(app.uid, device.did)
    assert (await app.receive())["data"] == {"did": device.did, "bind": False}
    await device.report(kit(1, 2, 3, 4, 5))
    await app.quiet()
    assert code(await app.ask(read(device.did))) == 9017


async def test_every_socket_of_every_user_hears_a_report_in_its_mode(
    house: House, device: Device, app: AppClient
) -> None:
    await app.login()
    first = app.socket
    await app.login(p0_type="custom")
    other = await (await house.app("phone-2", device)).login()
    await device.report(kit(1, 2, 3, 4, 5))
    attrs = {"LED_OnOff": True, "LED_R": 2, "LED_G": 3, "LED_B": 4, "Temperature": 5}
    noti = {"cmd": "s2c_noti", "data": {"did": device.did, "attrs": attrs}}
    raw = list(envelope.encode(envelope.REPORT, kit(1, 2, 3, 4, 5)))
    assert json.loads((await first.receive()).data) == noti
    assert await app.receive() == {"cmd": "s2c_raw", "data": {"did": device.did, "raw": raw}}
    assert await other.receive() == noti


async def test_a_variable_length_report_names_only_what_it_holds(house: House) -> None:
    device = await house.device(product_key=METER)
    app = await (await house.app("phone-1", device)).login()
    await device.report(b"\x14\x06\x0a\x14")
    assert (await app.receive())["data"]["attrs"] == {"LED_R": 10, "LED_G": 20}


async def test_what_a_device_reports_wrongly_is_told_and_stops_nothing(
    device: Device, app: AppClient
) -> None:
    await app.login()
    await device.report(b"\x04\x01")
    told = await app.receive()
    assert code(told) == 9015
    assert device.did in told["data"]["detail_message"]
    await device.report(kit(1, 2, 3, 4, 5))
    assert (await app.receive())["cmd"] == "s2c_noti"


async def test_requests_to_a_device_that_cannot_take_them(
    house: House, device: Device, app: AppClient
) -> None:
    await app.login()
    assert code(await app.ask(read(NOBODY))) == 9014
    await device.publish(f"dev2app/{device.did}/online", b"0 00000001")
    assert (await app.receive())["cmd"] == "s2c_online_status"
    for message in (read(device.did), write(device.did, LED_R=1), read(device.did, req_sn=1)):
        answer = await app.ask(message)
        assert answer["data"] == {"error_code": 9042, "msg": "device offline!"}
    assert device.commands() == []


async def test_a_value_that_does_not_fit_is_refused_by_name(device: Device, app: AppClient) -> None:
    await app.login()
    for name, value in (
        ("LED_X", 1),
        ("LED_R", "red"),
        ("LED_OnOff", 2),
        ("Temperature", 20),
        ("LED_R", None),
    ):
        answer = await app.ask(write(device.did, **{name: value}))
        assert code(answer) == 9025
        assert answer["data"]["msg"] == "attr invalid!"
        assert name in answer["data"]["detail_message"]
    assert device.commands() == []


async def test_attribute_requests_are_forbidden_in_custom_mode(device: Device, app: AppClient) -> None:
    await app.login(p0_type="custom")
    assert code(await app.ask(read(device.did))) == 9015
    assert code(await app.ask(write(device.did, LED_R=1))) == 9015


WRONG_FORMS = (
    "",
    "hello",
    "[]",
    "7",
    "null",
    '{"cmd": 7}',
    '{"cmd": "unknown"}',
    '{"cmd": "c2s_read"}',
    '{"cmd": "c2s_read", "data": {"did": 7}}',
    '{"cmd": "c2s_read", "data": {"did": "x"}, "req_sn": "1"}',
    '{"cmd": "c2s_read", "data": {"did": "x", "names": "all"}}',
    '{"cmd": "c2s_write", "data": {"did": "x"}}',
    '{"cmd": "c2s_write", "data": {"did": "x", "attrs": {"a": NaN}}}',
    '{"cmd": "c2s_raw", "data": {"did": "x", "raw": [256]}}',
    '{"cmd": "c2s_raw", "data": {"did": "x", "raw": "0102"}}',
    '{"cmd": "c2s_ack", "did": "x"}',
    '{"cmd": "subscribe_req", "data": {"did": "x"}}',
    '{"cmd": "subscribe_req", "data": [{"did": null}]}',
    "[" * 50_000,
    '{"cmd": "c2s_read", "req_sn": ' + "9" * 5_000 + "}",
)


async def test_messages_of_the_wrong_form_are_answered_and_the_socket_stays(app: AppClient) -> None:
    await app.login()
    for text in WRONG_FORMS:
        await app.socket.send_str(text)
        assert code(await app.receive()) == 9015, text[:80]
    await app.quiet()


async def test_malformed_raw_frames_are_refused(device: Device, app: AppClient) -> None:
    await app.login()
    for raw in ([], [0, 0, 0, 3], [0, 0, 0, 3, 3, 0, 0, 0x91], [0, 0, 0, 3, 3, 0, 0, 0x90]):
        message = {"cmd": "c2s_raw", "data": {"did": device.did, "raw": raw}}
        assert code(await app.ask(message)) == 9015
    assert device.commands() == []


async def test_a_client_in_custom_mode_answers_a_devices_question_raw(device: Device, app: AppClient) -> None:
    await app.login(p0_type="custom")
    await device.report(kit(1, 2, 3, 4, 5), envelope.REQUEST, sn=9)
    assert (await app.receive())["cmd"] == "s2c_raw"
    raw = list(envelope.encode(envelope.ANSWER, b"", sn=9))
    await app.send({"cmd": "c2s_raw", "data": {"did": device.did, "raw": raw}})
    _, answer = await device.command()
    assert (answer.cmd, answer.sn) == (envelope.ANSWER, 9)


async def test_a_stranger_cannot_answer_for_the_user(house: House, device: Device, app: AppClient) -> None:
    await app.login()
    stranger = await (await house.app("phone-2")).login()
    await device.report(kit(1, 2, 3, 4, 5), envelope.REQUEST, sn=9)
    await app.receive()
    assert code(await stranger.ask({"cmd": "c2s_ack", "res_sn": 9, "did": device.did})) == 9017
    await app.send({"cmd": "c2s_ack", "data": {"res_sn": 9, "did": device.did}})
    _, answer = await device.command()
    assert (answer.cmd, answer.sn) == (envelope.ANSWER, 9)


async def test_a_device_that_answers_wrongly_is_reported_to_the_asker(device: Device, app: AppClient) -> None:
    await app.login()
    await app.send(read(device.did, req_sn=5))
    topic, asked = await device.command()
    await device.answer(topic, asked.sn, b"\x5b\x00")
    assert code(await app.receive()) == 9015


async def test_a_waiting_request_does_not_hold_up_the_next_message(device: Device, app: AppClient) -> None:
    await app.login()
    await app.send(read(device.did, req_sn=5), PING, read(device.did, req_sn=6))
    assert await app.receive() == {"cmd": "pong"}
    topic, second = await device.command(1)
    await device.answer(topic, second.sn)
    assert await app.receive() == {"cmd": "s2c_ack", "res_sn": 6, "did": device.did}
    _, first = await device.command(0)
    await device.answer(topic, first.sn)
    assert (await app.receive())["res_sn"] == 5


async def test_a_closed_socket_watches_nothing(house: House, device: Device, app: AppClient) -> None:
    await app.login()
    assert house.relay.bus.watchers(device.did) == 1
    await app.socket.close()
    await until(lambda: house.relay.bus.watchers(device.did) == 0)
