"""Makers on a whole relay: what another's app is told over the WebSocket, quotas and locks on the wire."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live import KIT, AppClient, House, kit, live_house, until_async
from relay_ground import PASSCODE

from wxlink.relay.service import operator
from wxlink.relay.store import DEFAULT_MAKER, App

OPERATOR = operator("root")
PASSWORD = "correct horse battery"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with live_house(tmp_path) as house:
        yield house


async def other_makers_app(house: House) -> AppClient:
    """A user of an app of another maker, who knows the did and the passcode."""
    service = house.relay.service
    bolt = await service.add_maker(OPERATOR, "bolt", "bolt.owner", PASSWORD)
    appid = "b" * 32
    await service.store.apps.put(App(appid, "bolt", "0" * 32, bolt.id))
    login = await service.anonymous_user(appid, "phone-1")
    client = AppClient(house.relay, house._session, login.uid, login.token)
    await client.open()
    await client.send({**client.login_req(), "data": {**client.login_req()["data"], "appid": appid}})
    assert (await client.receive())["data"] == {"success": True}
    return client


async def test_another_makers_app_gets_nothing_of_a_device(house: House) -> None:
    device = await house.device()
    owner = await (await house.app("phone-1", device)).login()
    stranger = await other_makers_app(house)
    with pytest.raises(Exception, match=r"^9014 "):
        await house.relay.service.bind_by_passcode(stranger.uid, device.did, PASSCODE)
    await stranger.send(
        {"cmd": "subscribe_req", "data": [{"did": device.did}]},
        {"cmd": "c2s_read", "data": {"did": device.did}},
        {"cmd": "c2s_write", "data": {"did": device.did, "attrs": {"LED_OnOff": True}}},
        {"cmd": "c2s_raw", "data": {"did": device.did, "raw": [1, 1, 1]}},
    )
    answer = await stranger.receive()
    assert answer["data"]["success"] == []
    assert [await code_of(stranger) for _ in range(3)] == [9017] * 3
    await device.report(kit(1, 2, 3, 4, 5))
    assert (await owner.receive())["cmd"] == "s2c_noti"
    await stranger.quiet()
    assert device.commands() == []


async def code_of(client: AppClient) -> int:
    number: int = (await client.receive())["data"]["error_code"]
    return number


async def test_messages_beyond_the_quota_are_not_stored_and_a_lock_stops_them_all(house: House) -> None:
    service, store = house.relay.service, house.relay.store
    device = await house.device()
    client = await (await house.app("phone-1", device)).login()
    await service.set_quotas(OPERATOR, DEFAULT_MAKER, {"messages": 2})
    for number in range(3):
        await device.report(kit(1, 2, 3, 4, number))
    commands = [(await client.receive())["cmd"] for _ in range(3)]
    assert commands == ["s2c_noti", "s2c_noti", "s2c_invalid_msg"]
    assert (await store.states.latest(device.did)).attrs["Temperature"] == 1
    await service.set_quotas(OPERATOR, DEFAULT_MAKER, {"messages": None})
    await service.disable_maker(OPERATOR, DEFAULT_MAKER, True)
    await device.report(kit(1, 2, 3, 4, 9))
    assert (await client.receive())["cmd"] == "s2c_invalid_msg"
    with pytest.raises(Exception, match=r"^9023 "):
        await service.control(client.uid, device.did, {"LED_OnOff": True})
    await service.disable_maker(OPERATOR, DEFAULT_MAKER, False)
    await device.report(kit(1, 2, 3, 4, 7))

    async def stored() -> bool:
        return (await store.states.latest(device.did)).attrs["Temperature"] == 7

    await until_async(stored)
    assert (await service.product(KIT)).maker == DEFAULT_MAKER
