"""What people do in the sandbox, and how it judges a callback's answers."""

import asyncio
import re
import shutil
import subprocess
from dataclasses import replace
from importlib import resources

import pytest
import wechatpy
from aiohttp import web
from sandbox_calls import MENU, QR, click, scene
from wechatpy.crypto import WeChatCrypto

from wxlink.wechat.account import Mode
from wxlink.wechat.crypto import MessageCrypto
from wxlink.wechat.replies import write_sealed
from wxlink.wechat.sandbox import Sandbox
from wxlink.wechat.sandbox.acts import UNAVAILABLE, Impossible


class Answering:
    """A callback that answers whatever a test says, and keeps what came."""

    def __init__(self, sandbox):
        self.crypto = MessageCrypto.of(sandbox.api.account)
        self.account = sandbox.api.account.original_id
        self.person = sandbox.user
        self.came = []
        self.answer = lambda: web.Response(text="success")

    async def handle(self, request):
        self.came.append((dict(request.query), await request.text()))
        answer = self.answer()
        return await answer if asyncio.iscoroutine(answer) else answer

    def reply(self, body="<Content>好</Content>", kind="text", **change):
        head = {"ToUserName": self.person, "FromUserName": self.account, "CreateTime": "1", "MsgType": kind}
        fields = "".join(f"<{tag}>{text}</{tag}>" for tag, text in {**head, **change}.items())
        return f"<xml>{fields}{body}</xml>"

    def sealed(self, xml):
        return write_sealed(self.crypto.seal(xml.encode(), "1", "n"))


@pytest.fixture
async def answering(sandbox, serve):
    callback = Answering(sandbox)
    app = web.Application()
    app.router.add_post("/callback", callback.handle)
    sandbox.push_to(await serve(app) + "/callback")
    return callback


async def test_what_a_person_does_becomes_the_push_that_wechat_sends(sandbox, answering, someone, call):
    await call(MENU, {"button": [click(key="state")]})
    ticket = (await call(QR, scene("bind:x")))["ticket"]
    acts = sandbox.acts
    await acts.scan(someone, ticket)
    await acts.scan(someone, ticket)
    await acts.text(someone, "开灯 ]]> <b>")
    await acts.click(someone, "state")
    await acts.unfollow(someone)
    account = sandbox.api.account
    theirs = WeChatCrypto(account.token, account.aes_key, account.appid)
    read = []
    for query, body in answering.came:
        assert query["openid"] == sandbox.user
        assert query["encrypt_type"] == "aes"
        xml = theirs.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        read.append(wechatpy.parse_message(xml))
    assert [(type(m).__name__, getattr(m, "scene_id", None)) for m in read[:2]] == [
        ("SubscribeScanEvent", "bind:x"),
        ("ScanEvent", "bind:x"),
    ]
    assert read[2].content == "开灯 ]]> <b>"
    assert (type(read[3]).__name__, read[3].key) == ("ClickEvent", "state")
    assert type(read[4]).__name__ == "UnsubscribeEvent"


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda c: "Success", "not well-formed|syntax error"),
        (lambda c: c.reply(), "Encrypt must stand there once"),
        (lambda c: c.sealed(c.reply()).replace("MsgSignature", "Signature"), "MsgSignature must stand"),
        (lambda c: c.sealed(c.reply()).replace("<TimeStamp>1", "<TimeStamp>2"), "bad signature"),
        (lambda c: c.sealed(c.reply(ToUserName=c.account)), "ToUserName is not the person"),
        (lambda c: c.sealed(c.reply(FromUserName=c.person)), "FromUserName is not the account"),
        (lambda c: c.sealed(c.reply(CreateTime="now")), "CreateTime is not a number"),
        (lambda c: c.sealed(c.reply(kind="event")), "MsgType event is not a reply"),
        (lambda c: c.sealed(c.reply(body="")), "Content is missing or empty"),
        (lambda c: c.sealed(c.reply(body=f"<Content>{'灯' * 683}</Content>")), "more than 2048 bytes"),
        (lambda c: c.sealed(c.reply(kind="image")), "Image.MediaId is missing"),
        (lambda c: "x" * 70_000, "more than 65536 bytes"),
    ],
)
async def test_an_answer_that_wechat_would_not_take(sandbox, answering, someone, make, fault):
    await sandbox.acts.follow(someone)
    answering.answer = lambda: web.Response(text=make(answering))
    delivery = await sandbox.acts.text(someone, "在吗")
    assert (delivery.outcome, delivery.tries) == ("fault", 1)
    assert re.search(fault, delivery.fault), delivery.fault
    assert someone.lines[-1].text == UNAVAILABLE


async def test_answers_that_wechat_takes(sandbox, answering, someone):
    await sandbox.acts.follow(someone)
    for text in ("", "success"):
        answering.answer = lambda text=text: web.Response(text=text)
        assert (await sandbox.acts.text(someone, "在吗")).outcome == "silence"
    answering.answer = lambda: web.Response(text=answering.sealed(answering.reply()))
    assert (await sandbox.acts.text(someone, "在吗")).text == "好"
    assert (someone.lines[-1].who, someone.lines[-1].via) == ("account", "reply")
    transfer = answering.sealed(answering.reply(kind="transfer_customer_service"))
    answering.answer = lambda: web.Response(text=transfer)
    assert (await sandbox.acts.text(someone, "人工")).outcome == "reply"


async def test_the_compatible_mode_takes_a_reply_in_clear_and_an_encrypted_one(account, clock, serve):
    async with Sandbox(replace(account, mode=Mode.COMPATIBLE), clock=clock) as sandbox:
        callback = Answering(sandbox)
        app = web.Application()
        app.router.add_post("/callback", callback.handle)
        sandbox.push_to(await serve(app) + "/callback")
        someone = sandbox.api.people.get(sandbox.user)
        callback.answer = lambda: web.Response(text=callback.reply())
        assert (await sandbox.acts.follow(someone)).text == "好"
        callback.answer = lambda: web.Response(text=callback.sealed(callback.reply()))
        assert (await sandbox.acts.text(someone, "在吗")).text == "好"
        query, body = callback.came[-1]
        assert query["encrypt_type"] == "aes"
        assert "<Content>" in body
        assert "<Encrypt>" in body


async def test_an_event_cannot_be_handed_over(sandbox, answering, someone):
    transfer = answering.sealed(answering.reply(kind="transfer_customer_service"))
    answering.answer = lambda: web.Response(text=transfer)
    assert (await sandbox.acts.follow(someone)).fault == "an event cannot be handed over"


async def test_a_slow_callback_hears_the_same_push_three_times(sandbox, answering, someone):
    over = asyncio.Event()

    async def never():
        await over.wait()
        return web.Response(text="success")

    await sandbox.acts.follow(someone)
    answering.came.clear()
    answering.answer = never
    delivery = await sandbox.acts.text(someone, "在吗")
    over.set()
    assert (delivery.outcome, delivery.tries) == ("fault", 3)
    assert someone.lines[-1].text == UNAVAILABLE
    (first, first_body), (second, second_body), (third, third_body) = answering.came
    assert (first, first_body) == (second, second_body)
    assert third["nonce"] != first["nonce"]
    assert third_body != first_body


async def test_an_http_error_is_a_fault(sandbox, answering, someone):
    answering.answer = lambda: web.Response(status=403)
    assert (await sandbox.acts.follow(someone)).fault == "HTTP 403"


async def test_what_wechats_app_does_not_let_a_person_do(sandbox, answering, someone, call, clock):
    ticket = (await call(QR, scene(expire_seconds=60)))["ticket"]
    acts = sandbox.acts
    for act in (
        acts.text(someone, "x"),
        acts.unfollow(someone),
        acts.scan(someone, "gQ0"),
        acts.click(someone, "k"),
    ):
        with pytest.raises(Impossible):
            await act
    clock.now += 60
    with pytest.raises(Impossible, match="expired"):
        await acts.scan(someone, ticket)
    await acts.follow(someone)
    for act in (acts.follow(someone), acts.text(someone, ""), acts.click(someone, "no such key")):
        with pytest.raises(Impossible):
            await act
    assert len(answering.came) == 1


async def test_the_same_over_http(sandbox, answering, http):
    answering.answer = lambda: web.Response(text=answering.sealed(answering.reply()))
    user = f"{sandbox.url}/sandbox/user/{sandbox.user}"
    async with http.post(f"{user}/follow", json={}) as response:
        assert (await response.json())["outcome"] == "reply"
    async with http.post(f"{user}/text", json={"content": "在吗"}) as response:
        answer = await response.json()
    assert (answer["tries"], answer["text"], answer["fault"]) == (1, "好", "")
    async with http.get(f"{user}/chat") as response:
        chat = await response.json()
    assert chat["following"]
    assert [line["text"] for line in chat["chat"]][-2:] == ["在吗", "好"]
    async with http.post(f"{user}/scan", json={"ticket": "gQ0"}) as response:
        assert response.status == 409
        assert "expired" in (await response.json())["error"]
    for path, body, status in (
        ("text", {"content": 1}, 400),
        ("text", [], 400),
        ("dance", {}, 404),
        ("../nobody/text", {"content": "x"}, 400),
    ):
        async with http.post(f"{user}/{path}", json=body) as response:
            assert response.status == status, path


async def test_web_pages_of_elsewhere_cannot_use_it(sandbox, http):
    user = f"{sandbox.url}/sandbox/user/{sandbox.user}"
    async with http.get(f"{user}/chat", headers={"Host": "evil.example"}) as response:
        assert response.status == 403
    async with http.post(f"{user}/follow", data=b"{}", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415


async def test_the_page_loads_nothing_from_elsewhere(sandbox, http):
    page = resources.files("wxlink.wechat.sandbox").joinpath("page.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href|import|url)\s*[=(:]\s*["']?(?:https?:)?//""", page)
    for path in ("/", "/sandbox/", "/q/gQ0"):
        async with http.get(sandbox.url + path) as response:
            assert await response.text() == page
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.browser
async def test_opening_the_address_of_a_code_scans_it_once(sandbox, answering, call, tmp_path):
    chromium = shutil.which("chromium")
    assert chromium, "install Debian's chromium"
    link = '<![CDATA[已绑定 <a href="https://relay.example.org/h5/">打开</a><img src=x>]]>'
    answering.answer = lambda: web.Response(
        text=answering.sealed(answering.reply(body=f"<Content>{link}</Content>"))
    )
    await call(MENU, {"button": [click(name="设备状态", key="state")]})
    ticket = (await call(QR, scene("bind:x")))["ticket"]
    browser = await asyncio.create_subprocess_exec(
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=3000",
        "--dump-dom",
        f"{sandbox.url}/q/{ticket}",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    dom = (await asyncio.wait_for(browser.communicate(), 60))[0].decode()
    assert sandbox.api.people.get(sandbox.user).following
    assert len(answering.came) == 1
    assert '<a href="https://relay.example.org/h5/" target="_blank" rel="noreferrer">打开</a>' in dom
    assert "&lt;img src=x&gt;" in dom
    assert ">设备状态</button>" in dom
