"""A person talks to the account: sandbox, callback, conversation and the relay's database, all real."""

import json
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from aiohttp import web

from wxlink.assets import asset
from wxlink.relay.store import Product, Report
from wxlink.relay.wechat_home import open_wechat
from wxlink.wechat.account import Mode
from wxlink.wechat.conversation import HELP_KEY, STATE_KEY, default_menu
from wxlink.wechat.home import Language, Refusal
from wxlink.wechat.pace import Pace
from wxlink.wechat.replies import MAX_TEXT_BYTES
from wxlink.wechat.sandbox import Sandbox
from wxlink.wechat.texts import TEXTS

ZH, EN = TEXTS[Language.ZH], TEXTS[Language.EN]
LINK = re.compile(r'<a href="https://relay\.example\.org/h5/enter/([^"]+)">打开控制页面</a>')


@pytest.fixture
async def product(service):
    definition = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    product = Product(definition["product_key"], definition["name"], "0" * 32, definition)
    await service.store.products.put(product)
    return product


@pytest.fixture
def add_device(service, product, clock):
    """A coroutine function: a registered device with these values, on-line unless told otherwise."""

    async def add(mac="02aabbccdd01", online=True, **attrs):
        registered = await service.store.devices.register(product.product_key, mac, "ABCDEFGHIJ", clock())
        await service.store.devices.set_presence(registered.did, online, "00000001", clock())
        if attrs:
            await service.store.states.apply([Report(registered.did, clock(), 0x91, b"\x04", attrs)])
        return registered.did

    return add


@asynccontextmanager
async def house(sandbox, service, serve):
    """The sandbox's account served by the relay, and what people do."""
    app = web.Application()
    account = sandbox.api.account.at(sandbox.url)
    async with open_wechat(app, service, [account], lambda: "https://relay.example.org") as served:
        sandbox.push_to(f"{await serve(app)}/wx/{account.name}/callback")
        yield Chat(sandbox, service, served[account.name].client)


@pytest.fixture
async def chat(sandbox, service, serve):
    async with house(sandbox, service, serve) as running:
        yield running


class Chat:
    """Acts of a person; each gives the text that they then read."""

    def __init__(self, sandbox, service, client):
        self.sandbox, self.service, self.client = sandbox, service, client
        self.me = sandbox.api.people.get(sandbox.user)
        self.you = sandbox.api.people.get("o" + "y" * 27)

    async def qr(self, did, life_s=600):
        scene = await self.service.issue_claim(did, life_s)
        return (await self.client.create_scene_qr(scene, 3600)).ticket

    async def scan(self, ticket, who=None):
        return self._read(await self.sandbox.acts.scan(who or self.me, ticket))

    async def say(self, text, who=None):
        return self._read(await self.sandbox.acts.text(who or self.me, text))

    async def click(self, key):
        return self._read(await self.sandbox.acts.click(self.me, key))

    async def follow(self, who=None):
        return self._read(await self.sandbox.acts.follow(who or self.me))

    async def bindings(self, who=None):
        uid = await self.service.person(self.sandbox.api.account.appid, (who or self.me).openid)
        return [owned.device.did for owned in await self.service.bindings(uid)]

    def _read(self, delivery):
        assert delivery.outcome == "reply", delivery
        return delivery.text


async def test_following_with_the_code_of_a_device_binds_it_and_opens_its_page(chat, add_device, service):
    did = await add_device(LED_OnOff=True, LED_Color="黄色", Motor_Speed=-2, Temperature=26)
    text = await chat.scan(await chat.qr(did))
    assert text.splitlines()[:7] == [
        ZH.welcome,
        "已绑定：微信宠物屋 dd01",
        "设备在线",
        "开启/关闭红色灯：开",
        "设定LED组合颜色：黄色",
        "设定电机转速：-2",
        "环境温度：26℃",
    ]
    assert await chat.bindings() == [did]
    session = await service.redeem_page_ticket(LINK.search(text)[1])
    assert session.did == did


async def test_a_follower_scans(chat, add_device):
    assert await chat.follow() == f"{ZH.welcome}\n{ZH.help}"
    did = await add_device()
    text = await chat.scan(await chat.qr(did))
    assert text.startswith("已绑定：微信宠物屋 dd01\n设备在线\n还没有上报数据\n<a href=")
    assert await chat.bindings() == [did]


async def test_a_code_is_refused_with_its_reason(chat, add_device, clock):
    did = await add_device()
    await chat.follow()
    await chat.follow(chat.you)
    used, expired = await chat.qr(did), await chat.qr(did, life_s=60)
    first = await chat.scan(used)
    clock.now += 61
    assert LINK.sub("", await chat.scan(used)) == LINK.sub("", first)
    assert await chat.scan(used, chat.you) == ZH.refusals[Refusal.USED]
    assert await chat.scan(expired, chat.you) == ZH.refusals[Refusal.EXPIRED]
    for scene in ("bind:", f"bind:{did}:guessed", "bind:" + "x" * 59):
        ticket = (await chat.client.create_scene_qr(scene, 60)).ticket
        assert await chat.scan(ticket, chat.you) == ZH.refusals[Refusal.UNKNOWN]
    assert await chat.bindings(chat.you) == []
    poster = (await chat.client.create_scene_qr("poster-7", 60)).ticket
    assert await chat.scan(poster) == ZH.help


@pytest.mark.parametrize("word", ["状态", "状态?", "状态？", " 设备 "])
async def test_the_state_in_chinese(chat, add_device, word):
    await chat.scan(await chat.qr(await add_device(online=False, LED_OnOff=False, LED_R=7)))
    text = await chat.say(word)
    name, state, *values, link = text.splitlines()
    assert (name, state) == ("微信宠物屋 dd01", "设备离线，以下是之前的数据")
    assert values == ["开启/关闭红色灯：关", "设定LED颜色R值：7"]
    assert LINK.fullmatch(link)


@pytest.mark.parametrize("word", ["state", "STATUS?", "Status"])
async def test_the_state_in_english(chat, add_device, word):
    await chat.scan(await chat.qr(await add_device(LED_OnOff=True, LED_Color="粉色", Infrared=False)))
    text = await chat.say(word)
    assert text.splitlines()[:3] == ["GoKit pet house dd01", "Online", "Red light: on"]
    assert "Infrared detector: no" in text
    assert "Open the control page</a>" in text


async def test_an_alarm_is_shown_while_it_lasts(chat, add_device, product, clock):
    alarm = next(point for point in product.points.points if point.kind == "alert")
    await chat.scan(await chat.qr(await add_device(mac="02aabbccdd01", **{alarm.name: True})))
    clock.now += 1
    await chat.scan(await chat.qr(await add_device(mac="02aabbccdd02", **{alarm.name: False})))
    first, second = (await chat.say("状态")).split("\n\n")
    assert f"{alarm.display_name}：⚠ 有" in first
    assert second.splitlines()[:2] == ["微信宠物屋 dd02", "设备在线"]
    assert len(second.splitlines()) == 3


async def test_help_and_everything_else(chat):
    await chat.follow()
    assert await chat.say("帮助") == ZH.help
    assert await chat.say("今天天气怎么样") == ZH.help
    assert await chat.say("help!") == EN.help
    assert await chat.say("what is this") == EN.help
    assert await chat.say("状态") == ZH.no_devices
    assert await chat.say("state") == EN.no_devices


async def test_the_menu(chat, add_device):
    await chat.client.menu_create(default_menu())
    await chat.scan(await chat.qr(await add_device()))
    assert (await chat.click(STATE_KEY)).startswith("微信宠物屋 dd01\n设备在线\n")
    assert await chat.click(HELP_KEY) == ZH.help


async def test_leaving_undoes_the_bindings_of_this_person_only(chat, add_device):
    did = await add_device()
    await chat.scan(await chat.qr(did))
    await chat.scan(await chat.qr(did), chat.you)
    delivery = await chat.sandbox.acts.unfollow(chat.me)
    assert delivery.outcome == "silence"
    assert await chat.bindings() == []
    assert await chat.bindings(chat.you) == [did]


async def test_many_devices_fit_one_message_with_whole_links(chat, add_device, clock):
    values = {"LED_OnOff": True, "LED_Color": "黄色", "LED_R": 1, "LED_G": 2, "LED_B": 3, "Motor_Speed": 0}
    for i in range(12):
        await chat.scan(await chat.qr(await add_device(mac=f"02aabbccdd{i:02}", **values)))
        clock.now += 60
    text = await chat.say("状态")
    assert len(text.encode()) <= MAX_TEXT_BYTES
    *devices, last = text.split("\n\n")
    assert last == ZH.more_devices
    assert len(devices) > 1
    assert all(LINK.search(device) for device in devices)


async def test_a_name_cannot_become_a_link(chat, add_device, service):
    did = await add_device()
    await chat.scan(await chat.qr(did))
    uid = await service.person(chat.sandbox.api.account.appid, chat.me.openid)
    await service.describe(uid, did, alias='<a href="https://evil.example">灯</a>\n' + "长" * 99)
    text = await chat.say("状态")
    assert text.count("<a ") == 1
    assert text.splitlines()[0] == '＜a href="https://evil.example"＞灯＜/a＞ 长长…'


async def test_asking_too_often_is_slowed_down_person_by_person(chat, clock):
    await chat.follow()
    answers = [await chat.say(f"第{i}句") for i in range(12)]
    assert answers[:9] == [ZH.help] * 9
    assert answers[9:] == [ZH.too_fast] * 3
    assert (await chat.follow(chat.you)).endswith(ZH.help)
    clock.now += 4
    assert await chat.say("帮助") == ZH.help


async def test_in_clear_text_nothing_is_bound_undone_or_opened(account, service, clock, serve, add_device):
    plain = replace(account, mode=Mode.PLAIN)
    async with Sandbox(plain, clock=clock) as sandbox, house(sandbox, service, serve) as chat:
        did = await add_device()
        assert await chat.scan(await chat.qr(did)) == f"{ZH.welcome}\n{ZH.cannot_bind_here}"
        uid = await service.person(plain.appid, chat.me.openid)
        await service.redeem_claim(uid, await service.issue_claim(did))
        assert await chat.say("状态") == "微信宠物屋 dd01\n设备在线\n还没有上报数据"
        await sandbox.acts.unfollow(chat.me)
        assert await chat.bindings() == [did]


def test_pace():
    now = SimpleNamespace(at=100.0)
    pace = Pace(burst=2, every_s=10, clock=lambda: now.at)
    assert [pace.allows("a") for _ in range(3)] == [True, True, False]
    assert pace.allows("b")
    now.at += 10
    assert [pace.allows("a") for _ in range(2)] == [True, False]
    now.at += 1000
    assert [pace.allows("a") for _ in range(3)] == [True, True, False]
