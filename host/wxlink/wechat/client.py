"""WeChat's API as this house uses it: an async client that keeps to WeChat's rules by a table."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from wxlink.wechat.account import Account
from wxlink.wechat.bounded_body import BodyTooLong, read_at_most
from wxlink.wechat.errcodes import MENU_MISSING, Action, Rule, rule_of
from wxlink.wechat.redact import shown_url
from wxlink.wechat.replies import fit_text
from wxlink.wechat.tokens import Clock, Token, TokenHolder

MAX_RESPONSE_BYTES = 1024 * 1024  # the answers known are a few KiB
MAX_SCENE_CHARS = 64
MAX_SCENE_LIFE_S = 30 * 86_400

_TIMEOUT = aiohttp.ClientTimeout(total=8, connect=5)
_BUSY_RETRIES = 2
_DAY_S = 86_400
_CHINA_S = 8 * 3600  # quotas begin anew at midnight, UTC+8
_TOKEN_PATH = "/cgi-bin/stable_token"  # noqa: S105  a path

_log = logging.getLogger(__name__)


class WeChatError(Exception):
    """A call to WeChat did not succeed. Its text holds no secret and no openid."""


class WeChatUnreachable(WeChatError):
    """No usable answer came: the network, a time-out, or something that is not WeChat's JSON."""


class WeChatRefused(WeChatError):
    """WeChat answered with an error code. `rid` is WeChat's request id, which its support asks for."""

    def __init__(self, path: str, code: int, message: str) -> None:
        self.path = path
        self.code = code
        self.message = message
        self.rid = message.partition("rid:")[2].strip()
        super().__init__(f"{path}: {code} {message}: {self.rule.advice}")

    @property
    def rule(self) -> Rule:
        """What the code asks for."""
        return rule_of(self.code)


@dataclass(frozen=True, slots=True)
class SceneQr:
    """A QR code that brings a scene to the callback; `url` is what the picture holds."""

    ticket: str
    url: str
    expires_in: int


class WeChatClient:
    """Calls for one account over a session that the caller owns.

    Every call raises WeChatUnreachable or WeChatRefused. A call that WeChat told to stop (quota, missing
    grant, wrong secret) is refused here, without asking again, until its time has come.
    """

    def __init__(
        self,
        account: Account,
        session: aiohttp.ClientSession,
        *,
        clock: Clock = time.time,
        backoff_s: float = 0.5,
    ) -> None:
        self.account = account
        self._session = session
        self._clock = clock
        self._backoff_s = backoff_s
        self._tokens = TokenHolder(self._fetch_token, clock)
        self._held: dict[str, tuple[float, WeChatRefused]] = {}

    async def create_scene_qr(self, scene: str, life_s: int) -> SceneQr:
        """A temporary QR code with a text scene of 1-64 characters that lives at most 30 days."""
        if not 1 <= len(scene) <= MAX_SCENE_CHARS:
            raise ValueError(f"a scene has 1-{MAX_SCENE_CHARS} characters")
        if not 1 <= life_s <= MAX_SCENE_LIFE_S:
            raise ValueError(f"a temporary QR code lives 1-{MAX_SCENE_LIFE_S} seconds")
        body = {
            "expire_seconds": life_s,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = await self._call("/cgi-bin/qrcode/create", body)
        try:
            return SceneQr(str(answer["ticket"]), str(answer["url"]), int(answer["expire_seconds"]))
        except (KeyError, TypeError, ValueError):
            raise WeChatUnreachable("/cgi-bin/qrcode/create: the answer holds no QR code") from None

    async def send_text(self, openid: str, text: str) -> None:
        """A customer message; allowed for a while after the person wrote, clicked, followed or scanned."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": fit_text(text)}}
        await self._call("/cgi-bin/message/custom/send", body)

    async def ensure_menu(self, menu: Mapping[str, Any]) -> bool:
        """Replace the account's menu unless WeChat has this one already; whether it was replaced."""
        current = await self.menu_get() or {}
        if _plain(current.get("menu")) == _plain(menu):
            return False
        await self.menu_create(menu)
        return True

    async def menu_create(self, menu: Mapping[str, Any]) -> None:
        """Replace the account's menu (`{"button": […]}`)."""
        await self._call("/cgi-bin/menu/create", menu)

    async def menu_get(self) -> dict[str, Any] | None:
        """The account's menu as WeChat holds it; None when there is none."""
        try:
            return await self._call("/cgi-bin/menu/get")
        except WeChatRefused as refusal:
            if refusal.code == MENU_MISSING:
                return None
            raise

    async def menu_delete(self) -> None:
        """Remove the account's menu."""
        await self._call("/cgi-bin/menu/delete")

    async def _call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        self._refuse_if_held(path)
        busy, refreshed = 0, False
        while True:
            token = await self._tokens.get()
            try:
                return await self._exchange(path, {"access_token": token}, body)
            except WeChatRefused as refusal:
                match refusal.rule.action:
                    case Action.REFRESH if not refreshed:
                        refreshed = True
                        self._tokens.drop(token)
                    case Action.RETRY if busy < _BUSY_RETRIES:
                        await asyncio.sleep(self._backoff_s * 2**busy)
                        busy += 1
                    case _:
                        self._hold(path, refusal)
                        raise

    async def _fetch_token(self) -> Token:
        self._refuse_if_held(_TOKEN_PATH)
        body = {
            "grant_type": "client_credential",
            "appid": self.account.appid,
            "secret": self.account.secret,
        }
        try:
            answer = await self._exchange(_TOKEN_PATH, {}, body)
        except WeChatRefused as refusal:
            self._hold(_TOKEN_PATH, refusal)
            raise
        try:
            return Token(str(answer["access_token"]), float(answer["expires_in"]))
        except (KeyError, TypeError, ValueError):
            raise WeChatUnreachable(f"{_TOKEN_PATH}: the answer holds no token") from None

    async def _exchange(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """One request and its answer; a GET without a body, else a POST of UTF-8 JSON."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {} if body is None else {"Content-Type": "application/json; charset=utf-8"}
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                self.account.api_base + path,
                params=query,
                data=data,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                status, raw = response.status, await read_at_most(response.content, MAX_RESPONSE_BYTES)
        except (aiohttp.ClientError, BodyTooLong, TimeoutError) as error:
            # `from None`: aiohttp's errors may hold the URL and with it the token.
            cause = self._redacted(str(error)) or type(error).__name__
            raise WeChatUnreachable(f"{path}: {cause}") from None
        return self._checked(path, status, raw)

    def _checked(self, path: str, status: int, raw: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if status != 200 or not isinstance(answer, dict):
            raise WeChatUnreachable(f"{path}: HTTP {status} and {len(raw)} bytes that are not WeChat's JSON")
        code = answer.get("errcode", 0)
        if not isinstance(code, int):
            raise WeChatUnreachable(f"{path}: errcode is not a number")
        if code:
            raise WeChatRefused(path, code, self._redacted(str(answer.get("errmsg", ""))))
        return answer

    def _redacted(self, text: str) -> str:
        return shown_url(text).replace(self.account.secret, "***")

    def _refuse_if_held(self, path: str) -> None:
        until, refusal = self._held.get(path, (0.0, None))
        if refusal is not None and self._clock() < until:
            raise WeChatRefused(path, refusal.code, refusal.message)

    def _hold(self, path: str, refusal: WeChatRefused) -> None:
        now = self._clock()
        holds = {
            Action.REFRESH: now + 60,  # a fresh token was refused, too
            Action.HOLD_MINUTE: now + 60,
            Action.HOLD_HOUR: now + 3600,
            Action.HOLD_DAY: now - (now + _CHINA_S) % _DAY_S + _DAY_S,
        }
        if until := holds.get(refusal.rule.action):
            self._held[path] = (until, refusal)
            left = until - now
            _log.warning("WeChat %s: %s; not asked again for %.0f s", self.account.name, refusal, left)


def _plain(menu: Any) -> Any:
    """A menu without what WeChat adds when it gives it back: empty lists of sub-buttons."""
    match menu:
        case {}:
            return {name: _plain(value) for name, value in menu.items() if value != []}
        case [*items]:
            return [_plain(item) for item in items]
    return menu
