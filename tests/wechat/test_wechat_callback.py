"""The callback over HTTP with the relay's database behind it: who gets in, how often work is done."""

import asyncio
import logging
from dataclasses import replace

import pytest
from aiohttp import web
from callback_house import OPENID, House, Worker, text_push

from wxlink.relay.wechat_home import RelayPushLog
from wxlink.wechat.account import Account, Mode
from wxlink.wechat.callback import TIMESTAMP_WINDOW_S, Callback, add_routes
from wxlink.wechat.client import WeChatClient
from wxlink.wechat.crypto import MessageCrypto
from wxlink.wechat.messages import Unknown
from wxlink.wechat.replies import TransferReply
from wxlink.wechat.strict_xml import MAX_BYTES, parse


@pytest.fixture
async def build(service, serve, http, clock):
    """A coroutine function that serves a callback; several share one database, as processes do."""
    houses = []

    async def make(account, **options):
        worker = Worker()
        pushes = options.pop("pushes", None) or RelayPushLog(service)
        callback = Callback(account, worker, pushes, clock=clock, **options)
        app = web.Application()
        add_routes(app, {account.name: callback})
        house = House(callback, worker, await serve(app), http)
        houses.append(house)
        return house

    yield make
    for house in houses:
        house.worker.gate.set()
        await house.callback.close()


@pytest.fixture
async def house(build, account):
    return await build(account)


async def test_wechats_own_example_of_the_address_check(build, vectors, clock):
    vector = vectors["signature"][0]
    house = await build(account_of(vector))
    clock.now = int(vector["timestamp"])
    query = {name: vector[name] for name in ("signature", "timestamp", "nonce", "echostr")}
    status, body, headers = await house.get(**query)
    assert (status, body) == (200, vector["expect_body"])
    assert headers["Content-Type"].startswith("text/plain")
    for change in (
        {"signature": "0" * 40},
        {"nonce": "1514711493"},
        {"timestamp": "1714036505"},
        {"timestamp": "soon"},
        {"echostr": ""},
        {"echostr": "1" * 129},
    ):
        assert (await house.get(**{**query, **change}))[:2] == (403, "")
    clock.now += 301
    assert (await house.get(**query))[:2] == (403, "")


def account_of(vector, **more):
    return Account(
        name="vector",
        appid=vector.get("appid", "wx0123456789abcdef"),
        secret="0" * 32,
        token=vector["token"],
        aes_key=vector.get("encoding_aes_key", "A" * 43),
        original_id="gh_0123456789ab",
        **more,
    )


async def test_the_safe_mode_vector(build, vectors, clock):
    vector = vectors["safe_mode_round_trip"]
    house = await build(account_of(vector))
    clock.now = int(vector["query"]["timestamp"]) + 3
    house.worker.reply = None
    assert await house.post(vector["query"], vector["body"]) == (200, "success")
    (push,) = house.worker.pushes
    assert isinstance(push, Unknown)
    assert (push.trusted, push.event) == (True, "bind")


async def test_every_refusal_looks_the_same_and_is_counted_by_its_reason(house, account, vectors):
    xml = text_push(account)
    query, body = house.sealed(xml)
    other = MessageCrypto(account.token, account.aes_key, "wx" + "0" * 16)
    foreign = other.seal(xml.encode(), query["timestamp"], query["nonce"])
    foreign_query = {**query, "msg_signature": foreign.msg_signature}
    attempts = {
        "clear text": (house.query(), xml),
        "bad signature": ({**query, "msg_signature": query["signature"]}, body),
        "msg_signature missing or repeated": (
            {name: text for name, text in query.items() if name != "msg_signature"},
            body,
        ),
        "timestamp outside the window": ({**query, "timestamp": str(int(query["timestamp"]) - 301)}, body),
        "bad timestamp": ({**query, "timestamp": "١٢"}, body),
        "body too long": (query, b"<xml>" + b"x" * MAX_BYTES + b"</xml>"),
        "another account's appid": (foreign_query, f"<xml><Encrypt>{foreign.encrypt}</Encrypt></xml>"),
        "another account's original id": house.sealed(
            xml.replace(account.original_id, "gh_000000000000"), "n1"
        ),
        "bad XML: Encrypt must stand there once": (query, "<xml/>"),
        "bad XML: DOCTYPE or ENTITY": (query, vectors["hostile_xml"][2]["xml"]),
    }
    answers = {reason: await house.post(*attempt) for reason, attempt in attempts.items()}
    assert set(answers.values()) == {(403, "")}
    assert house.counts == {f"refused: {reason}": 1 for reason in attempts}
    assert house.worker.pushes == []
    assert await house.post(query, body, "/wx/nobody/callback") == (403, "")


async def test_the_log_of_refusals_cannot_be_flooded(house, clock, caplog):
    for _ in range(50):
        await house.post(house.query(), "<xml/>")
    assert len(caplog.records) == 1
    clock.now += 11
    await house.post(house.query(), "<xml/>")
    assert "51 times" in caplog.records[-1].getMessage()


async def test_in_the_compatible_mode_clear_fields_are_ignored(build, account):
    house = await build(replace(account, mode=Mode.COMPATIBLE))
    lie = "<FromUserName>oATTACKER</FromUserName><Content>开门</Content>"
    status, _ = await house.post(*house.sealed(text_push(account), clear=lie))
    assert status == 200
    (push,) = house.worker.pushes
    assert (push.openid, push.content) == (OPENID, "开灯")
    assert await house.post(house.query(), text_push(account, message_id=2)) == (403, "")


async def test_a_clear_push_is_not_trusted_and_its_signature_good_for_one_push(build, account, caplog):
    house = await build(replace(account, mode=Mode.PLAIN))
    assert "switch nothing" in caplog.text
    first, replayed = house.query("a"), text_push(account, "开门", message_id=2)
    status, body = await house.post(first, text_push(account))
    assert (status, parse(body.encode()).value("Content")) == (200, "好的")
    assert not house.worker.pushes[0].trusted
    assert (await house.post(first, text_push(account)))[0] == 200
    assert await house.post(first, replayed) == (403, "")
    assert len(house.worker.pushes) == 1
    assert (await house.post(house.query("b"), replayed))[0] == 200
    assert (await house.push(text_push(account, message_id=3), "c"))[0] == 200
    assert house.worker.pushes[-1].trusted


async def test_during_a_change_of_keys_the_answer_comes_in_the_pushs_key(build, account):
    key = "relayTestKeyForVectorsOnly0123456789abcdefE"
    house = await build(replace(account, next_aes_key=key))
    house._crypto = MessageCrypto(account.token, key, account.appid)
    house.account = replace(account, aes_key=key)
    _, body = await house.push(text_push(account))
    assert "好的" in house.read(body)


async def test_a_retry_gets_the_same_reply_and_no_second_effect(house, account, clock):
    replies = set()
    for tries in range(3):
        status, body = await house.push(text_push(account), nonce=f"try{tries}")
        assert status == 200
        replies.add(house.read(body))
        clock.now += 5
    assert len(replies) == 1
    assert "好的" in replies.pop()
    assert len(house.worker.pushes) == 1


async def test_a_push_that_somebody_plays_again_has_no_second_effect(house, account, clock):
    clock.now += TIMESTAMP_WINDOW_S - 1
    query, body = house.sealed(text_push(account))
    clock.now -= TIMESTAMP_WINDOW_S - 1  # WeChat's clock is ahead of ours
    assert (await house.post(query, body))[0] == 200
    for _ in range(9):
        clock.now += 66
        assert (await house.post(query, body))[0] == 200
    assert len(house.worker.pushes) == 1
    clock.now += 66
    assert await house.post(query, body) == (403, "")


async def test_tries_at_once_join_one_work(house, account, eventually):
    house.worker.gate.clear()
    tries = [asyncio.create_task(house.push(text_push(account), nonce=f"n{i}")) for i in range(5)]
    await eventually(lambda: house.counts["retry while working"] == 4)
    house.worker.gate.set()
    replies = {house.read(body) for _, body in await asyncio.gather(*tries)}
    assert len(replies) == 1
    assert len(house.worker.pushes) == 1


async def test_two_processes_do_the_work_once(build, account):
    first, second = await build(account), await build(account)
    for house in (first, second):
        house.worker.gate.clear()
    posts = [house.push(text_push(account), nonce=f"n{i}") for i, house in enumerate((first, second) * 3)]
    running = [asyncio.create_task(post) for post in posts]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for house in (first, second):
        house.worker.gate.set()
    answers = await asyncio.gather(*running)
    assert len(first.worker.pushes) + len(second.worker.pushes) == 1
    assert {status for status, _ in answers} == {200}
    _, body = await second.push(text_push(account), nonce="later")
    assert "好的" in second.read(body)


async def test_different_pushes_are_all_worked_on(house, account):
    posts = [house.push(text_push(account, message_id=i), nonce=f"n{i}") for i in range(20)]
    assert {status for status, _ in await asyncio.gather(*posts)} == {200}
    assert len(house.worker.pushes) == 20


@pytest.fixture
def client(account, sandbox, http, clock):
    return WeChatClient(account.at(sandbox.url), http, clock=clock)


async def test_what_is_not_ready_in_time_comes_as_one_customer_message(build, sandbox, client, eventually):
    account = sandbox.api.account
    house = await build(account, budget_s=0.1, late=client)
    someone = sandbox.api.people.get(OPENID + "x")
    sandbox.push_to(f"{house.url}/wx/{account.name}/callback")
    await sandbox.acts.follow(someone)
    house.worker.pushes.clear()
    house.worker.gate.clear()
    delivery = await sandbox.acts.text(someone, "开灯")
    assert (delivery.outcome, delivery.tries) == ("silence", 1)
    house.worker.gate.set()
    await eventually(lambda: house.counts["late, sent"] == 1)
    assert [(line.text, line.via) for line in someone.lines][-1] == ("好的", "customer message")
    assert len(house.worker.pushes) == 1


async def test_a_late_answer_is_not_said_twice(build, account, eventually):
    sent = []

    class Outbox:
        async def send_text(self, openid, text):
            sent.append((openid, text))

    house = await build(account, budget_s=0.1, late=Outbox())
    house.worker.gate.clear()
    assert await house.push(text_push(account), "a") == (200, "success")
    assert await house.push(text_push(account), "b") == (200, "success")
    house.worker.gate.set()
    await eventually(lambda: sent)
    assert await house.push(text_push(account), "c") == (200, "success")
    assert sent == [(OPENID, "好的")]
    assert len(house.worker.pushes) == 1


async def test_late_without_customer_messages_is_counted(build, account, eventually):
    house = await build(account, budget_s=0.05)
    house.worker.gate.clear()
    assert await house.push(text_push(account)) == (200, "success")
    house.worker.gate.set()
    await eventually(lambda: house.counts["late, not sent"] == 1)


async def test_a_dropped_connection_does_not_stop_the_work(house, account, eventually):
    house.worker.gate.clear()
    dropped = asyncio.create_task(house.push(text_push(account), "a"))
    await eventually(lambda: house.worker.pushes)
    dropped.cancel()
    house.worker.gate.set()
    await eventually(lambda: house.counts["answered"] == 1)
    _, body = await house.push(text_push(account), "b")
    assert "好的" in house.read(body)
    assert len(house.worker.pushes) == 1


async def test_a_failed_answer_is_apologised_for_once_and_named_in_the_log(build, account, caplog):
    house = await build(account, failure_text="抱歉")
    house.worker.reply = RuntimeError("the lamp is on fire")
    _, body = await house.push(text_push(account), "a")
    assert "抱歉" in house.read(body)
    assert "the lamp is on fire" in caplog.text
    _, again = await house.push(text_push(account), "b")
    assert house.read(again) == house.read(body)
    assert len(house.worker.pushes) == 1


async def test_when_the_store_fails_wechat_is_asked_to_try_again(build, account, service):
    class Broken:
        async def claim(self, account, key):
            raise ConnectionError("the database is away")

    house = await build(account, pushes=Broken())
    assert await house.push(text_push(account)) == (503, "")
    assert house.counts["broken"] == 1
    assert house.worker.pushes == []


async def test_a_hand_over_and_silence(house, account):
    house.worker.reply = TransferReply()
    _, body = await house.push(text_push(account, message_id=1), "a")
    assert "transfer_customer_service" in house.read(body)
    house.worker.reply = None
    assert await house.push(text_push(account, message_id=2), "b") == (200, "success")


async def test_closing_lets_work_end_and_then_cancels_it(build, account):
    house = await build(account, budget_s=0.05)
    house.worker.gate.clear()
    await house.push(text_push(account))
    await asyncio.wait_for(house.callback.close(grace_s=0.1), 30)
    assert not house.callback._working


async def test_nothing_private_in_the_log(build, account, caplog):
    caplog.set_level(logging.DEBUG)
    house = await build(account, failure_text="抱歉", budget_s=0.2)
    await house.push(text_push(account, "一句悄悄话"))
    house.worker.reply = RuntimeError("broken")
    await house.push(text_push(account, "一句悄悄话", message_id=2), "b")
    await house.post(house.query(), "<xml/>")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("wxlink"))
    assert "oTESTu…" in ours
    for private in (OPENID, "悄悄话", account.secret, account.token, account.aes_key):
        assert private not in caplog.text, private
