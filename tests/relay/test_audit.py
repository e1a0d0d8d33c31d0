"""What users do is in the audit log, too: log-ins, devices, and what becomes of it when they are erased."""

import pytest
from makers_ground import House, house
from relay_ground import MAC, NOW, PASSCODE, Clock

from wxlink.relay.errors import ApiError
from wxlink.relay.service import Service
from wxlink.relay.store import SOURCE, Wanted


@pytest.fixture
async def acme(service: Service) -> House:
    SOURCE.set("192.0.2.7")
    return await house(service, "acme")


async def told(service: Service, account: str) -> list[tuple[str, str, str]]:
    """Action, object and result of what an account did, oldest first."""
    found = await service.store.audit.list(Wanted(account=account), 100)
    return [(entry.action, entry.object, entry.result) for _, entry in reversed(found)]


async def test_log_ins_of_users(service: Service, acme: House) -> None:
    appid = acme.app.appid
    login = await service.named_user(appid, "password", username="wang")
    await service.login(appid, "wang", "password")
    for name in ("wang", "my password in the wrong field"):
        with pytest.raises(ApiError, match="9020"):
            await service.login(appid, name, "wrong")
    account = f"user {login.uid}"
    ok, no = ("user.login", appid, "ok"), ("user.login", appid, "9020")
    assert await told(service, account) == [ok, ok, no]
    assert await told(service, "") == [no]
    [(_, last)] = await service.store.audit.list(Wanted(account=account, failed=True), 1)
    assert (last.maker, last.source, last.at) == (acme.id, "192.0.2.7", NOW)


async def test_devices_of_users(service: Service, acme: House) -> None:
    uid, did = acme.login.uid, acme.did
    await service.unbind(uid, did)
    await service.bind_by_passcode(uid, did, PASSCODE)
    await service.register_device(acme.product.product_key, MAC, "RESETCODE")
    assert [(action, of) for action, of, _ in await told(service, f"user {uid}")][1:] == [
        ("device.bind", did),
        ("device.unbind", did),
        ("device.bind", did),
        ("device.unbind", did),
    ]
    assert await told(service, f"device {did}") == [("device.reset", did, "ok")]
    await service.change_user(uid, acme.login.token, {"name": "Wang", "lang": "zh-cn"})
    assert (await told(service, f"user {uid}"))[-1] == ("user.change", "lang profile", "ok")


async def test_an_erased_user_leaves_rows_without_name_and_address(service: Service, acme: House) -> None:
    uid = acme.login.uid
    exported = await service.export_user(uid)
    assert {row["source"] for row in exported["audit"]} == {"192.0.2.7"}
    before = len(await told(service, f"user {uid}"))
    await service.erase_user(uid)
    assert await told(service, f"user {uid}") == []
    left = await service.store.audit.list(Wanted(account="user"), 100)
    assert len(left) == before + 1
    assert {entry.source for _, entry in left} == {""}
    assert left[0][1].action == "user.erase"
    assert not any(uid in str(row) for row in await service.store.audit.list(Wanted(), 1_000))


async def test_rows_are_kept_for_their_life(service: Service, acme: House, clock: Clock) -> None:
    rows = len(await service.store.audit.list(Wanted(), 1_000))
    clock.now += service.settings.audit_life_s
    assert await service.prune() >= 0
    assert len(await service.store.audit.list(Wanted(), 1_000)) == rows
    clock.now += 1
    await service.prune()
    assert await service.store.audit.list(Wanted(), 1_000) == []
