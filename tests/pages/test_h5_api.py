"""Routes /h5/* on the real store and service: how a browser gets in, and what it may see."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from wxlink.pages import load_site
from wxlink.relay import h5_api
from wxlink.relay.downlink import Downlink
from wxlink.relay.errors import ApiError
from wxlink.relay.events import Bus
from wxlink.relay.service import Service
from wxlink.relay.service.pages import PAGE_TOKEN_LIFE_S
from wxlink.relay.settings import DAY_S, RelaySettings
from wxlink.relay.store import Product, Report, Store

NOBODYS = "Zz9mT2xW9bRf4LsVn8Zc3d"
PASSCODE = "GHTKLMWABQ"
Client = TestClient[web.Request, web.Application]


class NoBroker:
    """No test here sends anything to a device."""

    def publish(self, topic: str, payload: bytes) -> None:
        raise ConnectionError("there is no broker")


class Clock:
    """Unix seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Home:
    """A service, one person, and that person's device."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self.service = service
        self.clock = clock
        self.uid = self.did = ""

    async def new_device(self, uid: str, product_key: str, mac: str) -> str:
        did = await self.service.register_device(product_key, mac, PASSCODE)
        await self.service.redeem_claim(uid, await self.service.issue_claim(did))
        return did

    async def ticket(self) -> str:
        return f"/h5/enter/{await self.service.issue_page_ticket(self.uid, self.did)}"


@pytest.fixture
def settings(tmp_path: Path) -> RelaySettings:
    return RelaySettings(data_dir=tmp_path)


@pytest.fixture
async def home(settings: RelaySettings, gokit: dict[str, Any]) -> AsyncIterator[Home]:
    store = await Store.open(settings.database_url)
    downlink = Downlink(NoBroker(), store.devices.get)
    clock = Clock()
    home = Home(Service(store, Bus(), downlink, settings, clock), clock)
    await store.products.put(Product(gokit["product_key"], gokit["name"], "0" * 32, gokit))
    home.uid = await home.service.person("demo", "oPerson")
    home.did = await home.new_device(home.uid, gokit["product_key"], "02a0b1c2d3e4")
    yield home
    await store.close()


async def serve(home: Home, settings: RelaySettings) -> Client:
    app = web.Application()
    h5_api.mount(app, home.service, settings)
    client: Client = TestClient(TestServer(app))
    await client.start_server()
    return client


@pytest.fixture
async def client(home: Home, settings: RelaySettings) -> AsyncIterator[Client]:
    client = await serve(home, settings)
    yield client
    await client.close()


async def post(client: Client, path: str) -> tuple[int, str]:
    async with client.post(path, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def status(client: Client, path: str, **more: Any) -> int:
    async with client.get(path, **more) as answer:
        return answer.status


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("relay.sqlite3*"))


# The link of the chat


async def test_a_ticket_opens_the_page_of_its_device_once(client: Client, home: Home) -> None:
    ticket = await home.ticket()
    assert await post(client, ticket) == (303, f"/h5/device/{home.did}")
    assert await status(client, f"/h5/device/{home.did}") == 200
    client.session.cookie_jar.clear()
    async with client.post(ticket, allow_redirects=False) as answer:
        assert answer.status == 410
        assert "Set-Cookie" not in answer.headers
        text = await answer.text()
    assert "状态" in text
    assert "Go back to the account" in text


async def test_looking_at_a_link_does_not_use_it_up(client: Client, home: Home) -> None:
    ticket = await home.ticket()
    async with client.head(ticket) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    for _ in range(2):
        async with client.get(ticket) as answer:
            assert answer.status == 200
            assert "Set-Cookie" not in answer.headers
            assert '<form id="enter" method="post">' in await answer.text()
    assert (await post(client, ticket))[0] == 303


async def test_a_used_link_still_leads_its_user_to_the_page(client: Client, home: Home) -> None:
    ticket = await home.ticket()
    await post(client, ticket)
    secret = client.session.cookie_jar.filter_cookies(client.make_url("/h5/"))[h5_api.COOKIE].value
    assert await post(client, ticket) == (303, f"/h5/device/{home.did}")
    assert await post(client, await home.ticket()) == (303, f"/h5/device/{home.did}")
    now = client.session.cookie_jar.filter_cookies(client.make_url("/h5/"))[h5_api.COOKIE].value
    assert now == secret, "one browser keeps one session"


async def test_a_link_of_someone_else_changes_the_user_of_the_browser(
    client: Client, home: Home, gokit: dict[str, Any]
) -> None:
    await post(client, await home.ticket())
    old = client.session.cookie_jar.filter_cookies(client.make_url("/h5/"))[h5_api.COOKIE].value
    other = await home.service.person("demo", "oOther")
    did = await home.new_device(other, gokit["product_key"], "02ffffffffff")
    ticket = f"/h5/enter/{await home.service.issue_page_ticket(other, did)}"
    assert await post(client, ticket) == (303, f"/h5/device/{did}")
    assert await status(client, f"/h5/device/{home.did}") == 404
    with pytest.raises(ApiError, match="9004"):
        await home.service.page_session(old)
    assert await post(client, await home.ticket()) == (303, f"/h5/device/{home.did}")
    assert (await post(client, ticket))[0] == 410, "a used link of one user is nothing to another"


async def test_a_link_ends_after_a_day_and_an_invented_one_never_works(client: Client, home: Home) -> None:
    ticket = await home.ticket()
    home.clock.now += DAY_S + 1
    assert (await post(client, ticket))[0] == 410
    for invented in ("x", "x" * 22, "x" * 5000, "%00", "..%2f..%2fetc"):
        assert (await post(client, f"/h5/enter/{invented}"))[0] == 410


async def test_a_ticket_for_no_device_leads_to_the_list(client: Client, home: Home) -> None:
    assert await post(client, f"/h5/enter/{await home.service.issue_page_ticket(home.uid)}") == (303, "/h5/")


async def test_neither_tickets_nor_sessions_can_be_read_from_the_database(
    client: Client, home: Home, tmp_path: Path
) -> None:
    ticket = await home.ticket()
    await post(client, ticket)
    secret = client.session.cookie_jar.filter_cookies(client.make_url("/h5/"))[h5_api.COOKIE].value
    stored = everything_in(tmp_path)
    assert home.did.encode() in stored
    assert ticket.rpartition("/")[2].encode() not in stored
    assert secret.encode() not in stored


# The session


@pytest.mark.parametrize(
    ("public_url", "secure"),
    [(None, False), ("http://relay.example.org", False), ("https://relay.example.org", True)],
)
async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    home: Home, tmp_path: Path, public_url: str | None, secure: bool
) -> None:
    client = await serve(home, RelaySettings(data_dir=tmp_path, public_url=public_url))
    async with client.post(await home.ticket(), allow_redirects=False) as answer:
        flags = [flag.strip().lower() for flag in answer.headers["Set-Cookie"].split(";")]
    await client.close()
    assert {"httponly", "samesite=lax", "path=/h5", f"max-age={30 * DAY_S}"} <= set(flags)
    assert ("secure" in flags) is secure


async def test_a_session_lives_for_30_days_after_the_last_visit(client: Client, home: Home) -> None:
    await post(client, await home.ticket())
    page = f"/h5/device/{home.did}"
    async with client.get(page) as answer:
        assert "Set-Cookie" not in answer.headers, "a session of today needs no new cookie"
    for _ in range(3):
        home.clock.now += 29 * DAY_S
        async with client.get(page) as answer:
            assert answer.status == 200
            assert f"Max-Age={30 * DAY_S}" in answer.headers["Set-Cookie"]
    home.clock.now += 31 * DAY_S
    assert await status(client, page) == 401
    assert await status(client, f"/h5/api/device/{home.did}") == 401


async def test_signing_out_ends_the_session_on_the_server_too(client: Client, home: Home) -> None:
    await post(client, await home.ticket())
    secret = client.session.cookie_jar.filter_cookies(client.make_url("/h5/"))[h5_api.COOKIE].value
    assert await post(client, "/h5/leave") == (303, "/h5/")
    assert await status(client, "/h5/") == 401
    client.session.cookie_jar.update_cookies({h5_api.COOKIE: secret}, client.make_url("/h5/"))
    assert await status(client, "/h5/") == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_can_sign_nobody_in_or_out(client: Client, home: Home, site: str) -> None:
    theirs = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    ticket = await home.ticket()
    for path in (ticket, "/h5/leave"):
        async with client.post(path, headers=theirs, allow_redirects=False) as answer:
            assert answer.status == 403
            assert "Set-Cookie" not in answer.headers
    ours = {"Sec-Fetch-Site": "same-origin"}
    async with client.post(ticket, headers=ours, allow_redirects=False) as answer:
        assert answer.status == 303
    async with client.post("/h5/leave", headers=theirs, allow_redirects=False) as answer:
        assert answer.status == 403
    assert await status(client, "/h5/", headers=theirs) == 200, "a link of another site may lead here"
    async with client.post("/h5/leave", headers=ours, allow_redirects=False) as answer:
        assert answer.status == 303
    assert await status(client, "/h5/") == 401


async def test_a_session_that_was_planted_is_not_taken_over(client: Client, home: Home) -> None:
    planted = "x" * 22
    async with client.post(
        await home.ticket(), cookies={h5_api.COOKIE: planted}, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        assert answer.cookies[h5_api.COOKIE].value != planted
    with pytest.raises(ApiError, match="9004"):
        await home.service.page_session(planted)


async def test_a_link_leads_to_no_other_place(client: Client, home: Home) -> None:
    path = f"{await home.ticket()}?next=https://evil.example/&url=//evil.example"
    assert await post(client, path) == (303, f"/h5/device/{home.did}")


@pytest.mark.parametrize("path", ["/h5/", "/h5/device/{did}", "/h5/api/devices", "/h5/api/device/{did}"])
async def test_nothing_is_shown_to_a_stranger(client: Client, home: Home, path: str) -> None:
    async with client.get(path.format(did=home.did), cookies={h5_api.COOKIE: "x" * 22}) as answer:
        assert answer.status == 401
        assert answer.headers["Cache-Control"] == "no-store"
        assert home.did not in await answer.text()


async def test_devices_of_others_and_devices_that_do_not_exist_look_alike(
    client: Client, home: Home, gokit: dict[str, Any]
) -> None:
    await post(client, await home.ticket())
    other = await home.service.person("demo", "oOther")
    theirs = await home.new_device(other, gokit["product_key"], "02ffffffffff")
    for prefix in ("/h5/device/", "/h5/api/device/"):
        answers = []
        for did in (theirs, NOBODYS, "x"):
            async with client.get(prefix + did) as answer:
                answers.append((answer.status, re.sub(r"\d{4}|device not \w+!", "", await answer.text())))
        assert answers[0][0] == 404
        assert len(set(answers)) == 1


# What the pages get


async def test_the_panel_gets_the_definition_the_latest_values_and_a_token_that_works(
    client: Client, home: Home, gokit: dict[str, Any]
) -> None:
    await post(client, await home.ticket())
    attrs = {"LED_OnOff": True, "LED_Color": "紫色", "Temperature": 26}
    await home.service.store.states.apply([Report(home.did, home.clock.now, 0x91, b"\4", attrs)])
    async with client.get(f"/h5/api/device/{home.did}") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        got = await answer.json()
    assert got["ws"] == "/ws/app/v1"
    assert got["product"]["entities"] == gokit["entities"]
    assert got["latest"] == {"updated_at": home.clock.now, "attrs": attrs}
    assert got["device"]["is_online"] is False
    assert PASSCODE not in str(got)
    assert await home.service.authenticate(got["appid"], got["token"]) == got["uid"] == home.uid
    home.clock.now += PAGE_TOKEN_LIFE_S
    with pytest.raises(ApiError, match="9004"):
        await home.service.authenticate(got["appid"], got["token"])


async def test_the_list_names_devices_by_their_users_own_words_first(client: Client, home: Home) -> None:
    await post(client, await home.ticket())
    await home.service.describe(home.uid, home.did, remark="客厅", alias="")
    async with client.get("/h5/api/devices") as answer:
        (device,) = (await answer.json())["devices"]
    assert (device["name"], device["product_name"]) == ("客厅", "微信宠物屋")
    assert device["product_name_en"] == "GoKit pet house"


# Headers and files


@pytest.mark.parametrize("path", ["/h5/enter/x", "/h5/", "/h5/api/devices", "/h5/nothing", "/h5/static/x/y"])
async def test_every_answer_forbids_what_the_pages_do_not_need(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
        assert not {"script-src", "style-src"} & policy.keys()
        assert "unsafe" not in str(policy)
        assert f" ws://{client.host}:{client.port} " in policy["connect-src"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_host_header_cannot_write_into_the_policy(client: Client) -> None:
    async with client.get("/h5/enter/x", headers={"Host": "a; script-src *"}) as answer:
        assert "*" not in answer.headers["Content-Security-Policy"]


async def test_files_are_kept_for_ever_and_pages_are_asked_for_again(client: Client, home: Home) -> None:
    await post(client, await home.ticket())
    page = f"/h5/device/{home.did}"
    async with client.get(page) as answer:
        assert answer.headers["Cache-Control"] == "private, no-cache"
        etag = answer.headers["ETag"]
        script = re.findall(r'<script type="module" src="([^"]+)"', await answer.text())[0]
    assert await status(client, page, headers={"If-None-Match": etag}) == 304
    assert await status(client, page, headers={"If-None-Match": '"other"'}) == 200
    async with client.get(script) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        etag = answer.headers["ETag"]
    assert await status(client, script, headers={"If-None-Match": f'W/"x", {etag}'}) == 304


async def test_only_the_files_of_the_table_are_served(client: Client) -> None:
    root = f"/h5/static/{load_site().digest}/"
    assert await status(client, root + "app.css") == 200
    for name in ("device.html", "package.json", "../__init__.py", "..%2f__init__.py", "%2fetc%2fpasswd", ""):
        assert await status(client, root + name) == 404
    assert await status(client, "/h5/static/0123456789abcdef/app.css") == 404
