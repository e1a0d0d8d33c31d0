"""The H5 pages over HTTP: routes `/h5/*`.

| route                      | what                                                                      |
| -------------------------- | ------------------------------------------------------------------------- |
| `GET /h5/enter/<ticket>`   | a page whose form is sent by itself; changes nothing                      |
| `POST /h5/enter/<ticket>`  | uses the ticket up, sets the session cookie, 303 to the device's page     |
| `GET /h5/`                 | the user's devices                                                        |
| `GET /h5/device/<did>`     | the panel of one device                                                   |
| `GET /h5/api/devices`      | JSON for the list                                                         |
| `GET /h5/api/device/<did>` | JSON for the panel, with a token for the WebSocket                        |
| `POST /h5/leave`           | ends the session                                                          |
| `GET, POST /h5/password`   | a new password, by the link of a letter                                   |
| `GET /h5/static/<hash>/<file>` | modules, styles, pictures                                             |

The link of the chat is not used up by GET: chat programs, proxies and virus scanners fetch links before
people do, with GET as well as HEAD. They do not run the page, so they do not send its form.

What a GET answers is not readable from another site, as no CORS header is sent here. A POST of another site
is refused by what the browser says of it (Sec-Fetch-Site), so that nobody is signed in as somebody else or
signed out; where a browser does not say so, SameSite=Lax still keeps the session out of such a POST.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import ETag, web

from wxlink.pages import Asset, Site, load_site
from wxlink.relay import values
from wxlink.relay.errors import ApiError
from wxlink.relay.service import Owned, Service
from wxlink.relay.service.pages import PAGES_APPID
from wxlink.relay.settings import RelaySettings

PREFIX: Final = "/h5"
COOKIE: Final = "wxlink_h5"
WEBSOCKET_PATH: Final = "/ws/app/v1"

SERVICE: Final = web.AppKey("service", Service)
SITE: Final = web.AppKey("site", Site)
SECURE: Final = web.AppKey("secure", bool)
RENEWED: Final = web.RequestKey("renewed", str)

_HOST: Final = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_NOT_SIGNED_IN: Final = 9004
_NOT_YOURS: Final = frozenset({9014, 9017})
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "private, no-cache"
_KEEP_NOT: Final = "no-store"
_FORM_MAX: Final = 1_024  # bytes of a new password and its link
_OWN_SITE: Final = frozenset({"same-origin", "none"})  # none: the person did it, such as reloading the page

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def mount(app: web.Application, service: Service, settings: RelaySettings) -> None:
    """Add the routes to the relay's application."""
    pages = web.Application(middlewares=[_own_posts, _renewals, _refusals])
    pages[SERVICE] = service
    pages[SITE] = load_site()
    pages[SECURE] = urlsplit(settings.public_url or "").scheme == "https"
    pages.on_response_prepare.append(_guard)
    pages.router.add_get("/", _list_page)
    pages.router.add_get("/enter/{ticket}", _enter_page)
    pages.router.add_post("/enter/{ticket}", _enter)
    pages.router.add_get("/device/{did}", _device_page)
    pages.router.add_get("/api/devices", _list_data)
    pages.router.add_get("/api/device/{did}", _device_data)
    pages.router.add_post("/leave", _leave)
    pages.router.add_get("/password", _password_page)
    pages.router.add_post("/password", _set_password)
    pages.router.add_get("/static/{digest}/{name}", _static)
    app.add_subapp(PREFIX, pages)


async def _enter_page(request: web.Request) -> web.Response:
    return _page(request, "enter.html", cache=_KEEP_NOT)


async def _enter(request: web.Request) -> web.Response:
    cookie = request.cookies.get(COOKIE, "")
    try:
        opened = await request.app[SERVICE].redeem_page_ticket(request.match_info["ticket"], cookie)
    except ApiError:
        return _page(request, "signin.html", status=410, cache=_KEEP_NOT)
    response = _redirect("/" if opened.did is None else f"/device/{opened.did}")
    _set_cookie(request, response, opened.secret)
    return response


async def _list_page(request: web.Request) -> web.Response:
    await _visitor(request)
    return _page(request, "list.html")


async def _device_page(request: web.Request) -> web.Response:
    await request.app[SERVICE].device(await _visitor(request), request.match_info["did"])
    return _page(request, "device.html")


async def _list_data(request: web.Request) -> web.Response:
    owned = await request.app[SERVICE].bindings(await _visitor(request))
    return _json({"devices": [_entry(one) for one in owned]})


async def _device_data(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    uid = await _visitor(request)
    owned, state = await service.latest(uid, request.match_info["did"])
    login = await service.page_login(uid)
    return _json(
        {
            "appid": PAGES_APPID,
            "uid": login.uid,
            "token": login.token,
            "ws": WEBSOCKET_PATH,
            "did": owned.device.did,
            "device": _entry(owned),
            "product": await service.datapoint(owned.product.product_key),
            "latest": {
                "updated_at": state.updated_at,
                "attrs": values.to_ws(owned.product.points, state.attrs),
            },
        }
    )


async def _leave(request: web.Request) -> web.Response:
    await request.app[SERVICE].end_page_session(request.cookies.get(COOKIE, ""))
    response = _redirect("/")
    response.del_cookie(COOKIE, path=PREFIX)
    return response


async def _password_page(request: web.Request) -> web.Response:
    return _page(request, "password.html", cache=_KEEP_NOT)


async def _set_password(request: web.Request) -> web.Response:
    body = await request.clone(client_max_size=_FORM_MAX).read()
    try:
        form = msgspec.json.decode(body, type=_NewPassword)
        await request.app[SERVICE].set_password_by_link(form.link, form.password)
    except (ApiError, msgspec.DecodeError):
        return _json({"error_message": "the link is too old or was used"}, 400)
    return _json({})


class _NewPassword(msgspec.Struct):
    link: str
    password: str


async def _static(request: web.Request) -> web.Response:
    site = request.app[SITE]
    asset = site.static.get(request.match_info["name"])
    if asset is None or request.match_info["digest"] != site.digest:
        raise web.HTTPNotFound
    return _serve(request, asset, 200, _FOR_EVER)


async def _visitor(request: web.Request) -> str:
    """The uid of the session. Raises ApiError 9004 when there is none."""
    secret = request.cookies.get(COOKIE, "")
    visit = await request.app[SERVICE].page_session(secret)
    if visit.renewed:
        request[RENEWED] = secret
    return visit.uid


@web.middleware
async def _own_posts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a page of another site makes a browser send."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        raise web.HTTPForbidden
    return await handler(request)


@web.middleware
async def _renewals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The cookie again when the session was prolonged."""
    response = await handler(request)
    if RENEWED in request:
        _set_cookie(request, response, request[RENEWED])
    return response


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals in the form that was asked for: JSON for the pages' scripts, a page for people."""
    try:
        return await handler(request)
    except ApiError as error:
        if error.code == _NOT_SIGNED_IN:
            status, page = 401, "signin.html"
        elif error.code in _NOT_YOURS:
            status, page = 404, "no-device.html"
        else:
            raise
        if request.path.startswith(f"{PREFIX}/api/"):
            return _json({"error_code": error.code, "error_message": error.text}, status)
        return _page(request, page, status=status, cache=_KEEP_NOT)


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer."""
    response.headers.update(
        {
            "Content-Security-Policy": _policy(request),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
    )
    response.headers.setdefault("Cache-Control", _KEEP_NOT)


def _policy(request: web.Request) -> str:
    """Nothing from outside and nothing inline. Older WebKit does not take 'self' for WebSockets."""
    sockets = f" ws://{request.host} wss://{request.host}" if _HOST.fullmatch(request.host) else ""
    return (
        f"default-src 'self'; connect-src 'self'{sockets}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def _entry(owned: Owned) -> dict[str, Any]:
    """A device for the pages: no passcode, no address, as these never need them."""
    binding, device, product = owned
    definition = product.definition
    return {
        "did": device.did,
        "mac": device.mac,
        "is_online": device.online,
        "is_disabled": device.disabled,
        "name": binding.alias or binding.remark,
        "product_name": product.name,
        "product_name_en": definition.get("name_en") or product.name,
    }


def _page(request: web.Request, name: str, status: int = 200, cache: str = _ASK_AGAIN) -> web.Response:
    return _serve(request, request.app[SITE].pages[name], status, cache)


def _serve(request: web.Request, asset: Asset, status: int, cache: str) -> web.Response:
    headers = {"Cache-Control": cache}
    known = request.if_none_match or ()
    if status == 200 and any(tag.value in (asset.etag, "*") for tag in known):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(
            body=asset.body, status=status, content_type=asset.content_type, charset="utf-8", headers=headers
        )
    response.etag = ETag(asset.etag)
    return response


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": _KEEP_NOT})


def _redirect(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": PREFIX + path, "Cache-Control": _KEEP_NOT})


def _set_cookie(request: web.Request, response: web.StreamResponse, secret: str) -> None:
    life_s = request.app[SERVICE].settings.page_session_life_s
    response.set_cookie(
        COOKIE,
        secret,
        path=PREFIX,
        max_age=life_s,
        httponly=True,
        samesite="Lax",
        secure=request.app[SECURE] or request.secure,
    )
