"""QR codes of labels and of shares, made here and scanned by a phone."""

import hashlib
import hmac

import pytest
from relay_ground import MAC, PASSCODE, PRODUCT_KEY, PRODUCT_SECRET, Clock
from sharing_ground import GUEST_UID, OWNER_UID, THIRD_UID, add_people, refused

from wxlink.relay.service import Service
from wxlink.relay.service.actor import READ, Actor, operator
from wxlink.relay.store import GUEST, OWNER, SPECIAL

MAKER = operator("test")


def label(mac: str = MAC, secret: str = PRODUCT_SECRET, product_key: str = PRODUCT_KEY) -> str:
    """A label as a maker's own program makes it, by the rule that `labels` states."""
    text = f"type=bind&pk={product_key}&mac={mac}"
    return f"{text}&sig={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]}"


async def test_a_label_binds_and_binds_again(service: Service, uid: str, did: str) -> None:
    text = await service.label(MAKER, PRODUCT_KEY, MAC)
    assert text == label()
    owned, new = await service.bind_scanned(uid, text)
    assert (owned.device.did, owned.binding.role, new) == (did, SPECIAL, True)
    assert (await service.bind_scanned(uid, text))[1] is False


@pytest.mark.parametrize("mac", ["virtual:site", "a&b=c%d", "+49 30".replace(" ", "-"), "#;/?", "x" * 64])
async def test_a_label_takes_every_mac(service: Service, uid: str, mac: str) -> None:
    did = await service.register_device(PRODUCT_KEY, mac, PASSCODE)
    owned, _new = await service.bind_scanned(uid, await service.label(MAKER, PRODUCT_KEY, mac))
    assert owned.device.did == did


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.org/?x=1",
        "type=bind",
        label()[:-1],
        label() + "0",
        label().replace("type=bind", "type=share"),
        label(secret="0" * 32),
        label(mac="a1b2c3d4e5f7").replace("f7&", "f6&"),
        label(product_key="f" * 32),
        label() + "&mac=other",
        label() + "&more=x",
        label().replace("&mac=", "&mac=%00"),
        "&".join(reversed(label().split("&"))),
        "type=share",
        "type=share&code=" + "0" * 32 + "&x=1",
        "type=bind&code=" + "0" * 32,
        label().upper(),
        "x" * 100_000,
        "&" * 100_000,
    ],
)
async def test_what_is_no_qr_code_of_ours(service: Service, uid: str, did: str, text: str) -> None:
    with refused(9040):
        await service.bind_scanned(uid, text)
    assert await service.bindings(uid) == []


async def test_a_label_of_a_device_that_never_came(service: Service, uid: str) -> None:
    with refused(9014):
        await service.bind_scanned(uid, label())


@pytest.mark.parametrize(
    ("product_key", "mac", "code"),
    [("f" * 32, MAC, 9002), (PRODUCT_KEY, "", 9015), (PRODUCT_KEY, "a b", 9015)],
)
async def test_a_label_that_cannot_be_made(service: Service, product_key: str, mac: str, code: int) -> None:
    with refused(code):
        await service.label(MAKER, product_key, mac)


async def test_a_share_is_scanned_by_the_same_call(service: Service, did: str) -> None:
    await add_people(service.store)
    await service.bind_scanned(OWNER_UID, label())
    code = (await service.share_by_qr(OWNER_UID, did)).code
    owned, new = await service.bind_scanned(GUEST_UID, f"type=share&code={code}")
    assert (owned.device.did, owned.binding.role, new) == (did, GUEST, True)
    with refused(9089):
        await service.bind_scanned(THIRD_UID, f"type=share&code={code}")
    with refused(9092):
        await service.bind_scanned(THIRD_UID, label())


async def test_a_label_of_a_product_with_sharing_makes_an_owner(service: Service, did: str) -> None:
    await add_people(service.store)
    await service.store.products.set_sharing(PRODUCT_KEY, True)
    assert (await service.bind_scanned(OWNER_UID, label()))[0].binding.role == OWNER
    await service.unbind(OWNER_UID, did)
    assert (await service.bind_scanned(OWNER_UID, label(), set_owner=False))[0].binding.role == SPECIAL


async def test_a_label_outlives_its_secret_as_long_as_that_is_accepted(
    service: Service, uid: str, did: str, clock: Clock
) -> None:
    old = await service.label(MAKER, PRODUCT_KEY, MAC)
    secret = await service.rotate_product_secret(MAKER, PRODUCT_KEY, 60)
    assert await service.label(MAKER, PRODUCT_KEY, MAC) == label(secret=secret) != old
    assert (await service.bind_scanned(uid, old))[1]
    clock.now += 61
    with refused(9040):
        await service.bind_scanned(uid, old)
    assert not (await service.bind_scanned(uid, label(secret=secret)))[1]


async def test_labels_and_sharing_are_for_those_who_may(service: Service) -> None:
    other = Actor("member eve", 7, MAKER.rights)
    viewer = Actor("member bob", None, frozenset({READ}))
    for by, code in ((other, 9002), (viewer, 9093)):
        with refused(code):
            await service.label(by, PRODUCT_KEY, MAC)
        with refused(code):
            await service.set_sharing(by, PRODUCT_KEY, True)
    product = await service.store.products.get(PRODUCT_KEY)
    assert product is not None
    assert not product.sharing
