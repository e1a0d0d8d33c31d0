"""The API client against the sandbox's servers."""

import asyncio
import logging
from dataclasses import replace

import pytest
from aiohttp import web

from wxlink.wechat.client import MAX_RESPONSE_BYTES, WeChatClient, WeChatRefused, WeChatUnreachable
from wxlink.wechat.conversation import default_menu
from wxlink.wechat.redact import shown_openid, shown_url
from wxlink.wechat.sandbox.refusal import Refusal

TOKEN_PATH, MENU_PATH = "/cgi-bin/stable_token", "/cgi-bin/menu/create"


@pytest.fixture
def client(sandbox, http, clock):
    return WeChatClient(sandbox.api.account.at(sandbox.url), http, clock=clock, backoff_s=0.01)


def calls(sandbox, path):
    return sandbox.api.quotas.used[path]


async def refused(call):
    with pytest.raises(WeChatRefused) as caught:
        await call
    return caught.value


async def test_a_scene_code_that_can_be_drawn(client, sandbox, http):
    made = await client.create_scene_qr("bind:设备:code", 600)
    assert sandbox.api.codes.get(made.ticket).scene == "bind:设备:code"
    assert made.url == f"{sandbox.url}/q/{made.ticket}"
    assert made.expires_in == 600
    async with http.get(f"{sandbox.url}/cgi-bin/showqrcode", params={"ticket": made.ticket}) as picture:
        assert (await picture.read()).startswith(b"\x89PNG")


@pytest.mark.parametrize(("scene", "life_s"), [("", 60), ("x" * 65, 60), ("x", 0), ("x", 30 * 86_400 + 1)])
async def test_impossible_scene_codes_are_refused_before_wechat_is_asked(client, sandbox, scene, life_s):
    with pytest.raises(ValueError, match=r"a scene has|a temporary QR code lives"):
        await client.create_scene_qr(scene, life_s)
    assert calls(sandbox, TOKEN_PATH) == 0


async def test_menu_in_chinese_comes_back_as_it_was(client):
    assert await client.menu_get() is None
    await client.menu_create(default_menu())
    buttons = (await client.menu_get())["menu"]["button"]
    assert [button["name"] for button in buttons] == ["设备状态", "帮助"]
    await client.menu_delete()
    assert await client.menu_get() is None


async def test_a_menu_is_sent_only_when_wechat_has_another(client, sandbox):
    assert await client.ensure_menu(default_menu())
    assert not await client.ensure_menu(default_menu())
    assert calls(sandbox, MENU_PATH) == 1
    nested = {"button": [{"name": "更多", "sub_button": default_menu()["button"]}]}
    assert await client.ensure_menu(nested)
    assert not await client.ensure_menu(nested)


async def test_callers_at_once_share_one_token(client, sandbox):
    await asyncio.gather(*(client.menu_create(default_menu()) for _ in range(20)))
    assert calls(sandbox, TOKEN_PATH) == 1
    assert calls(sandbox, MENU_PATH) == 20


async def test_callers_at_once_share_a_failure_too(serve, account, http):
    asked = []

    async def respond(request):
        asked.append(request.path)
        return web.Response(status=502)

    app = web.Application()
    app.router.add_post("/{path:.*}", respond)
    client = WeChatClient(account.at(await serve(app)), http)
    calls = [asyncio.create_task(client.menu_delete()) for _ in range(20)]
    for call in calls:
        with pytest.raises(WeChatUnreachable, match="HTTP 502"):
            await call
    assert asked == [TOKEN_PATH], "in an outage nobody queues for a time-out after another"
    with pytest.raises(WeChatUnreachable):
        await client.menu_delete()
    assert len(asked) == 2


async def test_two_processes_get_along_with_one_stable_token(sandbox, http, clock):
    account = sandbox.api.account.at(sandbox.url)
    clients = [WeChatClient(account, http, clock=clock) for _ in range(2)]
    for client in (*clients, *clients):
        await client.menu_create(default_menu())
    assert calls(sandbox, TOKEN_PATH) == 2


async def test_a_token_is_renewed_before_it_ends_and_not_earlier(client, sandbox, clock):
    await client.menu_create(default_menu())
    clock.now += 7200 - 301
    await client.menu_create(default_menu())
    assert calls(sandbox, TOKEN_PATH) == 1
    clock.now += 61
    await client.menu_create(default_menu())
    await client.menu_create(default_menu())
    assert calls(sandbox, TOKEN_PATH) == 2


async def test_a_token_that_wechat_forgot_is_fetched_anew_and_the_call_repeated(client, sandbox):
    await client.menu_create(default_menu())
    sandbox.api.tokens.revoke()
    await client.menu_create(default_menu())
    assert calls(sandbox, TOKEN_PATH) == 2


async def test_an_expired_token_too_when_this_clock_is_slow(sandbox, http, clock):
    slow = WeChatClient(sandbox.api.account.at(sandbox.url), http, clock=lambda: 0.0)
    await slow.menu_create(default_menu())
    clock.now += 7200
    await slow.menu_create(default_menu())
    assert calls(sandbox, TOKEN_PATH) == 2


async def test_a_token_refused_twice_is_the_owners_to_mend(client, sandbox, monkeypatch):
    def never(token):
        raise Refusal(40001)

    monkeypatch.setattr(sandbox.api.tokens, "check", never)
    error = await refused(client.menu_create(default_menu()))
    assert error.code == 40001
    assert "AppSecret" in str(error)
    assert (await refused(client.menu_create(default_menu()))).code == 40001
    assert calls(sandbox, TOKEN_PATH) == 2, "asked again within a minute"


async def test_an_address_that_is_not_listed_is_shown_to_the_owner(client, sandbox, clock):
    sandbox.api.ip_listed = False
    error = await refused(client.menu_create(default_menu()))
    assert error.code == 40164
    assert "invalid ip 127.0.0.1" in str(error)
    assert "IP list" in str(error)
    sandbox.api.ip_listed = True
    assert (await refused(client.menu_create(default_menu()))).code == 40164
    clock.now += 61
    await client.menu_create(default_menu())


async def test_wechats_request_id_is_kept(client, sandbox):
    sandbox.api.unauthorized.add(MENU_PATH)
    error = await refused(client.menu_create(default_menu()))
    assert len(error.rid) == 24
    assert error.rid in str(error)


async def test_a_wrong_secret_is_not_tried_again_for_a_minute(sandbox, http, clock, account):
    mistyped = WeChatClient(replace(account, secret="0" * 32, api_base=sandbox.url), http, clock=clock)
    for _ in range(3):
        assert (await refused(mistyped.menu_create(default_menu()))).code == 40125
    assert calls(sandbox, TOKEN_PATH) == 1
    clock.now += 61
    assert (await refused(mistyped.menu_create(default_menu()))).code == 40125
    assert calls(sandbox, TOKEN_PATH) == 2


async def test_a_used_up_quota_is_left_alone_until_midnight_in_china(client, sandbox, clock):
    sandbox.api.quotas.daily[MENU_PATH] = 1
    await client.menu_create(default_menu())
    for _ in range(3):
        assert (await refused(client.menu_create(default_menu()))).code == 45009
    to_midnight = 86_400 - (clock.now + 8 * 3600) % 86_400
    clock.now += to_midnight - 1
    assert (await refused(client.menu_create(default_menu()))).code == 45009
    clock.now += 1
    await client.menu_create(default_menu())


async def test_an_interface_not_granted_is_off_for_an_hour_and_others_work(client, sandbox, clock):
    sandbox.api.unauthorized.add(MENU_PATH)
    assert (await refused(client.menu_create(default_menu()))).code == 48001
    sandbox.api.unauthorized.clear()
    assert (await refused(client.menu_create(default_menu()))).code == 48001
    await client.create_scene_qr("x", 60)
    clock.now += 3601
    await client.menu_create(default_menu())


async def test_a_busy_wechat_is_asked_twice_more(client, sandbox):
    await client.create_scene_qr("x", 60)
    sandbox.api.busy = 2
    await client.menu_create(default_menu())
    sandbox.api.busy = 3
    assert (await refused(client.menu_create(default_menu()))).code == -1
    assert sandbox.api.busy == 0


async def test_a_message_holds_no_escapes_whatever_a_device_says(client, sandbox):
    someone = sandbox.api.people.get(sandbox.user)
    await sandbox.acts.follow(someone)
    await client.send_text(sandbox.user, "温度\x07 25℃ 😀 \\u4f60 \ud800" + "长" * 1000)
    assert someone.lines[-1].text.startswith("温度 25℃ 😀 \\u4f60 长")
    assert (await refused(client.send_text("oNOBODY" + "0" * 21, "x"))).code == 40003


async def test_no_secret_and_no_openid_in_errors_and_logs(client, sandbox, caplog, http, free_port):
    caplog.set_level(logging.DEBUG)
    account = client.account
    await client.menu_get()
    token = await client._tokens.get()
    sandbox.api.unauthorized.add("/cgi-bin/message/custom/send")
    texts = [str(await refused(client.send_text(sandbox.user, "秘密")))]
    away = WeChatClient(account.at(f"http://127.0.0.1:{free_port()}"), http)
    with pytest.raises(WeChatUnreachable) as caught:
        await away.menu_get()
    texts += [str(caught.value), repr(account), caplog.text]
    for secret in (account.secret, account.token, account.aes_key, token, sandbox.user):
        assert all(secret not in text for text in texts)
    assert "48001" in caplog.text


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (web.Response(text="<html>"), "not WeChat's JSON"),
        (web.Response(text="[]"), "not WeChat's JSON"),
        (web.Response(text="{}", status=502), "HTTP 502"),
        (web.Response(text="{}"), "holds no token"),
        (web.Response(text='{"errcode": "40001"}'), "errcode is not a number"),
        (web.Response(text=" " * (MAX_RESPONSE_BYTES + 1)), "more than 1048576 bytes"),
    ],
)
async def test_an_answer_that_is_not_wechats_is_unreachable(serve, account, http, answer, says):
    async def respond(request):
        return answer

    app = web.Application()
    app.router.add_post(TOKEN_PATH, respond)
    client = WeChatClient(account.at(await serve(app)), http)
    with pytest.raises(WeChatUnreachable, match=says):
        await client.menu_get()


async def test_a_redirect_is_not_followed_with_the_secret(serve, account, http):
    seen = []

    async def respond(request):
        seen.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    app = web.Application()
    app.router.add_post("/{path:.*}", respond)
    client = WeChatClient(account.at(await serve(app)), http)
    with pytest.raises(WeChatUnreachable, match="HTTP 307"):
        await client.menu_get()
    assert seen == [TOKEN_PATH]


def test_what_a_log_may_show():
    url = "https://api.example/x?appid=wx1&secret=abc&access_token=def&openid=oX&a=1"
    assert shown_url(url) == "https://api.example/x?appid=wx1&secret=***&access_token=***&openid=***&a=1"
    assert shown_openid("oTESTuser000000000000000001") == "oTESTu…"
