"""The sandbox for a person and for a test: a page with the chat, and the same over HTTP."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from wxlink.wechat.sandbox.acts import Acts, Impossible
from wxlink.wechat.sandbox.people import Someone
from wxlink.wechat.sandbox.pushes import Delivery

_PAGE = Path(__file__).with_name("page.html")
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; "
        "script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_CODES_SHOWN = 5


@web.middleware
async def only_this_machine(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what a web page of elsewhere could make a browser send: foreign host names, forms."""
    if request.host.rsplit(":", 1)[0] not in _LOOPBACK_HOSTS:
        raise web.HTTPForbidden(text="the sandbox answers to 127.0.0.1 and localhost only")
    act = request.path.startswith("/sandbox/") and request.method == "POST"
    if act and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send JSON with the content type application/json")
    return await handler(request)


@dataclass(slots=True)
class Control:
    """The routes under `/sandbox/`, and `/q/<ticket>`, which is what a scene QR code holds."""

    acts: Acts
    demo_openid: str

    def routes(self) -> list[web.RouteDef]:
        """The routes to add to an app."""
        return [
            web.get("/", self._home),
            web.get("/sandbox/", self._page),
            web.get("/q/{ticket}", self._page),
            web.get("/sandbox/state", self._state),
            web.get("/sandbox/user/{openid}/chat", self._chat),
            web.post("/sandbox/user/{openid}/{act}", self._act),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/sandbox/")

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(_PAGE, headers=_PAGE_HEADERS)

    async def _state(self, request: web.Request) -> web.Response:
        someone = self.acts.api.people.get(self.demo_openid)
        codes = self.acts.api.codes.newest(_CODES_SHOWN)
        state = {
            "account": self.acts.api.account.name,
            "openid": someone.openid,
            "following": someone.following,
            "menu": self.acts.api.menu,
            "codes": [asdict(code) for code in codes],
        }
        return web.json_response(state)

    async def _chat(self, request: web.Request) -> web.Response:
        someone = self._someone(request)
        return web.json_response({"following": someone.following, "chat": someone.chat()})

    async def _act(self, request: web.Request) -> web.Response:
        act = _ACTS.get(request.match_info["act"])
        if act is None:
            raise web.HTTPNotFound(text=f"a person can {', '.join(_ACTS)}")
        someone, run = self._someone(request), act.run
        try:
            if act.argument is None:
                delivery = await run(self.acts, someone)
            else:
                delivery = await run(self.acts, someone, await _argument(request, act.argument))
        except Impossible as error:
            return web.json_response({"error": str(error), "chat": someone.chat()}, status=409)
        answer = {**asdict(delivery), "following": someone.following, "chat": someone.chat()}
        return web.json_response(answer)

    def _someone(self, request: web.Request) -> Someone:
        try:
            return self.acts.api.people.get(request.match_info["openid"])
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None


@dataclass(frozen=True, slots=True)
class _Act:
    run: Callable[..., Awaitable[Delivery]]
    argument: str | None = None


_ACTS = {
    "follow": _Act(Acts.follow),
    "scan": _Act(Acts.scan, "ticket"),
    "text": _Act(Acts.text, "content"),
    "click": _Act(Acts.click, "key"),
    "unfollow": _Act(Acts.unfollow),
}


async def _argument(request: web.Request, name: str) -> str:
    try:
        body: Any = json.loads(await request.read())
    except ValueError:
        body = None
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise web.HTTPBadRequest(text=f'send {{"{name}": "…"}}')
    return value
