"""The sandbox's `/cgi-bin/…`: every call checked as WeChat checks it."""

import asyncio
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import segno
from aiohttp import web

from wxlink.wechat.account import Account
from wxlink.wechat.replies import MAX_TEXT_BYTES
from wxlink.wechat.sandbox.menu_rules import check_menu
from wxlink.wechat.sandbox.people import People
from wxlink.wechat.sandbox.quotas import Quotas
from wxlink.wechat.sandbox.refusal import Refusal
from wxlink.wechat.sandbox.scene_codes import SceneCodes
from wxlink.wechat.sandbox.tokens import TokenOffice

_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
_NEED_MEDIA = frozenset(("image", "voice", "video", "music", "mpnews"))
_QR_MODULE_PX = 8

Body = dict[str, Any]


@dataclass(slots=True)
class Api:
    """The calls of one account. Paths in `unauthorized` answer 48001, as for an account without the grant.

    `url` is where the sandbox can be reached; it stands in QR codes. The next `busy` calls answer -1. With
    `ip_listed` False every call answers 40164, as to a caller whose address is not in the account's IP list.
    """

    account: Account
    people: People
    tokens: TokenOffice
    quotas: Quotas
    codes: SceneCodes
    url: str = ""
    menu: Body | None = None
    unauthorized: set[str] = field(default_factory=set)
    busy: int = 0
    ip_listed: bool = True

    def routes(self) -> list[web.RouteDef]:
        """The routes to add to an app."""
        calls = [web.route("*", path, self._serve) for path in _CALLS]
        return [*calls, web.get("/cgi-bin/showqrcode", self._picture)]

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            answer = self._checked(request, await request.read())
        except Refusal as refusal:
            answer = refusal.as_answer()
        # WeChat, too, often labels its JSON as plain text.
        return web.Response(text=json.dumps(answer, ensure_ascii=False), content_type="text/plain")

    def _checked(self, request: web.Request, raw: bytes) -> Body:
        call = _CALLS[request.path]
        if self.busy:
            self.busy -= 1
            raise Refusal(-1)
        if request.method != call.method:
            raise Refusal(43002 if call.method == "POST" else 43001)
        if not self.ip_listed:
            raise Refusal(40164, f"invalid ip {request.remote}, not in whitelist")
        if call.needs_token:
            self.tokens.check(request.query.get("access_token"))
        if request.path in self.unauthorized:
            raise Refusal(48001)
        self.quotas.count(request.path)
        return call.run(self, _parse(raw) if call.method == "POST" else dict(request.query))

    def _token(self, query: Body) -> Body:
        self._check_credentials(query)
        return dict(zip(("access_token", "expires_in"), self.tokens.ordinary(), strict=True))

    def _stable_token(self, body: Body) -> Body:
        self._check_credentials(body)
        force = body.get("force_refresh", False)
        if not isinstance(force, bool):
            raise Refusal(47001, "force_refresh")
        return dict(zip(("access_token", "expires_in"), self.tokens.stable(force), strict=True))

    def _check_credentials(self, given: Body) -> None:
        for missing, name in ((41002, "appid"), (41004, "secret")):
            if not given.get(name):
                raise Refusal(missing)
        if given.get("grant_type") != "client_credential":
            raise Refusal(40002)
        if given["appid"] != self.account.appid:
            raise Refusal(40013)
        if given["secret"] != self.account.secret:
            raise Refusal(40125)

    def _create_code(self, body: Body) -> Body:
        code, life_s = self.codes.create(body)
        answer: Body = {"ticket": code.ticket, "url": f"{self.url}/q/{code.ticket}"}
        return answer if life_s is None else {**answer, "expire_seconds": life_s}

    def _send(self, body: Body) -> Body:
        kind = body.get("msgtype")
        if kind in _NEED_MEDIA:
            raise Refusal(40007, "the sandbox stores no media")
        if kind != "text":
            raise Refusal(40008)
        text = body.get("text")
        content = text.get("content") if isinstance(text, dict) else None
        if not isinstance(content, str) or not content:
            raise Refusal(44004)
        if len(content.encode()) > MAX_TEXT_BYTES:
            raise Refusal(45002)
        self.people.receive(body.get("touser"), content)
        return _ok()

    def _create_menu(self, body: Body) -> Body:
        check_menu(body)
        self.menu = body
        return _ok()

    def _get_menu(self, query: Body) -> Body:
        if self.menu is None:
            raise Refusal(46003)
        # WeChat gives every button a list of sub-buttons, an empty one where there are none.
        return {"menu": {"button": [{"sub_button": [], **button} for button in self.menu["button"]]}}

    def _delete_menu(self, query: Body) -> Body:
        self.menu = None
        return _ok()

    async def _picture(self, request: web.Request) -> web.Response:
        code = self.codes.get(request.query.get("ticket", ""))
        if code is None:
            raise web.HTTPNotFound
        url = f"{self.url}/q/{code.ticket}"
        return web.Response(body=await asyncio.to_thread(_draw, url), content_type="image/png")


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    run: Callable[[Api, Body], Body]
    needs_token: bool = True


_CALLS = {
    "/cgi-bin/token": _Call("GET", Api._token, needs_token=False),
    "/cgi-bin/stable_token": _Call("POST", Api._stable_token, needs_token=False),
    "/cgi-bin/qrcode/create": _Call("POST", Api._create_code),
    "/cgi-bin/message/custom/send": _Call("POST", Api._send),
    "/cgi-bin/menu/create": _Call("POST", Api._create_menu),
    "/cgi-bin/menu/get": _Call("GET", Api._get_menu),
    "/cgi-bin/menu/delete": _Call("GET", Api._delete_menu),
}


def _ok() -> Body:
    return {"errcode": 0, "errmsg": "ok"}


def _parse(raw: bytes) -> Body:
    if not raw:
        raise Refusal(44002)
    if _ESCAPED.search(raw):
        raise Refusal(40033)
    try:
        body = json.loads(raw.decode())
    except ValueError:
        raise Refusal(47001) from None
    if not isinstance(body, dict):
        raise Refusal(47001)
    return body


def _draw(url: str) -> bytes:
    picture = io.BytesIO()
    segno.make_qr(url).save(picture, kind="png", scale=_QR_MODULE_PX)
    return picture.getvalue()
