"""The makers' HTTP API: one row in the audit log for each change, statuses, hostile input, no secrets."""

import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from makers_ground import PASSWORD, House, definition, house
from openapi_spec_validator import validate
from relay_ground import Clock

from wxlink.relay import admin_api, http_api
from wxlink.relay.rest import Route
from wxlink.relay.rest.source import note_source
from wxlink.relay.service import Service
from wxlink.relay.store import Entry, Wanted

Client = TestClient[Any, Any]

CHANGES = [route for route in admin_api.ROUTES if route.method != "GET"]
WITH_TOKEN = [route for route in admin_api.ROUTES if not route.path.endswith("/login")]

# The body of each call that has one, as a sound call carries it.
BODIES: dict[str, dict[str, Any]] = {
    "log_in_member": {"name": "acme.owner", "password": PASSWORD},
    "add_member": {"name": "acme.new", "role": "viewer", "password": PASSWORD},
    "set_role": {"role": "admin"},
    "set_password": {"password": "another password"},
    "add_token": {"name": "station", "rights": ["read"]},
    "add_product": {"definition": definition()},
    "change_product": {"name": "Lamp II", "sandbox": True},
    "rotate_product_secret": {"overlap_s": 60},
    "add_app": {"name": "Second"},
    "rename_app": {"name": "Home II"},
    "rotate_app_secret": {},
    "change_device": {"disabled": True},
    "claim_device": {},
}


@pytest.fixture
async def acme(service: Service) -> House:
    return await house(service, "acme")


@pytest.fixture
async def bolt(service: Service) -> House:
    return await house(service, "bolt")


@pytest.fixture
async def maker(app: web.Application, service: Service) -> AsyncIterator[Client]:
    """A client of the makers' API, and of the app API beside it."""
    app.middlewares.append(note_source)
    http_api.setup(app, service)
    admin_api.setup(app, service)
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def sound(service: Service, acme: House, route: Route) -> tuple[str, dict[str, Any]]:
    """A path and a body with which the call succeeds."""
    name = route.answering.__name__
    token = await service.add_token(acme.owner, "acme.owner", "old", ["read"])
    product = await service.add_product(acme.owner, definition())
    app = await service.add_app(acme.owner, "empty")
    push_key = await service.issue_push_key(acme.owner, None)
    empty = name.startswith("remove")
    path = route.path.format(
        name="acme.viewer",
        id=token.token.id,
        auth_id=push_key.auth_id,
        product_key=product.product_key if empty else acme.product.product_key,
        appid=app.appid if empty else acme.app.appid,
        did=acme.did,
    )
    return path, BODIES.get(name, {"uid": acme.login.uid} if name == "transfer_device" else {})


async def rows(service: Service) -> list[Entry]:
    """The audit log, oldest first."""
    return [entry for _, entry in reversed(await service.store.audit.list(Wanted(), 1_000))]


@pytest.mark.parametrize("route", admin_api.ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_each_change_leaves_one_row_and_reading_none(
    maker: Client, service: Service, acme: House, route: Route
) -> None:
    path, body = await sound(service, acme, route)
    before = len(await rows(service))
    sent = {"json": body} if route.body else {}
    async with maker.request(route.method, path, headers=acme.headers(), **sent) as response:
        assert response.status == route.statuses[0], await response.text()
        assert response.headers["Cache-Control"] == "no-store"
    new = (await rows(service))[before:]
    assert len(new) == (route.method != "GET")
    for row in new:
        assert (row.maker, row.account, row.result) == (acme.id, "member acme.owner", "ok")
        assert row.source == "127.0.0.1"


@pytest.mark.parametrize(
    "route",
    [one for one in CHANGES if one.kind.security and not one.path.endswith("/logout")],
    ids=lambda route: f"{route.method} {route.path}",
)
async def test_each_refusal_leaves_one_row(
    maker: Client, service: Service, acme: House, bolt: House, *, route: Route
) -> None:
    """To a viewer; a token of one's own and its end are allowed to all, so those are asked wrongly."""
    path, body = await sound(service, acme, route)
    if route.answering.__name__ == "add_token":
        body = {"name": "x", "rights": ["members"]}
    before = len(await rows(service))
    sent = {"json": body} if route.body else {}
    path = path.replace("acme.viewer", "acme.owner")
    async with maker.request(route.method, path, headers=acme.headers("viewer"), **sent) as response:
        assert response.status in (403, 404)
        code = (await response.json())["error_code"]
    [row] = (await rows(service))[before:]
    assert (row.maker, row.account, row.result) == (acme.id, "member acme.viewer", str(code))


async def test_the_log_never_holds_a_secret(maker: Client, service: Service, acme: House) -> None:
    secrets = [PASSWORD, acme.product.secret, acme.app.secret, *acme.sessions.values(), acme.login.token]
    for route in CHANGES:
        path, body = await sound(service, acme, route)
        sent = {"json": body} if route.body else {}
        async with maker.request(route.method, path, headers=acme.headers(), **sent) as response:
            said = await response.text()
        secrets += re.findall(r'"(?:token|product_secret|appsecret|auth_secret|scene)": "([^"]+)"', said)
    # A secret in the wrong field is not written down either.
    for wrong in ("/admin/v1/members/", "/admin/v1/products/", "/admin/v1/apps/", "/admin/v1/devices/"):
        fresh = acme.headers("admin")
        async with maker.delete(f"{wrong}hunter2 hunter2", headers=fresh) as response:
            assert response.status in (403, 404)
    async with maker.post("/admin/v1/login", json={"name": "hunter2 hunter2", "password": "x"}) as response:
        assert response.status == 401
    log = "\n".join(str(row) for row in await rows(service))
    assert [secret for secret in (*secrets, "hunter2") if secret in log] == []


@pytest.mark.parametrize("route", WITH_TOKEN, ids=lambda route: f"{route.method} {route.path}")
async def test_who_calls_is_asked_before_anything_else(maker: Client, route: Route) -> None:
    path = re.sub(r"\{\w+\}", "x", route.path)
    for header in ({}, {"Authorization": "Bearer 0"}, {"Authorization": "Basic YTpi"}):
        async with maker.request(route.method, path, headers=header, data=b"no JSON") as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert (await response.json())["error_code"] == 9004


HOSTILE: list[Any] = [None, True, 7, 1e308, "", "\0", "\ud800", "x" * 300, [], {}, [[[]]], {"name": None}]


@pytest.mark.parametrize(
    "route", [one for one in CHANGES if one.body], ids=lambda route: f"{route.method} {route.path}"
)
async def test_hostile_bodies_are_refused_in_words(
    maker: Client, service: Service, acme: House, route: Route
) -> None:
    path, body = await sound(service, acme, route)
    tries: list[Any] = [*HOSTILE]
    tries += [{**body, key: value} for key in body for value in HOSTILE]
    for given in tries:
        text = json.dumps(given).encode()
        async with maker.request(route.method, path, headers=acme.headers(), data=text) as response:
            assert response.status < 500, (given, await response.text())
            if response.status >= 400:
                assert set(await response.json()) == {"error_message", "error_code", "detail_message"}
    async with maker.request(route.method, path, headers=acme.headers(), data=b"[" * 300_000) as response:
        assert response.status in (400, 413)


async def test_hostile_paths_and_queries(maker: Client, acme: House) -> None:
    for part in ("%00", "%ed%a0%80", "..%2f..", "x" * 5_000, "%27%20or%201", "1e9", "٣"):
        for path in ("members", "tokens", "products", "apps", "devices"):
            url = f"/admin/v1/{path}/{part}"
            async with maker.delete(url, headers=acme.headers()) as response:
                assert response.status in (400, 404), url
        for query in ("action", "object", "account", "since", "before", "limit"):
            async with maker.get(f"/admin/v1/audit?{query}={part}", headers=acme.headers()) as response:
                assert response.status in (200, 400)


async def test_lists_page(maker: Client, service: Service, acme: House) -> None:
    for number in range(5):
        await service.register_device(acme.product.product_key, f"mac{number}", "PASSCODE")
    found: list[str] = []
    while True:
        after = f"&after={found[-1]}" if found else ""
        async with maker.get(f"/admin/v1/devices?limit=4{after}", headers=acme.headers()) as response:
            page = await response.json()
        found += [one["did"] for one in page]
        if not page:
            break
    assert len(set(found)) == len(found) == 6
    seen: list[int] = []
    while True:
        before = f"&before={seen[-1]}" if seen else ""
        async with maker.get(f"/admin/v1/audit?limit=3{before}", headers=acme.headers()) as response:
            rows_ = await response.json()
        seen += [one["id"] for one in rows_]
        if not rows_:
            break
    assert seen == sorted(set(seen), reverse=True)


async def test_the_log_is_filtered(maker: Client, service: Service, acme: House, bolt: House) -> None:
    async def found(query: str) -> list[str]:
        async with maker.get(f"/admin/v1/audit?{query}", headers=acme.headers()) as response:
            return [f"{one['account']} {one['action']} {one['result']}" for one in await response.json()]

    async with maker.delete("/admin/v1/apps/x", headers=acme.headers("viewer")):
        pass
    async with maker.post("/admin/v1/login", json={"name": "acme.admin", "password": "wrong"}):
        pass
    failed = ["member acme.admin member.login 9020", "member acme.viewer app.remove 9093"]
    assert await found("failed=true") == failed
    assert await found("action=app&failed=true") == failed[1:]
    assert await found("action=ap") == []
    assert len(await found("account=member%20acme.owner&action=member.login")) == 1
    assert not any("bolt" in row for row in await found("limit=1000"))
    assert await found("until=1") == []


async def test_a_session_ends_by_logging_out(maker: Client, acme: House, clock: Clock) -> None:
    async with maker.post("/admin/v1/login", json={"name": "acme.owner", "password": PASSWORD}) as response:
        given = await response.json()
    assert given["expires_at"] > clock.now
    header = {"Authorization": f"bearer {given['token']}"}
    async with maker.get("/admin/v1/me", headers=header) as response:
        assert await response.json() == {
            "account": "member acme.owner",
            "maker": acme.id,
            "rights": ["apps", "audit", "devices", "members", "products", "read"],
        }
    async with maker.post("/admin/v1/logout", headers=header) as response:
        assert response.status == 200
    async with maker.get("/admin/v1/me", headers=header) as response:
        assert response.status == 401


async def test_log_ins_are_throttled(maker: Client, acme: House) -> None:
    statuses = []
    for _ in range(12):
        async with maker.post("/admin/v1/login", json={"name": "x", "password": "y"}) as response:
            statuses.append(response.status)
    assert statuses == [401] * 10 + [429] * 2


async def test_an_app_of_one_maker_sees_nothing_of_another_over_http(
    maker: Client, service: Service, acme: House, bolt: House
) -> None:
    """Each call of the app API that names a device or a product, with another maker's."""
    did, key = bolt.did, bolt.product.product_key
    for route in http_api.ROUTES:
        if "{did}" not in route.path:
            continue
        path = re.sub(r"\{(?!did)\w+\}", "1", route.path).format(did=did)
        sent = {"json": {}} if route.body else {}
        async with maker.request(route.method, path, headers=acme.app_headers(), **sent) as response:
            said = await response.text()
        assert response.status >= 400, path
        assert bolt.app.appid not in said
    async with maker.get(
        f"/app/devices?product_key={key}&mac=a1b2c3d4e5f6", headers=acme.app_headers()
    ) as no:
        assert (await no.json())["error_code"] == 9002
    pair = {"devices": [{"did": did, "passcode": "GHTKLMWABQ"}]}
    async with maker.post("/app/bindings", json=pair, headers=acme.app_headers()) as response:
        assert await response.json() == {"success": [], "failed": [did]}
    async with maker.get("/app/bindings", headers=acme.app_headers()) as response:
        assert [one["did"] for one in (await response.json())["devices"]] == [acme.did]
    crossed = {**acme.app_headers(), "X-Gizwits-Application-Id": bolt.app.appid}
    async with maker.get("/app/bindings", headers=crossed) as response:
        assert (await response.json())["error_code"] == 9004


async def test_application_tokens_over_http(maker: Client, acme: House) -> None:
    proof = hashlib.md5((acme.app.appid + acme.app.secret).encode(), usedforsecurity=False).hexdigest()
    headers = {"X-Gizwits-Application-Id": acme.app.appid, "X-Gizwits-Application-Auth": proof}
    async with maker.post("/app/request_token", headers=headers) as response:
        assert response.status == 200
        assert set(await response.json()) == {"token", "expired_at"}
    headers["X-Gizwits-Application-Auth"] = "0" * 32
    async with maker.post("/app/request_token", headers=headers) as response:
        assert (response.status, (await response.json())["error_code"]) == (400, 9038)


async def test_the_document_describes_each_call(maker: Client) -> None:
    async with maker.get(admin_api.OPENAPI_PATH) as response:
        document = await response.json()
    validate(document)
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in admin_api.ROUTES}
    refusals = document["paths"]["/admin/v1/members"]["post"]["responses"]
    assert {"401", "403", "409", "429"} <= refusals.keys()
