"""The relay as the home of WeChat's conversation: a device that has an owner."""

from sharing_ground import OWNER_UID, add_people

from wxlink.relay.service import Service
from wxlink.relay.wechat_home import RelayHome
from wxlink.wechat.home import DeviceView, Language, Person, Refusal
from wxlink.wechat.texts import TEXTS


async def test_who_scans_a_device_that_has_an_owner_is_told_to_ask_them(service: Service, did: str) -> None:
    home, person = RelayHome(service, lambda: "https://relay.example.org"), Person("wx1", "openid-1")
    await add_people(service.store)
    await service.store.bindings.bind(OWNER_UID, did, service.clock())
    code = (await service.share_by_qr(OWNER_UID, did)).code
    scene = await service.issue_claim(did)
    assert await home.claim(person, scene, Language.EN) is Refusal.OWNED
    for texts in TEXTS.values():
        assert texts.refusals.keys() == set(Refusal)
    uid = await service.person("wx1", "openid-1")
    assert (await service.redeem_share(uid, code or "")).device.did == did
    await service.unbind(OWNER_UID, did)
    view = await home.claim(person, scene, Language.EN)
    assert isinstance(view, DeviceView), "the code was not used up"
    assert view.did == did
