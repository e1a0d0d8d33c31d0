"""Devices come to their users."""

import hashlib

import pytest
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, PRODUCT_SECRET, Clock

from wxlink.relay.errors import ApiError
from wxlink.relay.events import BindingChanged
from wxlink.relay.service import ClaimRefused, Service
from wxlink.relay.store import NORMAL, SPECIAL, Refusal

TIMESTAMP = str(int(NOW))


def refused(code: int) -> "pytest.RaisesExc[ApiError]":
    return pytest.raises(ApiError, match=f"^{code} ")


def signature(timestamp: str = TIMESTAMP, secret: str = PRODUCT_SECRET) -> str:
    return hashlib.md5((secret + timestamp).encode(), usedforsecurity=False).hexdigest()


async def bind(service: Service, uid: str, **changed: str) -> tuple[str, bool]:
    given = {
        "product_key": PRODUCT_KEY,
        "mac": MAC,
        "timestamp": TIMESTAMP,
        "signature": signature(changed.get("timestamp", TIMESTAMP)),
        **changed,
    }
    owned, new = await service.bind_mac(uid, given.pop("product_key"), given.pop("mac"), **given)
    return owned.binding.role, new


def events_of(service: Service, uid: str) -> list[tuple[str, bool]]:
    seen: list[tuple[str, bool]] = []

    def note(event: BindingChanged) -> None:
        seen.append((event.did, event.bound))

    service.bus.watch_user(uid, note)
    return seen


async def test_binding_with_a_signature_and_again(service: Service, uid: str, did: str) -> None:
    seen = events_of(service, uid)
    assert await bind(service, uid) == (SPECIAL, True)
    assert await bind(service, uid) == (SPECIAL, False)
    assert [one.device.did for one in await service.bindings(uid)] == [did]
    assert seen == [(did, True)]


async def test_roles_follow_the_order_of_binding(service: Service, uid: str, did: str) -> None:
    second = (await service.anonymous_user(APPID, "phone-2")).uid
    await bind(service, uid)
    assert await bind(service, second) == (NORMAL, True)
    seen = events_of(service, uid)
    assert await service.unbind(uid, did)
    assert not await service.unbind(uid, did)
    assert seen == [(did, False)]
    assert (await service.device(second, did)).binding.role == SPECIAL


@pytest.mark.parametrize("moved", [-300, 0, 300])
async def test_a_timestamp_may_be_five_minutes_off(service: Service, uid: str, did: str, moved: int) -> None:
    assert (await bind(service, uid, timestamp=str(int(NOW) + moved)))[1]


@pytest.mark.parametrize(
    "timestamp", ["", "-1", "1.7e9", str(int(NOW) - 301), str(int(NOW) + 301), "9" * 5000, "１"]
)
async def test_another_timestamp_is_refused(service: Service, uid: str, did: str, timestamp: str) -> None:
    with refused(9043):
        await bind(service, uid, timestamp=timestamp)


async def test_a_signature_counts_in_either_case(service: Service, uid: str, did: str) -> None:
    assert (await bind(service, uid, signature=signature().upper()))[1]


@pytest.mark.parametrize(
    "wrong",
    ["", "0" * 32, signature()[:-1], signature("1"), signature(secret=PRODUCT_SECRET + "0"), "\udcff", "黄"],
)
async def test_another_signature_is_refused(service: Service, uid: str, did: str, wrong: str) -> None:
    with refused(9044):
        await bind(service, uid, signature=wrong)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"product_key": "f" * 32}, 9002),
        ({"product_key": "\udcff"}, 9002),
        ({"mac": "a1b2c3d4e5f7"}, 9014),
        ({"mac": MAC.upper()}, 9014),
        ({"mac": "\udcff"}, 9014),
        ({"remark": "x" * 256}, 9015),
        ({"alias": "\ud800"}, 9015),
    ],
)
async def test_what_cannot_be_bound(
    service: Service, uid: str, did: str, changed: dict[str, str], code: int
) -> None:
    with refused(code):
        await bind(service, uid, **changed)
    assert await service.bindings(uid) == []


async def test_binding_with_did_and_passcode(service: Service, uid: str, did: str) -> None:
    for wrong_did, passcode in ((did, "WRONG"), (did, ""), (did[::-1], PASSCODE), ("\udcff", PASSCODE)):
        with refused(9016):
            await service.bind_by_passcode(uid, wrong_did, passcode)
    owned, new = await service.bind_by_passcode(uid, did, PASSCODE, "kitchen")
    assert (new, owned.binding.remark) == (True, "kitchen")


async def test_others_neither_see_nor_describe_a_device(service: Service, uid: str, did: str) -> None:
    stranger = (await service.anonymous_user(APPID, "stranger")).uid
    await bind(service, uid)
    for call in (
        service.device(stranger, did),
        service.latest(stranger, did),
        service.describe(stranger, did, alias="mine"),
        service.find_device(stranger, PRODUCT_KEY, MAC),
    ):
        with refused(9017):
            await call
    for nobody in (did[::-1], "", "\udcff"):
        with refused(9014):
            await service.device(uid, nobody)
    assert (await service.find_device(uid, PRODUCT_KEY, MAC)).device.did == did


async def test_a_claim_binds_whoever_shows_it_first(
    service: Service, uid: str, did: str, clock: Clock
) -> None:
    stranger = (await service.anonymous_user(APPID, "stranger")).uid
    scene = await service.issue_claim(did, 600)
    assert scene.startswith(f"bind:{did}:")
    assert len(scene) <= 64
    seen = events_of(service, uid)
    assert (await service.redeem_claim(uid, scene)).device.did == did
    assert (await service.redeem_claim(uid, scene)).device.did == did
    assert seen == [(did, True)]
    for shown, reason in ((scene, Refusal.USED), (scene[:-1], Refusal.UNKNOWN), ("bind:x", Refusal.UNKNOWN)):
        with pytest.raises(ClaimRefused) as refusal:
            await service.redeem_claim(stranger, shown)
        assert refusal.value.refusal is reason
    late = await service.issue_claim(did, 600)
    clock.now += 600
    with refused(9009):
        await service.redeem_claim(stranger, late)


async def test_a_reset_module_tells_its_users(service: Service, uid: str, did: str) -> None:
    await bind(service, uid)
    seen = events_of(service, uid)
    assert await service.register_device(PRODUCT_KEY, MAC, PASSCODE) == did
    assert await service.register_device(PRODUCT_KEY, MAC, "ANOTHER") != did
    assert seen == [(did, False)]


async def test_a_module_that_retires_its_did_tells_its_users(service: Service, uid: str, did: str) -> None:
    await bind(service, uid)
    seen = events_of(service, uid)
    with refused(9016):
        await service.retire_device(did, "WRONG")
    await service.retire_device(did, PASSCODE)
    assert seen == [(did, False)]


@pytest.mark.parametrize(
    ("product_key", "mac", "passcode", "code"),
    [
        ("f" * 32, MAC, PASSCODE, 9002),
        (PRODUCT_KEY, "", PASSCODE, 9015),
        (PRODUCT_KEY, "x" * 65, PASSCODE, 9015),
        (PRODUCT_KEY, "a b", PASSCODE, 9015),
        (PRODUCT_KEY, MAC, "", 9015),
        (PRODUCT_KEY, MAC, "X" * 17, 9015),
        (PRODUCT_KEY, MAC, "A&B", 9015),
        (PRODUCT_KEY, MAC, "A\r\nB", 9015),
    ],
)
async def test_a_registration_that_is_refused(
    service: Service, product_key: str, mac: str, passcode: str, code: int
) -> None:
    with refused(code):
        await service.register_device(product_key, mac, passcode)


@pytest.mark.parametrize("mac", ["virtual:site", "867530912345678", "A1B2C3D4E5F6", "x" * 64])
async def test_a_mac_is_whatever_names_the_module(service: Service, mac: str) -> None:
    assert len(await service.register_device(PRODUCT_KEY, mac, "A")) == 22
