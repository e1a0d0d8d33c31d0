"""Groups of devices, and one command to all in a group."""

import pytest
from relay_ground import NOW, PASSCODE, PRODUCT_KEY, Wire, lamp
from sharing_ground import refused

from wxlink.relay.service import Service
from wxlink.relay.store import Member

OTHER_PRODUCT = "1f1e2d3c4b5a69788796a5b4c3d2e1f0"
MISSING = "0" * 24


@pytest.fixture
async def lamps(service: Service, uid: str) -> list[str]:
    """Three lamps of the user; the last is off-line."""
    dids = []
    for number in range(3):
        did = await service.register_device(PRODUCT_KEY, f"lamp{number}", PASSCODE)
        await service.bind_by_passcode(uid, did, PASSCODE)
        await service.store.devices.set_presence(did, number < 2, "1", NOW)
        dids.append(did)
    return dids


@pytest.fixture
async def stranger(service: Service, did: str) -> str:
    """The did of a device that is not the user's."""
    return did


async def test_a_group_from_its_making_to_its_end(service: Service, uid: str, lamps: list[str]) -> None:
    group = await service.add_group(uid, "corridor", PRODUCT_KEY)
    assert len(group) == 24
    assert await service.put_into_group(uid, group, lamps) == {}
    assert await service.put_into_group(uid, group, lamps[:1]) == {}, "again is no fault"
    await service.describe(uid, lamps[1], alias="left")
    assert await service.group_devices(uid, group) == [
        Member(did, PRODUCT_KEY, "demo lamp", "left" if did == lamps[1] else "") for did in sorted(lamps)
    ]
    await service.rename_group(uid, group, "走廊")
    ((found, product_name),) = await service.groups(uid)
    assert (found.name, found.product_key, product_name) == ("走廊", PRODUCT_KEY, "demo lamp")
    assert await service.take_from_group(uid, group, [lamps[0], "nobody"]) == {lamps[0]}
    await service.remove_group(uid, group)
    assert await service.groups(uid) == []
    assert len(await service.bindings(uid)) == 3


async def test_reasons_why_devices_are_refused(
    service: Service, uid: str, lamps: list[str], stranger: str
) -> None:
    await service.store.products.put(lamp(OTHER_PRODUCT))
    other = await service.register_device(OTHER_PRODUCT, "other", PASSCODE)
    await service.bind_by_passcode(uid, other, PASSCODE)
    one_kind = await service.add_group(uid, "lamps", PRODUCT_KEY)
    wanted = [lamps[0], other, stranger, stranger[::-1], "\0"]
    reasons = await service.put_into_group(uid, one_kind, wanted)
    assert {did: error.code for did, error in reasons.items()} == {
        other: 9015,
        stranger: 9017,
        stranger[::-1]: 9014,
        "\0": 9014,
    }
    any_kind = await service.add_group(uid, "kitchen")
    assert await service.put_into_group(uid, any_kind, [lamps[0], other]) == {}


async def test_one_command_to_all(service: Service, uid: str, lamps: list[str], wire: Wire) -> None:
    group = await service.add_group(uid, "lamps", PRODUCT_KEY)
    await service.put_into_group(uid, group, lamps)
    for told, p0 in (({"attrs": {"LED_R": 7}}, None), ({"raw": b"\x01\x10\x1e"}, b"\x01\x10\x1e")):
        done = await service.group_control(uid, group, **told)
        assert sorted(done) == sorted((did, did != lamps[2]) for did in lamps)
        for did in lamps[:2]:
            sent = wire.p0s(did)[-1]
            assert sent == p0 if p0 else lamp().codec.decode_control(sent) == {"LED_R": 7}
    assert wire.p0s(lamps[2]) == []
    wire.down = True
    assert not any(one.result for one in await service.group_control(uid, group, attrs={"LED_R": 7}))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, 9015),
        ({"attrs": {}}, 9015),
        ({"attrs": {"Nothing": 1}}, 9025),
        ({"raw": b""}, 9015),
        ({"raw": b"\x00\x00\x00\x03\x06\x00\x00\x93\x01\x10\x1e"}, 9015),
    ],
)
async def test_a_command_that_fits_to_none_is_sent_to_none(
    service: Service, uid: str, lamps: list[str], wire: Wire, *, told: dict[str, object], code: int
) -> None:
    group = await service.add_group(uid, "lamps", PRODUCT_KEY)
    await service.put_into_group(uid, group, lamps)
    with refused(code):
        await service.group_control(uid, group, **told)  # type: ignore[arg-type]
    assert wire.messages == []


async def test_a_group_of_any_devices_is_not_controlled(service: Service, uid: str) -> None:
    with refused(9015):
        await service.group_control(uid, await service.add_group(uid, "all"), attrs={"LED_R": 7})


@pytest.mark.parametrize("group", [MISSING, "", "x" * 24, "\0" * 24, MISSING + "\n"])
async def test_a_group_that_is_not_there(service: Service, uid: str, group: str) -> None:
    for call in (
        service.rename_group(uid, group, "x"),
        service.remove_group(uid, group),
        service.group_devices(uid, group),
        service.put_into_group(uid, group, []),
        service.take_from_group(uid, group, []),
        service.group_control(uid, group, attrs={"LED_R": 7}),
    ):
        with refused(9015):
            await call


async def test_a_group_is_its_users_alone(service: Service, uid: str) -> None:
    group = await service.add_group(uid, "mine")
    other = (await service.anonymous_user("aabbccdd00112233445566778899eeff", "phone-2")).uid
    for call in (
        service.rename_group(other, group, "x"),
        service.remove_group(other, group),
        service.group_devices(other, group),
        service.put_into_group(other, group, []),
    ):
        with refused(9015):
            await call
    assert await service.groups(other) == []


@pytest.mark.parametrize(
    ("name", "product_key", "code"), [("", None, 9015), ("x" * 256, None, 9015), ("x", "f" * 32, 9002)]
)
async def test_a_group_that_cannot_be_made(
    service: Service, uid: str, name: str, product_key: str | None, code: int
) -> None:
    with refused(code):
        await service.add_group(uid, name, product_key)
