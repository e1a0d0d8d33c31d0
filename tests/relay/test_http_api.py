"""The app HTTP API over a socket, from a new user's whole way to every kind of refusal."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from http_ground import SAMPLES, bound, bound_and_on_line, differences, headers, signed
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, Clock, Wire, lamp
from sqlalchemy import create_engine, text

from wxlink.relay import http_api
from wxlink.relay.errors import ERRORS
from wxlink.relay.front import AccessLog
from wxlink.relay.rest.route import BODY_MAX
from wxlink.relay.service import Login, Service


async def test_the_whole_way_of_a_new_user(
    client: TestClient[Any, Any], service: Service, did: str, wire: Wire
) -> None:
    async with client.post("/app/users", headers=headers(), json={"phone_id": "p"}) as response:
        user = await response.json()
    assert (response.status, user["expire_at"]) == (201, NOW + service.settings.token_life_s)
    mine = Login(**user)
    body = {"product_key": PRODUCT_KEY, "mac": MAC, "dev_alias": "灯", "set_owner": 1}
    async with client.post("/app/bind_mac", headers=signed(mine), json=body) as response:
        entry = await response.json()
        raw = await response.read()
    assert response.status == 201
    assert (entry["did"], entry["role"], entry["dev_alias"], entry["remark"]) == (did, "special", "灯", "")
    assert raw.isascii()
    assert (entry["host"], entry["port"], entry["ws_port"], entry["wss_port"]) == (
        "relay.example.org",
        1883,
        8080,
        0,
    )
    async with client.get(f"/app/devices/{did}", headers=headers(mine)) as response:
        assert await response.json() == entry
    await service.store.devices.set_presence(did, True, "11111111", NOW)
    async with client.post(
        f"/app/control/{did}", headers=headers(mine), json={"attrs": {"Colour": "黄色"}}
    ) as response:
        assert await response.json() == {}
    assert lamp().codec.decode_control(wire.p0s(did)[0]) == {"Colour": "黄色"}
    async with client.delete(
        "/app/bindings", headers=headers(mine), json={"devices": [{"did": did}]}
    ) as response:
        assert await response.json() == {"success": [did], "failed": []}
    async with client.get(f"/app/devdata/{did}/latest", headers=headers(mine)) as response:
        assert (response.status, (await response.json())["error_code"]) == (400, 9017)


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/app/bindings?limit=1001", 9015, 400),
        ("/app/bindings?limit=-1", 9015, 400),
        ("/app/bindings?skip=x", 9015, 400),
        ("/app/devices/0000000000000000000000", 9014, 404),
        ("/app/devices/%ff%00", 9014, 404),
        ("/app/devdata/nobody/latest", 9014, 404),
        ("/app/devices", 9015, 400),
        (f"/app/devices?product_key={PRODUCT_KEY}&mac=nobody", 9014, 404),
        (f"/app/devices?product_key={'f' * 32}&mac={MAC}", 9002, 400),
        (f"/app/datapoint?product_key={'f' * 32}", 9002, 400),
        ("/app/datapoint", 9015, 400),
        ("/app/nothing", 9015, 404),
        ("/app/login", 9015, 405),
        ("/app", 9015, 404),
    ],
)
async def test_errors_have_one_shape(
    client: TestClient[Any, Any], login: Login, did: str, *, path: str, code: int, status: int
) -> None:
    async with client.get(path, headers=headers(login)) as response:
        body = await response.json()
    assert (response.status, body["error_code"]) == (status, code)
    assert body["error_message"] == ERRORS[code].text
    assert body.keys() == {"error_message", "error_code", "detail_message"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, 9003),
        ({"X-Gizwits-Application-Id": "f" * 32}, 9003),
        ({"X-Gizwits-Application-Id": APPID}, 9004),
        ({"X-Gizwits-Application-Id": APPID, "X-Gizwits-User-token": "f" * 32}, 9004),
    ],
)
async def test_who_calls_is_asked_first(
    client: TestClient[Any, Any], given: dict[str, str], code: int
) -> None:
    for method, path in (("GET", "/app/bindings"), ("POST", "/app/control/x"), ("DELETE", "/app/bindings")):
        async with client.request(method, path, headers=given, data=b"not even JSON") as response:
            assert (response.status, (await response.json())["error_code"]) == (400, code)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /app/bindings HTTP/1.1\r\nX-Gizwits-Application-Id: \xff\xfe",
        b"GET /app/devices/\xff HTTP/1.1\r\nX-Gizwits-Application-Id: " + APPID.encode(),
        b"GET /app/datapoint?product_key=\xff HTTP/1.1",
    ],
)
async def test_bytes_that_are_no_text_are_the_callers_fault(
    client: TestClient[Any, Any], line: bytes
) -> None:
    """A client library would not send them, so they are written by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(line + b"\r\nHost: x\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_an_expired_token_is_invalid(client: TestClient[Any, Any], login: Login, clock: Clock) -> None:
    clock.now = login.expire_at
    async with client.get("/app/bindings", headers=headers(login)) as response:
        assert (response.status, (await response.json())["error_code"]) == (400, 9004)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"phone_id=p",
        b"[]",
        b'"text"',
        b"{",
        b'{"phone_id": NaN}',
        b"[" * 100_000,
        b'{"phone_id": "\xff"}',
        b'{"phone_id": "\\ud800"}',
        b'{"phone_id": 5}',
        b'{"phone_id": ""}',
        b'{"phone_id": null}',
        b'{"username": "a"}',
        b"9" * 10_000,
    ],
)
async def test_a_body_that_cannot_be_used(client: TestClient[Any, Any], body: bytes) -> None:
    async with client.post("/app/users", headers=headers(), data=body) as response:
        answer = await response.json()
    assert (response.status, answer["error_code"]) == (400, 9015)
    assert answer["detail_message"]


async def test_a_body_beyond_the_limit_is_not_read(client: TestClient[Any, Any]) -> None:
    body = json.dumps({"phone_id": "p", "padding": "x" * BODY_MAX}).encode()
    async with client.post("/app/users", headers=headers(), data=body) as response:
        assert (response.status, (await response.json())["error_code"]) == (413, 9015)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense", ""])
async def test_json_is_json_whatever_its_content_type(
    client: TestClient[Any, Any], content_type: str
) -> None:
    async with client.post(
        "/app/users", headers=headers(**{"Content-Type": content_type}), data=b'{"phone_id":"p"}'
    ) as response:
        assert response.status == 201


async def test_browsers_of_other_sites_may_call(client: TestClient[Any, Any]) -> None:
    asked = {
        "Origin": "http://maker.example.org",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "x-gizwits-user-token",
    }
    async with client.options("/app/bindings", headers=asked) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "DELETE" in response.headers["Access-Control-Allow-Methods"]
        assert "x-gizwits-user-token" in response.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"authData": {"src": "wechat", "uid": "openid", "token": "t"}}, 9026),
    ],
)
async def test_what_is_not_enabled_says_so(
    client: TestClient[Any, Any], body: dict[str, Any], code: int
) -> None:
    async with client.post("/app/users", headers=headers(), json=body) as response:
        answer = await response.json()
    assert (response.status, answer["error_code"]) == (400, code)
    assert "not enabled" in answer["detail_message"]


@pytest.mark.parametrize(
    ("body", "p0"),
    [
        ({"raw": [1, 16, 30]}, "01101e"),
        ({"raw": "01101e"}, "01101e"),
        ({"raw": "ARAe", "binary_coding": "base64"}, "01101e"),
        ({"raw": [0, 0, 0, 3, 6, 0, 0, 144, 1, 16, 30]}, "01101e"),
    ],
)
async def test_raw_control_in_each_coding(
    client: TestClient[Any, Any],
    service: Service,
    login: Login,
    did: str,
    wire: Wire,
    *,
    body: dict[str, Any],
    p0: str,
) -> None:
    await bound_and_on_line(service, login, did)
    async with client.post(f"/app/control/{did}", headers=headers(login), json=body) as response:
        assert (response.status, await response.json()) == (200, {})
    assert wire.p0s(did) == [bytes.fromhex(p0)]


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({}, 9015, "attrs or raw"),
        ({"attrs": []}, 9015, "attrs"),
        ({"attrs": {}}, 9015, "data point"),
        ({"attrs": {"Nothing": 1}}, 9025, "Nothing"),
        ({"attrs": {"LED_R": "red"}}, 9025, "LED_R"),
        ({"attrs": {"LED_R": 1}, "binary_coding": "rot13"}, 9025, "binary_coding"),
        ({"raw": [256]}, 9015, "raw"),
        ({"raw": [True]}, 9015, "raw"),
        ({"raw": "xyz"}, 9015, "raw"),
        ({"raw": []}, 9015, "raw"),
        ({"raw": {"a": 1}}, 9015, "raw"),
        ({"raw": [1] * 20_000}, 9015, "20000 bytes"),
    ],
)
async def test_a_control_that_cannot_be_sent(
    client: TestClient[Any, Any],
    service: Service,
    login: Login,
    did: str,
    *,
    body: dict[str, Any],
    code: int,
    named: str,
) -> None:
    await bound_and_on_line(service, login, did)
    async with client.post(f"/app/control/{did}", headers=headers(login), json=body) as response:
        answer = await response.json()
    assert (response.status, answer["error_code"]) == (400, code)
    assert named in answer["detail_message"]


async def test_paging_ends_with_a_short_page(
    client: TestClient[Any, Any], service: Service, login: Login
) -> None:
    for i in range(5):
        did = await service.register_device(PRODUCT_KEY, f"mac{i}", PASSCODE)
        await service.bind_by_passcode(login.uid, did, PASSCODE)
    pages = []
    for skip in (0, 2, 4):
        async with client.get(
            "/app/bindings", headers=headers(login), params={"limit": 2, "skip": skip}
        ) as response:
            pages.append([entry["mac"] for entry in (await response.json())["devices"]])
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(mac for page in pages for mac in page) == [f"mac{i}" for i in range(5)]


async def test_a_disabled_device_is_listed_on_request(
    client: TestClient[Any, Any], service: Service, login: Login, did: str
) -> None:
    await bound(service, login, did)
    await service.store.devices.set_disabled(did, True)
    for query, count in (("", 0), ("?show_disabled=0", 0), ("?show_disabled=1", 1)):
        async with client.get(f"/app/bindings{query}", headers=headers(login)) as response:
            assert len((await response.json())["devices"]) == count


async def test_the_old_look_up_tells_nothing_to_strangers(
    client: TestClient[Any, Any], service: Service, login: Login, did: str
) -> None:
    path = f"/app/devices?product_key={PRODUCT_KEY}&mac={MAC}"
    for caller, code in ((headers(), 9004), (headers(login), 9017)):
        async with client.get(path, headers=caller) as response:
            body = await response.text()
            assert (response.status, json.loads(body)["error_code"]) == (400, code)
            assert PASSCODE not in body
            assert did not in body
    await bound(service, login, did)
    async with client.get(path, headers=headers(login)) as response:
        assert differences(SAMPLES["http_device_detail"]["response"]["json"], await response.json()) == []


async def test_old_binding_reports_each_device(client: TestClient[Any, Any], login: Login, did: str) -> None:
    devices = [{"did": did, "passcode": "WRONG"}, {"did": "nobody"}, {"did": did, "passcode": PASSCODE}]
    async with client.post("/app/bindings", headers=headers(login), json={"devices": devices}) as response:
        assert await response.json() == {"success": [did], "failed": [did, "nobody"]}
    async with client.post(
        "/app/bindings", headers=headers(login), json={"devices": devices * 40}
    ) as response:
        assert (await response.json())["error_code"] == 9015


async def test_the_error_table_is_published(client: TestClient[Any, Any]) -> None:
    async with client.get("/errors") as response:
        table = await response.json()
    assert {(row["error_code"], row["error_message"], row["status"]) for row in table} == {
        (code, text, status) for code, (text, status) in ERRORS.items()
    }


async def test_our_own_fault_is_logged_without_secrets_and_not_explained(
    client: TestClient[Any, Any], store_url: str, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    with create_engine(store_url.replace("+aiosqlite", "")).begin() as connection:
        connection.execute(text("DROP TABLE bindings"))
    async with client.get("/app/bindings?a=s3cret", headers=headers(login)) as response:
        body = await response.json()
    assert (response.status, body["error_code"]) == (500, 9008)
    reference = body["detail_message"].split()[-1]
    assert f"GET /app/bindings failed, reference {reference}" in caplog.text
    assert "no such table" in caplog.text
    assert "no such table" not in json.dumps(body)
    for secret in (login.token, login.uid, "s3cret"):
        assert secret not in caplog.text


async def test_other_paths_are_left_alone(app: web.Application, service: Service) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise web.HTTPForbidden(text="not the app API's business")

    app.router.add_get("/h5/page", fail)
    http_api.setup(app, service)
    async with TestClient(TestServer(app)) as client, client.get("/h5/page") as response:
        assert await response.text() == "not the app API's business"
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_access_log_holds_no_secret(
    app: web.Application, service: Service, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    async def enter(_request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/h5/enter/{ticket}", enter)
    http_api.setup(app, service)
    server = TestServer(app)
    await server.start_server(access_log_class=AccessLog, access_log=logging.getLogger("access"))
    with caplog.at_level(logging.INFO, "access"):
        async with TestClient(server) as client:
            for path in (
                "/h5/enter/s3cret",
                "/h5/enter/s3cret/",
                "/app/bindings?token=s3cret",
                "/app/nothing?s3cret",
            ):
                async with client.get(path, headers=headers(login)):
                    pass
    lines = [record.getMessage() for record in caplog.records if record.name == "access"]
    assert [re.findall(r"GET (\S+) (\d+)", line) for line in lines] == [
        [("/h5/enter/{ticket}", "200")],
        [("/h5/enter", "404")],
        [("/app/bindings", "200")],
        [("/app/nothing", "404")],
    ]
    assert "s3cret" not in caplog.text
    assert login.token not in caplog.text
