"""Sharing, groups, messages and QR codes over HTTP: shapes as published, and a household's whole story."""

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from http_ground import differences, headers, signed
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, Clock

from wxlink.relay.service import Login, Service
from wxlink.relay.service.actor import operator

# What OAdoc's examples show, with other values.
SHARE = {
    "status": 0,
    "username": "G****s",
    "uid": "f082f4e235974cfeb6a1b2346024f47e",
    "did": "Kq7mT2xW9bRf4LsVn8Zc3d",
    "created_at": "2017-07-21T09:46:56Z",
    "updated_at": "2017-07-21T09:46:56Z",
    "email": None,
    "phone": None,
    "dev_alias": "lamp",
    "id": 10411,
    "user_alias": "",
    "type": 0,
    "product_name": "lamp",
    "expired_at": "2017-07-22T09:46:56Z",
}
META = {"previous": None, "skip": 0, "total": 1, "limit": 20, "next": None}
MESSAGE = {
    "status": 0,
    "created_at": "2017-09-11T11:41:23Z",
    "updated_at": "2017-09-11T11:41:23Z",
    "content": "x",
    "type": 1,
    "id": "59b676638c7d500018a9ed98",
}
GROUP = {
    "created_at": "2017-09-22T09:57:44Z",
    "updated_at": "2017-09-22T09:57:44Z",
    "product_key": "",
    "group_name": "x",
    "verbose_name": "",
    "id": "59c4de98dc348f001a08feba",
}
MEMBER = {"did": "x", "type": "normal", "verbose_name": "x", "dev_alias": "", "product_key": "x"}
GUEST = {"username": "2****2", "phone": None, "created_at": "2017-09-19T07:12:32Z", "uid": "x", "email": None}
CODE = {"owner": "G****s", "product_name": "x", "dev_alias": "x", "expired_at": "2017-08-21T12:22:58Z"}


class Caller:
    """A user who calls the API."""

    def __init__(self, client: TestClient[Any, Any], login: Login) -> None:
        self.uid = login.uid
        self.login = login
        self._client = client

    async def __call__(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """Call, and the answer's JSON; its status is as expected."""
        given = {"headers": headers(self.login), **more}
        async with self._client.request(method, path, **given) as response:
            answer = await response.json()
        assert response.status == status, answer
        return answer

    async def refused(self, method: str, path: str, **more: Any) -> int:
        """Call; the error code of the answer."""
        async with self._client.request(method, path, headers=headers(self.login), **more) as response:
            code = (await response.json())["error_code"]
        assert isinstance(code, int)
        return code


async def caller(client: TestClient[Any, Any], service: Service, name: str) -> Caller:
    return Caller(client, await service.named_user(APPID, "password", username=name, lang="zh-cn"))


@pytest.fixture
async def owner(client: TestClient[Any, Any], service: Service, did: str) -> Caller:
    """A user who has the device."""
    made = await caller(client, service, "zhangsan")
    await service.bind_by_passcode(made.uid, did, PASSCODE)
    return made


@pytest.fixture
async def guest(client: TestClient[Any, Any], service: Service) -> Caller:
    return await caller(client, service, "lisi-9876")


async def test_a_household_from_the_invitation_to_the_end(
    owner: Caller, guest: Caller, service: Service, did: str
) -> None:
    await owner("PUT", f"/app/bindings/{did}", json={"dev_alias": "灯"})
    made = await owner("POST", "/app/sharing", 201, json={"type": 0, "did": did, "username": "lisi-9876"})
    assert made == {"id": made["id"], "qr_content": None}
    got = await guest("GET", "/app/sharing?sharing_type=1&status=0")
    assert differences({"meta": META, "objects": [SHARE]}, got) == []
    assert got["objects"][0].keys() == SHARE.keys()
    assert (got["objects"][0]["username"], got["objects"][0]["dev_alias"]) == ("zh****an", "灯")
    assert await guest("PUT", f"/app/sharing/{made['id']}?status=1") == {"id": made["id"]}
    (entry,) = (await guest("GET", "/app/bindings"))["devices"]
    assert (entry["did"], entry["role"], entry["dev_alias"]) == (did, "guest", "")
    assert (await owner("GET", f"/app/devices/{did}"))["role"] == "owner"
    assert await owner("PUT", f"/app/sharing/{made['id']}/alias?user_alias=granny") == {}
    (sent,) = (await owner("GET", f"/app/sharing?sharing_type=0&did={did}"))["objects"]
    assert (sent["user_alias"], sent["username"], sent["status"]) == ("granny", "li****876", 1)
    guests = await owner("GET", f"/app/{did}/bindings")
    assert differences([GUEST], guests) == []
    assert (guests[0]["uid"], guests[0]["username"]) == (guest.uid, "li****876")
    assert await owner("DELETE", f"/app/{did}/bindings?uid={guest.uid}") == {}
    assert await guest("GET", "/app/bindings") == {"devices": []}
    told = await guest("GET", "/app/messages?type=1")
    assert differences({"meta": {**META, "total": 3}, "objects": [MESSAGE] * 3}, told) == []
    assert {one["content"] for one in told["objects"]} == {
        "zh****an 给您共享了设备 灯，请在 24 小时内接受。",
        "您接受了 zh****an 共享的设备 灯。",
        "zh****an 取消了给您共享的设备 灯。",
    }
    read = told["objects"][0]["id"]
    assert re.fullmatch(r"[0-9a-f]{24}", read)
    assert await guest("PUT", f"/app/messages/{read}?status=1") == {}
    assert await guest("PUT", f"/app/messages/{told['objects'][1]['id']}?status=2") == {}
    left = (await guest("GET", "/app/messages?type=1"))["objects"]
    assert {one["id"]: one["status"] for one in left} == {read: 1, told["objects"][2]["id"]: 0}
    assert "您给 li****876 共享了设备 灯!" in {
        one["content"] for one in (await owner("GET", "/app/messages"))["objects"]
    }


async def test_a_qr_code_from_screen_to_screen(owner: Caller, guest: Caller, did: str, clock: Clock) -> None:
    made = await owner("POST", "/app/sharing", 201, json={"type": 1, "did": did, "uid": "ignored"})
    code = re.fullmatch(r"type=share&code=([0-9a-f]{32})", made["qr_content"])
    assert made["id"] is None
    assert code is not None
    shown = await guest("GET", f"/app/sharing/code/{code[1]}")
    assert differences(CODE, shown) == []
    assert shown == {
        "owner": "zh****an",
        "product_name": "demo lamp",
        "dev_alias": "demo lamp",
        "expired_at": "2023-11-14T22:28:20Z",
    }
    assert await owner.refused("GET", f"/app/sharing/code/{code[1]}") == 9096
    assert await guest("POST", f"/app/sharing/code/{code[1]}") == {}
    assert (await guest("GET", f"/app/devices/{did}"))["role"] == "guest"
    assert await owner("POST", f"/app/sharing/{did}/transfer?uid={guest.uid}") == {}
    assert (await guest("GET", f"/app/devices/{did}"))["role"] == "owner"
    assert await owner.refused("GET", f"/app/devices/{did}") == 9017
    again = await guest("POST", "/app/sharing", 201, json={"type": 1, "did": did, "duration": 1})
    entry = await owner("POST", "/app/bind_latest", 201, json={"qr_content": again["qr_content"]})
    assert (entry["did"], entry["role"]) == (did, "guest")
    clock.now += 60
    assert await owner.refused("GET", f"/app/devices/{did}") == 9017


async def test_a_label_binds(owner: Caller, guest: Caller, service: Service, did: str) -> None:
    label = {"qr_content": await service.label(operator("test"), PRODUCT_KEY, MAC)}
    assert (await guest("POST", "/app/bind_latest", 201, json=label))["role"] == "normal"
    assert (await guest("POST", "/app/bind_latest", 200, json=label))["did"] == did
    assert await guest.refused("POST", "/app/bind_latest", json={"qr_content": "a text"}) == 9040


@pytest.mark.parametrize(
    ("sharing", "set_owner", "role"),
    [(True, None, "owner"), (True, 1, "owner"), (True, 0, "special"), (False, 1, "special")],
)
async def test_who_becomes_the_owner_by_binding(
    guest: Caller,
    owner: Caller,
    service: Service,
    did: str,
    *,
    sharing: bool,
    set_owner: int | None,
    role: str,
) -> None:
    await service.unbind(owner.uid, did)
    await service.store.products.set_sharing(PRODUCT_KEY, sharing)
    body = {"product_key": PRODUCT_KEY, "mac": MAC, "set_owner": set_owner}
    entry = await guest("POST", "/app/bind_mac", 201, headers=signed(guest.login), json=body)
    assert entry["role"] == role
    body = {"product_key": PRODUCT_KEY, "mac": MAC}
    second = await owner.refused("POST", "/app/bind_mac", json=body)
    assert second == 9043, "unsigned"
    outcome = await owner("POST", "/app/bindings", json={"devices": [{"did": did, "passcode": PASSCODE}]})
    assert outcome == (
        {"success": [], "failed": [did]} if role == "owner" else {"success": [did], "failed": []}
    )


async def test_groups_as_published(owner: Caller, service: Service, did: str) -> None:
    await service.store.devices.set_presence(did, True, "1", NOW)
    made = await owner("POST", "/app/group", 201, json={"group_name": "走廊", "product_key": PRODUCT_KEY})
    group = made["id"]
    await owner("POST", "/app/group", 201, json={"group_name": "all"})
    listed = await owner("GET", "/app/group")
    assert differences([GROUP, GROUP], listed) == []
    by_id = {one["id"]: (one["group_name"], one["product_key"], one["verbose_name"]) for one in listed}
    assert by_id[group] == ("走廊", PRODUCT_KEY, "demo lamp")
    assert ("all", "", "") in by_id.values()
    path = f"/app/group/{group}/devices"
    put = await owner("POST", path, json={"dids": [did, "nobody", did]})
    assert put == {"success": [did], "failed": ["nobody"]}
    put = await owner("POST", f"{path}?show_detail=1", json={"dids": ["nobody"]})
    assert put == {
        "success": [],
        "failed": ["nobody"],
        "detail": [
            {
                "did": "nobody",
                "error_message": "device not found!",
                "error_code": 9014,
                "detail_msg": None,
            }
        ],
    }
    assert differences([MEMBER], await owner("GET", path)) == []
    for body in ({"attrs": {"LED_R": 3}}, {"raw": [1, 16, 30]}, {"raw": "01101e"}):
        assert await owner("POST", f"/app/group/{group}/control", json=body) == [{"did": did, "result": True}]
    assert await owner.refused("POST", f"/app/group/{group}/control", json={"attrs": {"x": 1}}) == 9025
    assert await owner("PUT", f"/app/group/{group}", json={"group_name": "hall"}) == {}
    assert await owner("DELETE", path, json={"dids": [did, "x"]}) == {"success": [did], "failed": ["x"]}
    assert await owner("DELETE", f"/app/group/{group}") == {}
    assert len(await owner("GET", "/app/group")) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/app/sharing", {"type": 2, "did": "x"}, 9015),
        ("POST", "/app/sharing", {"type": 0}, 9015),
        ("POST", "/app/sharing", {"type": 0, "did": "nobody", "uid": "x"}, 9014),
        ("POST", "/app/sharing", {"type": 0, "did": "DID"}, 9015),
        ("POST", "/app/sharing", {"type": 0, "did": "DID", "uid": "x", "duration": 0}, 9015),
        ("POST", "/app/sharing", {"type": 0, "did": "DID", "uid": "x", "duration": 1441}, 9015),
        ("POST", "/app/sharing", {"type": 0, "did": "DID", "phone": "13800000000"}, 9082),
        ("GET", "/app/sharing", None, 9015),
        ("GET", "/app/sharing?sharing_type=0&status=4", None, 9015),
        ("PUT", "/app/sharing/1?status=3", None, 9015),
        ("PUT", "/app/sharing/x?status=1", None, 9084),
        ("PUT", f"/app/sharing/{'9' * 19}?status=1", None, 9084),
        ("PUT", f"/app/sharing/{'9' * 400}?status=1", None, 9084),
        ("DELETE", "/app/sharing/0", None, 9084),
        ("DELETE", "/app/sharing/%D9%A1", None, 9084),
        ("GET", "/app/sharing/code/x", None, 9084),
        ("DELETE", "/app/DID/bindings", None, 9015),
        ("PUT", "/app/messages/x?status=1", None, 9085),
        ("PUT", "/app/messages/x?status=0", None, 9015),
        ("GET", "/app/messages?type=3", None, 9015),
        ("POST", "/app/group", {"group_name": ""}, 9015),
        ("POST", "/app/group/x/devices", {"dids": ["x"] * 101}, 9015),
    ],
)
async def test_what_is_malformed(
    owner: Caller, did: str, *, method: str, path: str, body: dict[str, Any] | None, code: int
) -> None:
    if body is not None and body.get("did") == "DID":
        body = {**body, "did": did}
    assert await owner.refused(method, path.replace("DID", did), json=body) == code


async def test_lists_say_where_they_go_on(owner: Caller, did: str) -> None:
    for _ in range(3):
        await owner("POST", "/app/sharing", 201, json={"type": 1, "did": did})
    meta = (await owner("GET", f"/app/sharing?sharing_type=0&did={did}&limit=1&skip=1"))["meta"]
    assert meta == {
        "previous": f"/app/sharing?skip=0&sharing_type=0&did={did}&limit=1",
        "next": f"/app/sharing?skip=2&sharing_type=0&did={did}&limit=1",
        "skip": 1,
        "limit": 1,
        "total": 3,
    }
    for step in ("next", "previous"):
        assert (await owner("GET", meta[step]))["meta"]["total"] == 3
