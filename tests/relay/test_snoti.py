"""Server push over TLS: login, subscriptions, events of a real device, commands, both dialects."""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from live import COLOURS, KIT, METER, Device, kit, until_async
from relay_ground import APPID, MAC, PASSCODE
from snoti_ground import MAKER, STATUS, Server, served

from wxlink.relay.store import EVENT_TYPES, User


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with served(tmp_path) as standing:
        yield standing


@pytest.fixture
async def device(server: Server) -> AsyncIterator[Device]:
    registered = await server.relay.store.devices.register(KIT, MAC, PASSCODE, 0.0)
    opened = Device(registered.did)
    yield opened
    await opened.leave()


async def online(server: Server, device: Device) -> None:
    await device.come_online(server.relay.mqtt_port)

    async def known() -> bool:
        found = await server.relay.store.devices.get(device.did)
        return found is not None and found.online

    await until_async(known)


async def test_a_device_is_heard_from_its_coming_to_its_going(server: Server, device: Device) -> None:
    peer = await server.login(server.entry())
    await online(server, device)
    about = {"product_key": KIT, "did": device.did, "mac": MAC, "group_id": None}
    came = await peer.event()
    assert came.items() >= {**about, "event_type": "device_online", "ip": "", "country": ""}.items()
    assert isinstance(came["created_at"], float)
    await device.report(kit(1, 2, 3, 4, 5))
    raw, kv = await peer.events(2)
    assert raw.items() >= {**about, "event_type": "device_status_raw"}.items()
    assert b64decode(raw["data"]) == kit(1, 2, 3, 4, 5)
    assert kv.items() >= {**about, "event_type": "device_status_kv"}.items()
    assert kv["data"] == {"LED_OnOff": True, "LED_R": 2, "LED_G": 3, "LED_B": 4, "Temperature": 5}
    await device.publish(f"dev2app/{device.did}/online", b"0 00000001")
    went = await peer.event()
    assert went.items() >= {**about, "event_type": "device_offline"}.items()
    assert [one["delivery_id"] for one in (came, raw, kv, went)] == [1, 2, 3, 4]
    assert len({one["msg_id"] for one in (came, raw, kv, went)}) == 4


async def test_a_device_that_connects_again_is_told_again(server: Server, device: Device) -> None:
    peer = await server.login(server.entry(events=["device.online", "device.offline"]))
    await online(server, device)
    await device.publish(f"dev2app/{device.did}/online", b"1 00000002")
    assert [one["event_type"] for one in await peer.events(2)] == ["device_online", "device_online"]


async def test_bindings_resets_and_changed_products_are_told(server: Server) -> None:
    names = ["device.bind", "device.unbind", "device.reset", "datapoints.changed"]
    peer = await server.login(server.entry(events=names))
    store, service = server.relay.store, server.relay.service
    did = (await store.devices.register(KIT, MAC, PASSCODE, 0.0)).did
    await store.users.add_named(User("u" * 32, APPID, "li", None, None, None, "en", 0.0))
    await service.bind_by_passcode("u" * 32, did, PASSCODE)
    bound = await peer.event()
    assert bound["event_type"] == "device_bind"
    assert (bound["app_id"], bound["uid"], bound["did"]) == (APPID, "u" * 32, did)
    await store.devices.retire(did, PASSCODE, 1.0)
    unbound, reset = await peer.events(2)
    assert (unbound["event_type"], unbound["uid"], unbound["mac"]) == ("device_unbind", "u" * 32, MAC)
    assert (reset["event_type"], reset["did"], reset["created_at"]) == ("device_reset", did, 1.0)
    product = await store.products.get(KIT)
    assert product
    await store.products.put(product, 2.0)
    changed = {**product.definition, "name": "another"}
    await store.products.put(type(product)(KIT, "kit", product.secret, changed), 3.0)
    event = await peer.event()
    assert (event["event_type"], event["created_at"]) == ("datapoints_changed", 3.0)
    assert "did" not in event
    await peer.ack(event)
    await peer.quiet()


async def test_an_empty_login_succeeds_and_subscribes_later(server: Server, device: Device) -> None:
    peer = await server.login()
    entry = server.entry(events=["device.online"])
    said = await peer.ask({"cmd": "subscribe_req", "data": [entry]})
    assert said == {"cmd": "subscribe_res", "result": True, "msg": "ok", "data": [entry]}
    await online(server, device)
    await peer.ack(await peer.event())
    del entry["auth_secret"]
    said = await peer.ask({"cmd": "unsubscribe_req", "data": [entry]})
    assert said == {"cmd": "unsubscribe_res", "result": True, "msg": "ok", "data": [entry]}
    await device.publish(f"dev2app/{device.did}/online", b"1 00000002")
    await device.report(kit(1, 2, 3, 4, 5))
    await until_async(lambda: _reported(server, device))
    await peer.quiet()
    assert await server.relay.store.snoti_queues.backlogs() == []


async def _reported(server: Server, device: Device) -> bool:
    return (await server.relay.store.states.latest(device.did)).updated_at > 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"auth_secret": "x"}, "bad auth"),
        ({"auth_id": "x"}, "bad auth"),
        ({"auth_id": "0" * 32}, "bad auth"),
        ({"product_key": COLOURS}, "bad auth"),
        ({"subkey": "a-b"}, "subkey"),
        ({"subkey": ""}, "subkey"),
        ({"subkey": "a" * 33}, "subkey"),
        ({"subkey": "ключ"}, "subkey"),
        ({"events": ["device_online"]}, "there is no event 'device_online'"),
    ],
)
async def test_a_login_that_is_wrong_is_told_why_and_closed(
    server: Server, changed: dict[str, Any], says: str
) -> None:
    peer = await server.connect()
    said = await peer.ask({"cmd": "login_req", "data": [{**server.entry(), **changed}]})
    assert said["cmd"] == "login_res"
    assert said["data"]["result"] is False
    assert says in said["data"]["msg"]
    assert server.auth_secret not in str(said)
    assert [line["cmd"] for line in await peer.ended()] in ([], ["invalid_msg"])


async def test_a_wrong_subscription_is_told_and_the_socket_stays(server: Server) -> None:
    peer = await server.login()
    entries = [server.entry(), {**server.entry(subkey="b"), "auth_secret": "x"}]
    said = await peer.ask({"cmd": "subscribe_req", "data": entries})
    assert (said["result"], said["msg"]) == (False, "bad auth")
    assert await server.relay.store.snoti_queues.backlogs() == []
    said = await peer.ask({"cmd": "unsubscribe_req", "data": [server.entry()]})
    assert said["result"] is False
    await peer.quiet()


async def test_a_product_has_five_subkeys(server: Server) -> None:
    peer = await server.login(*(server.entry(subkey=f"s{number}") for number in range(5)))
    said = await peer.ask({"cmd": "subscribe_req", "data": [server.entry(subkey="s5")]})
    assert said["result"] is False
    assert "at most 5 subkeys" in said["msg"]
    assert (await peer.ask({"cmd": "unsubscribe_req", "data": [server.entry(subkey="s0")]}))["result"]
    assert (await peer.ask({"cmd": "subscribe_req", "data": [server.entry(subkey="s5")]}))["result"]


async def test_every_wrong_login_of_an_address_counts(server: Server) -> None:
    for _ in range(20):
        peer = await server.connect()
        await peer.ask({"cmd": "login_req", "data": [{**server.entry(), "auth_secret": "guess"}]})
        peer.vanish()
    peer = await server.connect()
    await peer.say({"cmd": "login_req", "data": [server.entry()]})
    assert "too many wrong logins" in (await peer.ended())[0]["msg"]


def _control(cmd: str, did: str, name: str = "remote_control_v2_req", **data: Any) -> dict[str, Any]:
    order = {"did": did, "mac": MAC, "product_key": KIT, **data}
    return {"cmd": name, "data": [{"cmd": cmd, "source": "noti", "data": order}]}


async def test_commands_reach_the_device_and_each_did_has_its_result(server: Server, device: Device) -> None:
    peer = await server.login(server.entry(events=[]))
    await online(server, device)
    request = _control("write_attrs", device.did, attrs={"LED_OnOff": True, "LED_R": 7})
    request["msg_id"] = "c-1"
    request["data"] += _control("write_attrs", "x" * 22, attrs={"LED_OnOff": True})["data"]
    said = await peer.ask(request)
    assert said == {
        "cmd": "remote_control_v2_res",
        "msg_id": "c-1",
        "result": {
            "succeed": [{"did": device.did}],
            "failed": [{"did": "x" * 22, "reason": "device not found!"}],
        },
    }
    _topic, envelope = await device.command()
    assert envelope.p0 == bytes((1, 0b0011, 1, 7, 0, 0))


@pytest.mark.parametrize("name", ["remote_control_req", "remote_control_v2_req"])
@pytest.mark.parametrize(
    ("cmd", "given"),
    [
        ("write", {"raw": "0201"}),
        ("write", {"raw": b64encode(b"\x02\x01").decode(), "binary_coding": "base64"}),
        ("write_v1", {"raw": [2, 1]}),
    ],
)
async def test_raw_data_comes_in_three_codings_under_both_names(
    server: Server, device: Device, name: str, cmd: str, given: dict[str, Any]
) -> None:
    peer = await server.login(server.entry(events=[]))
    await online(server, device)
    said = await peer.ask(_control(cmd, device.did, name, **given))
    assert said == {
        "cmd": name.replace("_req", "_res"),
        "result": {"succeed": [{"did": device.did}], "failed": []},
    }
    assert (await device.command())[1].p0 == b"\x02\x01"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"binary": "0102"}, bytes((1, 2))),
        ({"binary": [1, 2]}, bytes((1, 2))),
        ({"binary": b64encode(b"\1\2").decode(), "binary_coding": "base64"}, bytes((1, 2))),
        ({"binary": "00" * 11}, None),
    ],
)
async def test_binary_values_are_padded_and_never_cut(
    server: Server, given: dict[str, Any], sent: bytes | None
) -> None:
    key = await server.relay.service.issue_push_key(MAKER, COLOURS)
    proof = {"product_key": COLOURS, "auth_id": key.auth_id, "auth_secret": key.secret}
    peer = await server.login({**proof, "subkey": "a", "events": []})
    did = (await server.relay.store.devices.register(COLOURS, MAC, PASSCODE, 0.0)).did
    device = Device(did)
    await online(server, device)
    coding = {"binary_coding": given.pop("binary_coding")} if "binary_coding" in given else {}
    said = await peer.ask(_control("write_attrs", did, product_key=COLOURS, attrs=given, **coding))
    if sent is None:
        (failed,) = said["result"]["failed"]
        assert "data length does not match" in failed["reason"]
    else:
        assert said["result"]["succeed"] == [{"did": did}]
        assert (await device.command())[1].p0[-10:] == sent.ljust(10, b"\0")
    await device.leave()


async def test_commands_that_cannot_be_done_say_why(server: Server, device: Device) -> None:
    peer = await server.login(server.entry(events=[]))
    await device.leave()
    reasons = {
        "device offline!": _control("write_attrs", device.did, attrs={"LED_R": 1}),
        "another mac": _control("write_attrs", device.did, mac="000000000000", attrs={"LED_R": 1}),
        "not one that this connection": _control("write_attrs", device.did, product_key=METER, attrs={}),
        "needs attrs": _control("write_attrs", device.did),
        "needs raw": _control("write", device.did),
        "hex": _control("write", device.did, raw="zz"),
        "write_attrs, write or write_v1": _control("erase", device.did),
        "LED_X": _control("write_attrs", device.did, attrs={"LED_X": 1}),
    }
    for reason, request in reasons.items():
        said = await peer.ask(request)
        assert said["result"]["succeed"] == []
        assert reason in said["result"]["failed"][0]["reason"]


async def test_a_server_cannot_command_devices_of_another_product(server: Server) -> None:
    peer = await server.login(server.entry(events=[]))
    did = (await server.relay.store.devices.register(METER, MAC, PASSCODE, 0.0)).did
    for claimed in (KIT, METER):
        said = await peer.ask(_control("write_attrs", did, product_key=claimed, attrs={"LED_R": 1}))
        assert said["result"]["succeed"] == []


async def test_commands_are_told_to_those_who_subscribed(server: Server, device: Device) -> None:
    names = ["device.app2dev.raw", "device.app2dev.kv"]
    peer = await server.login(server.entry(events=names))
    await online(server, device)
    await peer.say(_control("write_attrs", device.did, attrs={"LED_R": 9}))
    heard = [await peer.hear() for _ in range(3)]
    raw, kv = (one for one in heard if one["cmd"] == "event_push")
    assert (raw["event_type"], raw["source"]) == ("app2dev_raw", "enterprise_api")
    assert b64decode(raw["data"]) == (await device.command())[1].p0
    assert (kv["event_type"], kv["data"]) == ("app2dev_kv", {"LED_R": 9})
    assert "uid" not in kv


async def test_the_enterprise_dialect_serves_all_products_by_one_key(server: Server, device: Device) -> None:
    key = await server.relay.service.issue_push_key(MAKER, None)
    peer = await server.connect("enterprise_")
    proof = {"enterprise_id": key.auth_id, "enterprise_secret": key.secret, "prefetch_count": 1}
    said = await peer.ask({"cmd": "enterprise_login_req", "data": proof})
    assert said == {"cmd": "enterprise_login_res", "data": {"result": True, "msg": "ok"}}
    await peer.quiet()
    await online(server, device)
    came = await peer.event()
    assert (came["event_type"], came["did"]) == ("device_online", device.did)
    other = Device((await server.relay.store.devices.register(METER, MAC, PASSCODE, 0.0)).did)
    await other.come_online(server.relay.mqtt_port, METER)
    await peer.quiet()  # the first is not acknowledged, and it takes one
    await peer.ack(came)
    second = await peer.event()
    assert (second["product_key"], second["did"]) == (METER, other.did)
    await peer.ack(second)
    request = _control("write_attrs", device.did, "enterprise_remote_control_req", attrs={"LED_R": 3})
    await peer.say(request)
    told = await peer.hear()
    while told["cmd"] == "enterprise_event_push":
        await peer.ack(told)
        told = await peer.hear()
    assert told["cmd"] == "enterprise_remote_control_res"
    assert told["result"]["succeed"] == [{"did": device.did}]
    await other.leave()


async def test_the_dialects_do_not_mix(server: Server) -> None:
    peer = await server.login(server.entry())
    said = await peer.ask({"cmd": "enterprise_ping"})
    assert (said["cmd"], said["error_code"]) == ("invalid_msg", 1000)
    await peer.quiet()


async def test_a_key_of_one_product_is_none_for_all_nor_the_other_way(server: Server) -> None:
    peer = await server.connect("enterprise_")
    proof = {"enterprise_id": server.auth_id, "enterprise_secret": server.auth_secret}
    said = await peer.ask({"cmd": "enterprise_login_req", "data": proof})
    assert said["data"] == {"result": False, "msg": "bad auth"}
    key = await server.relay.service.issue_push_key(MAKER, None)
    peer = await server.connect()
    entry = {**server.entry(), "auth_id": key.auth_id, "auth_secret": key.secret}
    said = await peer.ask({"cmd": "login_req", "data": [entry]})
    assert said["data"]["result"] is False


async def test_who_has_a_key_that_was_taken_back_is_put_out(server: Server) -> None:
    peer = await server.login(server.entry())
    await server.relay.service.revoke_push_key(MAKER, server.auth_id)
    assert (await peer.ended())[-1]["msg"] == "the key was taken back"


def test_the_events_of_the_documents_can_be_subscribed() -> None:
    assert set(STATUS) < set(EVENT_TYPES)
