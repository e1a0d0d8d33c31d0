"""Keys of server push are their maker's: who may make them, what they open, what the audit log says."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, lamp

from wxlink.relay import admin_api
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Actor, PushCommand, Service, operator
from wxlink.relay.store import DEFAULT_MAKER

OTHER_PRODUCT = "9" * 32
PASSWORD = "correct horse battery"


@pytest.fixture
async def mine() -> Actor:
    return operator("test", DEFAULT_MAKER)


@pytest.fixture
async def theirs(service: Service) -> Actor:
    """Another maker, with a product."""
    maker = await service.add_maker(operator("test"), "other", "other-owner", PASSWORD)
    by = operator("test", maker.id)
    await service.add_product(by, lamp(OTHER_PRODUCT).definition)
    return by


async def test_a_key_for_all_products_opens_those_of_its_maker_only(
    service: Service, mine: Actor, theirs: Actor, did: str
) -> None:
    other = (await service.store.devices.register(OTHER_PRODUCT, MAC, PASSCODE, NOW)).did
    for one in (did, other):
        await service.store.devices.set_presence(one, True, "1", NOW)
    key = await service.issue_push_key(theirs, None)
    assert (await service.subscribe_all_push(key.auth_id)).maker == theirs.maker
    await service.command(key.auth_id, PushCommand(other, None, None, {"LED_R": 1}, b""))
    with pytest.raises(ApiError, match="9014"):
        await service.command(key.auth_id, PushCommand(did, None, None, {"LED_R": 1}, b""))
    await service.revoke_push_key(theirs, key.auth_id)
    with pytest.raises(ApiError, match="9014"):  # a key that was taken back commands nothing any more
        await service.command(key.auth_id, PushCommand(other, None, None, {"LED_R": 1}, b""))


async def test_a_maker_sees_and_ends_no_key_of_another(service: Service, mine: Actor, theirs: Actor) -> None:
    with pytest.raises(ApiError, match="9002"):
        await service.issue_push_key(mine, OTHER_PRODUCT)
    key = await service.issue_push_key(theirs, OTHER_PRODUCT, "orders")
    await service.subscribe_push([(OTHER_PRODUCT, "a", ["device.online"])])
    assert await service.push_keys(mine) == await service.push_queues(mine) == []
    with pytest.raises(ApiError, match="9027"):
        await service.revoke_push_key(mine, key.auth_id)
    assert [one.note for one in await service.push_keys(theirs)] == ["orders"]
    assert len(await service.push_queues(theirs)) == 1


async def test_the_makers_api_makes_keys_and_leaves_audit_rows(
    app: web.Application, client: TestClient[Any, Any], service: Service, theirs: Actor
) -> None:
    token = (await service.log_in_member("other-owner", PASSWORD, "127.0.0.1")).secret
    head = {"Authorization": f"Bearer {token}"}
    made = await client.post("/admin/v1/push_keys", json={"product_key": OTHER_PRODUCT}, headers=head)
    assert made.status == 201
    key = await made.json()
    assert await service.is_push_key(key["auth_id"], key["auth_secret"], OTHER_PRODUCT)
    listed = await (await client.get("/admin/v1/push_keys", headers=head)).json()
    assert [one["auth_id"] for one in listed] == [key["auth_id"]]
    assert key["auth_secret"] not in str(listed)
    assert await (await client.get("/admin/v1/push_queues", headers=head)).json() == []
    for path, status in ((key["auth_id"], 200), (key["auth_id"], 404), ("nothing", 404)):
        assert (await client.delete(f"/admin/v1/push_keys/{path}", headers=head)).status in (status, 204)
    refused = await client.post("/admin/v1/push_keys", json={"product_key": PRODUCT_KEY}, headers=head)
    assert refused.status == 404
    assert (await client.get("/admin/v1/push_keys")).status == 401


@pytest.fixture
async def app(service: Service) -> web.Application:
    made = web.Application()
    admin_api.setup(made, service)
    return made
