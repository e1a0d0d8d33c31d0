"""What the sockets of owner and guest are told, on a relay with its own broker and a device on it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from live import AppClient, Device, House, kit, live_house

from wxlink.relay.service import Invitee


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with live_house(tmp_path) as house:
        yield house


@pytest.fixture
async def device(house: House) -> Device:
    return await house.device()


@pytest.fixture
async def owner(house: House, device: Device) -> AppClient:
    return await (await house.app("owner", device)).login()


@pytest.fixture
async def guest(house: House) -> AppClient:
    return await (await house.app("guest")).login()


def binding_changed(device: Device, bind: bool) -> dict[str, object]:
    return {"cmd": "s2c_binding_changed", "data": {"did": device.did, "bind": bind}}


async def reported(device: Device, *apps: AppClient) -> None:
    """A report reaches these sockets."""
    await device.report(kit(1, 2, 3, 4, 5))
    for app in apps:
        assert (await app.receive())["data"]["did"] == device.did


async def test_a_guest_watches_at_once_and_no_longer_when_removed(
    house: House, device: Device, owner: AppClient, guest: AppClient
) -> None:
    service = house.relay.service
    await reported(device, owner)
    await guest.quiet()
    share = (await service.share(owner.uid, device.did, Invitee(uid=guest.uid))).id or 0
    await guest.quiet()
    await service.answer_share(guest.uid, share, True)
    assert await guest.receive() == binding_changed(device, True)
    await owner.quiet()
    await reported(device, owner, guest)
    await service.control(guest.uid, device.did, {"LED_R": 9})
    await device.command()

    await service.remove_guest(owner.uid, device.did, guest.uid)
    assert await guest.receive() == binding_changed(device, False)
    await reported(device, owner)
    await guest.quiet()
    refused = await guest.ask({"cmd": "c2s_write", "data": {"did": device.did, "attrs": {"LED_R": 1}}})
    assert (refused["cmd"], refused["data"]["error_code"]) == ("s2c_invalid_msg", 9017)


async def test_an_owner_who_leaves_takes_the_device_from_every_socket(
    house: House, device: Device, owner: AppClient, guest: AppClient
) -> None:
    service = house.relay.service
    code = (await service.share_by_qr(owner.uid, device.did)).code or ""
    await service.redeem_share(guest.uid, code)
    assert await guest.receive() == binding_changed(device, True)
    await service.unbind(owner.uid, device.did)
    for app in (owner, guest):
        assert await app.receive() == binding_changed(device, False)
    await device.report(kit(1, 2, 3, 4, 5))
    for app in (owner, guest):
        await app.quiet()


async def test_a_socket_that_subscribes_itself_is_told_but_not_subscribed(
    house: House, device: Device, owner: AppClient
) -> None:
    guest = await (await house.app("careful")).login(auto_subscribe=False)
    service = house.relay.service
    code = (await service.share_by_qr(owner.uid, device.did)).code or ""
    await service.redeem_share(guest.uid, code)
    assert await guest.receive() == binding_changed(device, True)
    await reported(device, owner)
    await guest.quiet()
    answer = await guest.ask({"cmd": "subscribe_req", "data": [{"did": device.did}]})
    assert [one["did"] for one in answer["data"]["success"]] == [device.did]
    await reported(device, owner, guest)


async def test_a_guests_time_ends_by_itself(house: House, device: Device, owner: AppClient) -> None:
    """The relay's own clock and its own sweep: the binding is written as one that is almost over."""
    guest = await (await house.app("short")).login()
    service = house.relay.service
    code = (await service.share_by_qr(owner.uid, device.did, minutes=1)).code or ""
    ahead = service.clock
    service.clock = lambda: ahead() - 58
    try:
        await service.redeem_share(guest.uid, code)
    finally:
        service.clock = ahead
    assert await guest.receive() == binding_changed(device, True)
    assert await asyncio.wait_for(guest.receive(), 60) == binding_changed(device, False)
    await reported(device, owner)
    await guest.quiet()
