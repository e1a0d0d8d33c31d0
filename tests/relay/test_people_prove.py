"""People prove phone numbers, other platforms' tokens and forgotten passwords; by the app API, as apps do."""

import asyncio
import hashlib
import hmac
import io
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiosmtpd.smtp import SMTP, Envelope, Session
from http_ground import headers
from relay_ground import APPID, Clock

from wxlink.relay.couriers import Console, Letter, NotSent, Post, Text, Webhook
from wxlink.relay.ids import fingerprint
from wxlink.relay.platforms import PLATFORMS, REFUSED, Platforms
from wxlink.relay.service import Service
from wxlink.relay.service.verification import CAPTCHA_LETTERS, CAPTCHA_LIFE_S, CODE_LIFE_S
from wxlink.relay.store import Store

APP_SECRET = "deadbeefdeadbeefdeadbeefdeadbeef"  # as the store of the tests has it
PHONE = "13800138000"
MAIL = "li@example.org"
Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def outbox(service: Service) -> io.StringIO:
    """Where the console courier writes."""
    stream = io.StringIO()
    service.courier = Console(stream)
    return stream


@pytest.fixture
async def ask(client: TestClient[Any, Any], service: Service) -> Ask:
    """Make a call of an app that has proved itself; its status and the code, or the body of a success."""
    proof = hashlib.md5(f"{APPID}{APP_SECRET}".encode()).hexdigest()  # noqa: S324  the protocol's own
    app_token = (await service.request_app_token(APPID, proof)).token

    async def ask(method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        given = headers(**{"X-Gizwits-Application-Token": app_token, "X-Gizwits-User-token": token})
        async with client.request(method, path, headers=given, json=body) as response:
            answer = await response.json()
        return response.status, answer.get("error_code", answer)

    return ask


def code_in(outbox: io.StringIO) -> str:
    """The last code that was sent."""
    return re.findall(r"\b[0-9]{6}\b", outbox.getvalue())[-1]


async def test_a_number_is_proved_by_the_code_sent_to_it(ask: Ask, outbox: io.StringIO, clock: Clock) -> None:
    assert await ask("POST", "/app/sms_code", {"phone": PHONE, "lang": "zh-cn"}) == (200, {})
    assert PHONE in outbox.getvalue()
    assert "验证码" in outbox.getvalue()
    code = code_in(outbox)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": wrong}) == (400, 9010)
    assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": code}) == (200, {})
    signed = {"phone": PHONE, "password": "p4ssw0rd", "code": code}
    status, login = await ask("POST", "/app/users", signed)
    assert (status, set(login)) == (201, {"uid", "token", "expire_at"})
    assert await ask("POST", "/app/users", signed) == (400, 9010)  # it was used
    status, again = await ask("POST", "/app/login", {"username": PHONE, "password": "p4ssw0rd"})
    assert (status, again["uid"]) == (200, login["uid"])
    assert (await ask("GET", "/app/users", token=login["token"]))[1]["phone"] == PHONE
    clock.now += 61
    await ask("POST", "/app/sms_code", {"phone": PHONE})
    taken = {"phone": PHONE, "password": "other", "code": code_in(outbox)}
    assert await ask("POST", "/app/users", taken) == (400, 9018)


async def test_a_code_ends_by_time_by_wrong_guesses_and_by_the_next_one(
    ask: Ask, outbox: io.StringIO, clock: Clock
) -> None:
    async def sent() -> str:
        clock.now += 61
        assert (await ask("POST", "/app/sms_code", {"phone": PHONE}))[0] == 200
        return code_in(outbox)

    first = await sent()
    second = await sent()
    if first != second:
        assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": first}) == (400, 9010)
    clock.now += CODE_LIFE_S
    assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": second}) == (400, 9009)
    third = await sent()
    for guess in (f"{(int(third) + step) % 1_000_000:06}" for step in range(1, 6)):
        assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": guess}) == (400, 9010)
    assert await ask("POST", "/app/sms_code", {"phone": PHONE, "code": third}) == (400, 9010)


async def test_text_messages_are_counted(ask: Ask, outbox: io.StringIO, clock: Clock) -> None:
    assert (await ask("POST", "/app/sms_code", {"phone": PHONE}))[0] == 200
    assert await ask("POST", "/app/sms_code", {"phone": PHONE}) == (400, 9041)
    for _ in range(9):
        clock.now += 61
        assert (await ask("POST", "/app/sms_code", {"phone": PHONE}))[0] == 200
    clock.now += 61
    assert await ask("POST", "/app/sms_code", {"phone": PHONE}) == (400, 9041)
    for number in range(20):
        assert (await ask("POST", "/app/sms_code", {"phone": f"1390013{number:04}"}))[0] == 200
    assert await ask("POST", "/app/sms_code", {"phone": "13900139999"}) == (400, 9041)  # of this address
    assert await ask("POST", "/app/sms_code", {"phone": "not one"}) == (400, 9018)


async def test_a_captcha_stands_before_a_code(
    ask: Ask, client: TestClient[Any, Any], store: Store, outbox: io.StringIO, clock: Clock
) -> None:
    _, shown = await ask("GET", "/app/verify/codes")
    path = shown["captcha_url"].removeprefix(str(client.make_url("")).rstrip("/"))

    async def letters() -> str:
        """What a person reads: found by trying, for the store has a hash of it."""
        async with client.get(path) as response:
            assert response.content_type == "image/png"
            assert (await response.read()).startswith(b"\x89PNG")
        captcha = shown["captcha_id"]
        async with store._database.read() as conn:
            kept = (await conn.exec_driver_sql("SELECT answer FROM captchas")).scalar_one()
        drawn = map("".join, itertools.product(CAPTCHA_LETTERS, repeat=4))
        return next(text for text in drawn if fingerprint(f"{captcha}/{text}") == kept)

    def solved(text: str) -> dict[str, str]:
        return {"captcha_id": shown["captcha_id"], "captcha_code": text, "phone": PHONE}

    assert await ask("POST", "/app/verify/codes", solved("AAAA")) == (400, 9010)
    first = await letters()
    second = await letters()
    if first != second:
        assert await ask("POST", "/app/verify/codes", solved(first)) == (400, 9010)
    assert await ask("POST", "/app/verify/codes", solved(f" {second.lower()} ")) == (201, {})
    assert await ask("POST", "/app/verify/codes", solved(second)) == (400, 9010)  # it was used
    told = {"phone": PHONE, "sms_code": code_in(outbox)}
    assert await ask("PUT", "/app/verify/codes", told) == (200, {})
    _, shown = await ask("GET", "/app/verify/codes")
    path = shown["captcha_url"].removeprefix(str(client.make_url("")).rstrip("/"))
    late = await letters()
    clock.now += CAPTCHA_LIFE_S
    assert await ask("POST", "/app/verify/codes", solved(late)) == (400, 9010)
    assert (await ask("GET", path))[1] == 9010


async def test_an_anonymous_user_becomes_a_named_one_and_keeps_everything(ask: Ask) -> None:
    _, login = await ask("POST", "/app/users", {"phone_id": "phone-9"})
    status, changed = await ask("PUT", "/app/users", {"username": "li", "password": "first"}, login["token"])
    assert status == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", changed["updatedAt"])
    _, named = await ask("POST", "/app/login", {"username": "li", "password": "first"})
    assert named["uid"] == login["uid"]
    _, other = await ask("POST", "/app/users", {"phone_id": "phone-9"})
    assert other["uid"] != login["uid"]  # who knows the phone id gets in no more
    again = {"username": "wang", "password": "x"}
    assert await ask("PUT", "/app/users", again, named["token"]) == (400, 9015)
    assert await ask("PUT", "/app/users", {"username": "li", "password": "x"}, other["token"]) == (400, 9019)


async def test_a_profile_is_kept_and_checked(ask: Ask) -> None:
    _, login = await ask("POST", "/app/users", {"phone_id": "p"})
    words = {"name": "李", "gender": "F", "birthday": "1990-12-31", "address": "路", "remark": "r"}
    assert (await ask("PUT", "/app/users", {**words, "lang": "zh-cn"}, login["token"]))[0] == 200
    assert (await ask("PUT", "/app/users", {"remark": "s"}, login["token"]))[0] == 200
    _, user = await ask("GET", "/app/users", token=login["token"])
    assert user.items() >= {**words, "remark": "s", "lang": "zh-cn", "is_anonymous": True}.items()
    for wrong in ({"gender": "X"}, {"birthday": "31.12."}, {"lang": "fr"}, {"name": "x" * 256}, {}):
        assert await ask("PUT", "/app/users", wrong, login["token"]) == (400, 9015)


async def test_another_password_ends_the_other_tokens(ask: Ask) -> None:
    _, login = await ask("POST", "/app/users", {"username": "li", "password": "first"})
    _, elsewhere = await ask("POST", "/app/login", {"username": "li", "password": "first"})
    wrong = {"old_pwd": "guess", "new_pwd": "second"}
    assert await ask("PUT", "/app/users", wrong, login["token"]) == (400, 9020)
    right = {"old_pwd": "first", "new_pwd": "second"}
    assert (await ask("PUT", "/app/users", right, login["token"]))[0] == 200
    assert (await ask("GET", "/app/users", token=login["token"]))[0] == 200
    assert await ask("GET", "/app/users", token=elsewhere["token"]) == (400, 9004)
    assert await ask("POST", "/app/login", {"username": "li", "password": "first"}) == (400, 9020)
    for _ in range(10):
        status = await ask("PUT", "/app/users", wrong, login["token"])
    assert status == (400, 9020)
    assert await ask("PUT", "/app/users", right, login["token"]) == (400, 9041)


async def test_a_forgotten_password_is_set_by_letter_or_by_text_message(
    ask: Ask, service: Service, outbox: io.StringIO, clock: Clock
) -> None:
    _, login = await ask("POST", "/app/users", {"email": MAIL, "password": "first"})
    assert await ask("POST", "/app/reset_password", {"email": "nobody@example.org"}) == (200, {})
    assert outbox.getvalue() == ""
    assert await ask("POST", "/app/reset_password", {"email": MAIL.upper()}) == (200, {})
    found = re.search(r"http\S+/h5/password#(\S+)", outbox.getvalue())
    assert found is not None
    await service.set_password_by_link(found[1], "second")
    assert await ask("GET", "/app/users", token=login["token"]) == (400, 9004)
    _, login = await ask("POST", "/app/login", {"username": MAIL, "password": "second"})
    with pytest.raises(Exception, match="9009"):
        await service.set_password_by_link(found[1], "third")
    await ask("POST", "/app/sms_code", {"phone": PHONE})
    number = {"phone": PHONE, "code": code_in(outbox)}
    assert (await ask("PUT", "/app/users", number, login["token"]))[0] == 200
    clock.now += 61
    await ask("POST", "/app/sms_code", {"phone": PHONE})
    reset = {"phone": PHONE, "code": code_in(outbox), "new_pwd": "fourth"}
    assert await ask("POST", "/app/reset_password", reset) == (200, {})
    assert (await ask("POST", "/app/login", {"username": PHONE, "password": "fourth"}))[0] == 200
    assert await ask("POST", "/app/reset_password", reset) == (400, 9010)
    assert await ask("POST", "/app/reset_password", {}) == (400, 9015)


# How each platform answers, by its own documentation: for a token of this user and app, and for a wrong one.
ANSWERS: dict[str, tuple[dict[str, Any], int, dict[str, Any]]] = {
    "wechat": ({"errcode": 0, "errmsg": "ok"}, 200, {"errcode": 40003, "errmsg": "invalid openid"}),
    "qq": ({"client_id": "app", "openid": "user"}, 200, {"error": 100016, "error_description": "no"}),
    "sina": ({"uid": "user", "appkey": "app", "expire_in": 9}, 400, {"error": "expired_token"}),
    "facebook": ({"id": "user", "name": "Li"}, 400, {"error": {"code": 190}}),
    "google": ({"sub": "user", "aud": "app", "exp": "9"}, 400, {"error_description": "Invalid Value"}),
    "amazon": ({"user_id": "user", "aud": "app", "exp": 9}, 400, {"error": "invalid_token"}),
}


@pytest.fixture
async def abroad(service: Service) -> AsyncIterator[None]:
    """The platforms, as strict as they are: one token is right."""

    async def check(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        assert request.method == PLATFORMS[name].method
        right, status, wrong = ANSWERS[name]
        if request.query["access_token"] == "away":
            return web.Response(status=503)
        if request.query["access_token"] == "right" and request.query.get("openid", "user") == "user":
            return web.json_response(right)
        if request.query["access_token"] == "foreign":
            return web.json_response({**right, "aud": "other", "client_id": "other", "appkey": "other"})
        return web.json_response(wrong, status=status)

    app = web.Application()
    app.router.add_route("*", "/{name}", check)
    async with TestServer(app) as server:
        urls = {name: str(server.make_url(f"/{name}")) for name in PLATFORMS}
        enabled = {name: "app" if one.audience else "" for name, one in PLATFORMS.items()}
        service.platforms = Platforms(enabled, urls)
        yield


@pytest.mark.usefixtures("abroad")
@pytest.mark.parametrize("name", PLATFORMS)
async def test_users_of_other_platforms_log_in_by_a_token_of_theirs(ask: Ask, name: str) -> None:
    def data(token: str, uid: str = "user") -> dict[str, Any]:
        return {"authData": {"src": name, "uid": uid, "token": PLATFORMS[name].prefix + token}}

    status, login = await ask("POST", "/app/users", data("right"))
    assert status == 201
    assert (await ask("POST", "/app/users", data("right")))[1]["uid"] == login["uid"]
    for wrong in (data("wrong"), data("right", "another"), data("")):
        assert (await ask("POST", "/app/users", wrong))[1] in (9015, 9026)
    assert await ask("POST", "/app/users", data("away")) == (500, 9008)
    if PLATFORMS[name].audience:
        assert await ask("POST", "/app/users", data("foreign")) == (400, 9026)


async def test_platforms_that_prove_nothing_are_refused(ask: Ask) -> None:
    for name in (*REFUSED, "wechat", "nonsense"):
        data = {"authData": {"src": name, "uid": "user", "token": "t"}}
        assert await ask("POST", "/app/users", data) == (400, 9026)
    with pytest.raises(ValueError, match="id of your app"):
        Platforms({"google": ""})


async def test_the_webhook_proves_who_asks_and_says_what_went_wrong(clock: Clock) -> None:
    heard: list[dict[str, Any]] = []
    status = 204

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        fields = dict(part.split("=") for part in request.headers["X-Wxlink-Signature"].split(","))
        proof = hmac.new(b"secret", f"{fields['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(proof, fields["v1"])
        heard.append(json.loads(body))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app) as server:
        hook = Webhook(str(server.make_url("/")), "secret", clock)
        await hook.text(Text(PHONE, "123456", "en"))
        await hook.letter(Letter(MAIL, "https://relay.example.org/h5/password#s", "zh-cn"))
        assert [(one["kind"], one.get("code")) for one in heard] == [("text", "123456"), ("letter", None)]
        status = 500
        with pytest.raises(NotSent, match="500"):
            await hook.text(Text(PHONE, "123456", "en"))
    with pytest.raises(NotSent, match="cannot be reached") as caught:
        await hook.text(Text(PHONE, "123456", "en"))
    assert "123456" not in str(caught.value)


async def test_a_code_that_cannot_be_sent_is_told(ask: Ask, service: Service, clock: Clock) -> None:
    service.courier = Webhook("http://127.0.0.1:1/", "secret", clock)
    for _ in range(2):  # and may be asked for again at once
        assert await ask("POST", "/app/sms_code", {"phone": PHONE}) == (400, 9037)


class Mailbox:
    """What a real SMTP server is given."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.letters.append(envelope)
        return "250 OK"


async def test_letters_go_by_smtp_and_texts_by_the_other_courier() -> None:
    mailbox, stream = Mailbox(), io.StringIO()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: SMTP(mailbox), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        post = Post(f"smtp://127.0.0.1:{port}", "relay@example.org", Console(stream))
        await post.letter(Letter(MAIL, "https://relay.example.org/h5/password#s3cret", "en"))
        await post.text(Text(PHONE, "123456", "en"))
    (letter,) = mailbox.letters
    assert (letter.mail_from, letter.rcpt_tos) == ("relay@example.org", [MAIL])
    assert b"password#s3cret" in (letter.content or b"")
    assert "123456" in stream.getvalue()
    with pytest.raises(NotSent):
        await post.letter(Letter(MAIL, "l", "en"))
    with pytest.raises(ValueError, match="must look like"):
        Post("http://mail", "relay@example.org", Console())
