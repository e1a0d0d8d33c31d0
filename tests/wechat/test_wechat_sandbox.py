"""The sandbox refuses what WeChat refuses, and judges a callback as WeChat judges it."""

import pytest
from sandbox_calls import MENU, QR, SEND, click, scene, view


@pytest.fixture
def credentials(account):
    return {"grant_type": "client_credential", "appid": account.appid, "secret": account.secret}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"grant_type": "authorization_code"}, 40002),
        ({"appid": "wx" + "0" * 16}, 40013),
        ({"secret": "0" * 32}, 40125),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"force_refresh": "yes"}, 47001),
    ],
)
async def test_credentials(call, credentials, change, code):
    assert (await call("/cgi-bin/stable_token", {**credentials, **change}))["errcode"] == code


async def test_a_stable_token_stays_the_same_until_five_minutes_before_its_end(call, credentials, clock):
    first = await call("/cgi-bin/stable_token", credentials)
    assert len(first["access_token"]) > 100
    assert first["expires_in"] == 7200
    clock.now += 6899
    again = await call("/cgi-bin/stable_token", credentials)
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 301)
    clock.now += 1
    second = await call("/cgi-bin/stable_token", credentials)
    assert second["access_token"] != first["access_token"]
    assert (await call("/cgi-bin/menu/get", method="GET", token=first["access_token"]))["errcode"] == 46003
    clock.now += 300
    assert (await call("/cgi-bin/menu/get", method="GET", token=first["access_token"]))["errcode"] == 42001


async def test_forced_tokens_end_the_former_and_are_rationed(call, credentials, clock):
    first = await call("/cgi-bin/stable_token", credentials)
    forced = {**credentials, "force_refresh": True}
    assert "access_token" in await call("/cgi-bin/stable_token", forced)
    assert (await call("/cgi-bin/menu/get", method="GET", token=first["access_token"]))["errcode"] == 42001
    assert (await call("/cgi-bin/stable_token", forced))["errcode"] == 45011
    for _ in range(19):
        clock.now += 30
        assert "access_token" in await call("/cgi-bin/stable_token", forced)
    clock.now += 30
    assert (await call("/cgi-bin/stable_token", forced))["errcode"] == 45009


async def test_an_ordinary_token_leaves_the_former_five_minutes(call, credentials, clock):
    first = await call("/cgi-bin/token", method="GET", **credentials)
    second = await call("/cgi-bin/token", method="GET", **credentials)
    assert first["access_token"] != second["access_token"]
    clock.now += 299
    assert (await call("/cgi-bin/menu/get", method="GET", token=first["access_token"]))["errcode"] == 46003
    clock.now += 1
    assert (await call("/cgi-bin/menu/get", method="GET", token=first["access_token"]))["errcode"] == 42001
    assert (await call("/cgi-bin/menu/get", method="GET", token=second["access_token"]))["errcode"] == 46003


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("short", 40014), ("x" * 136, 40001)])
async def test_bad_tokens(call, token, code):
    assert (await call("/cgi-bin/menu/get", method="GET", token=token))["errcode"] == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", 44002),
        (b"{", 47001),
        (b"[]", 47001),
        ('{"button": "灯"}'.encode("gbk"), 47001),
        (b'{"button": [{"type": "click", "name": "\\u706f", "key": "k"}]}', 40033),
        (b'{"button": [{"type": "click", "name": "\\\\u706f", "key": "k"}]}', 0),
    ],
)
async def test_bodies(call, raw, code):
    assert (await call(MENU, raw=raw))["errcode"] == code


async def test_methods(call):
    assert (await call(MENU, method="GET"))["errcode"] == 43002
    assert (await call("/cgi-bin/menu/get", {}))["errcode"] == 43001


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([click()] * 4, 40016),
        ([click(name="")], 40018),
        ([click(name="灯" * 5)], 0),
        ([click(name="灯" * 6)], 40018),
        ([click(key="k" * 128)], 0),
        ([click(key="k" * 129)], 40019),
        ([{**click(), "type": "jump"}], 40017),
        ([view("https://a.example/" + "x" * 1007)], 40020),
        ([view("ftp://a.example/")], 40055),
        ([{"name": "m", "sub_button": [click()] * 5}], 0),
        ([{"name": "m", "sub_button": [click()] * 6}], 40023),
        ([{"name": "m", "sub_button": [click(name="灯" * 20)]}], 0),
        ([{"name": "m", "sub_button": [click(name="灯" * 21)]}], 40025),
        ([{"name": "m", "sub_button": [{**click(), "type": "jump"}]}], 40024),
        ([{"name": "m", "sub_button": [click(key="")]}], 40026),
        ([{"name": "m", "sub_button": [view("x" * 1025)]}], 40027),
        ([{"name": "m", "sub_button": [view("javascript:alert(1)")]}], 40054),
        ([{"name": "m", "sub_button": [{"name": "n", "sub_button": [click()]}]}], 40022),
        ([{"type": "media_id", "name": "m", "media_id": "M"}], 40007),
        (["x"], 47001),
    ],
)
async def test_menus(call, buttons, code):
    assert (await call(MENU, {"button": buttons}))["errcode"] == code


@pytest.mark.parametrize(
    "body",
    [
        scene(""),
        scene("x" * 65),
        scene(7),
        scene(action="QR_SCENE"),
        scene(action="QR"),
        scene(action=["QR_STR_SCENE"]),
        scene(expire_seconds=2_592_001),
        scene(expire_seconds="60"),
        {"action_name": "QR_STR_SCENE", "action_info": "s"},
        {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}},
    ],
)
async def test_malformed_scenes(call, body):
    assert (await call(QR, body))["errcode"] == 40053


async def test_scenes(call, sandbox):
    assert (await call(QR, scene("灯" * 64, expire_seconds=2_592_000)))["expire_seconds"] == 2_592_000
    assert (await call(QR, scene()))["expire_seconds"] == 60
    assert "expire_seconds" not in await call(QR, scene(action="QR_LIMIT_STR_SCENE"))
    number = {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 123}}}
    assert sandbox.api.codes.get((await call(QR, number))["ticket"]).scene == "123"


@pytest.fixture
def message(call, sandbox):
    async def send(text="x", **change):
        body = {"touser": sandbox.user, "msgtype": "text", "text": {"content": text}, **change}
        return (await call(SEND, body))["errcode"]

    return send


async def test_customer_messages_need_a_follower_and_an_allowance(message, sandbox, someone, clock):
    assert await message(touser="oSTRANGER" + "0" * 19) == 40003
    assert await message(touser=None) == 40003
    assert await message() == 43004
    await sandbox.acts.follow(someone)
    assert [await message() for _ in range(4)] == [0, 0, 0, 45047]
    clock.now += 60
    assert await message() == 45015
    await sandbox.acts.text(someone, "在吗")
    assert [await message() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    await sandbox.acts.text(someone, "在吗")
    clock.now += 48 * 3600 - 1
    assert await message() == 0
    clock.now += 1
    assert await message() == 45015
    await sandbox.acts.unfollow(someone)
    assert await message() == 43004


async def test_customer_messages_have_content_that_fits(message, sandbox, someone):
    await sandbox.acts.follow(someone)
    assert await message("") == 44004
    assert await message("灯" * 683) == 45002
    assert await message(text=[]) == 44004
    assert await message(msgtype="image") == 40007
    assert await message(msgtype="hologram") == 40008


async def test_quotas_count_by_day(call, sandbox, clock):
    sandbox.api.quotas.daily[MENU] = 2
    menu = {"button": [click()]}
    assert [(await call(MENU, menu))["errcode"] for _ in range(3)] == [0, 0, 45009]
    clock.now += 86_400
    assert (await call(MENU, menu))["errcode"] == 0
