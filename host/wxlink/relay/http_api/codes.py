"""Codes of text messages, and the captcha in front of them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from aiohttp import web
from msgspec import Struct

from wxlink.relay.rest import AppCall, Route
from wxlink.relay.service import Service

APP_TOKEN: Final = "X-Gizwits-Application-Token"  # noqa: S105  the name of a header
PICTURES: Final = "/app/verify/captchas/{captcha}"
"""Where pictures are; for people, so not in the table of calls."""


class AppTokenCall(AppCall):
    """A request of an app that has proved itself. `admit` raises ApiError 9003 or 9004."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **AppCall.security,
        "app_token": {
            "type": "apiKey",
            "in": "header",
            "name": APP_TOKEN,
            "description": "of POST /app/request_token",
        },
    }
    refusals: ClassVar[tuple[int, ...]] = (9003, 9004)

    async def admit(self) -> None:
        await self.service.check_app_token(self.appid, self.header(APP_TOKEN))


class Number(Struct, kw_only=True):
    """A number that is to get a code; with `code`: one that is to be checked."""

    phone: str
    code: str | None = None
    lang: str | None = None


class CaptchaEntry(Struct):
    """A picture of letters, to be shown to a person."""

    captcha_url: str
    captcha_id: str


class Solved(Struct, kw_only=True):
    """What the person reads in the picture, and the number that is to get a code."""

    captcha_id: str
    captcha_code: str
    phone: str
    lang: str | None = None


class Told(Struct):
    """The code that the number's owner was sent."""

    phone: str
    sms_code: str


async def sms_code(call: AppTokenCall, body: Number) -> None:
    """POST /app/sms_code: send a code to a number, or check one. A check does not use it up."""
    if body.code is None:
        await call.service.send_code(call.appid, body.phone, call.address, body.lang or "")
    else:
        await call.service.check_code(call.appid, body.phone, body.code)


async def show_captcha(call: AppTokenCall) -> CaptchaEntry:
    """GET /app/verify/codes: a captcha; the picture shows other letters each time it is fetched."""
    captcha = await call.service.new_captcha(call.address)
    return CaptchaEntry(call.base + PICTURES.format(captcha=captcha.id), captcha.id)


async def send_code(call: AppTokenCall, body: Solved) -> None:
    """POST /app/verify/codes: send a code to a number, once the captcha is solved."""
    await call.service.solve_captcha(body.captcha_id, body.captcha_code)
    await call.service.send_code(call.appid, body.phone, call.address, body.lang or "")


async def check_code(call: AppTokenCall, body: Told) -> None:
    """PUT /app/verify/codes: check a code. That does not use it up."""
    await call.service.check_code(call.appid, body.phone, body.sms_code)


def serve_pictures(app: web.Application, service: Service) -> None:
    """Let an application show captchas to browsers."""

    async def picture(request: web.Request) -> web.Response:
        drawn = await service.draw_captcha(request.match_info["captcha"], request.remote or "")
        return web.Response(body=drawn, content_type="image/png", headers={"Cache-Control": "no-store"})

    app.router.add_get(PICTURES, picture)


ROUTES: Final = (
    Route("POST", "/app/sms_code", sms_code, errors=(9009, 9010, 9018, 9037, 9041)),
    Route("GET", "/app/verify/codes", show_captcha, errors=(9041,)),
    Route("POST", "/app/verify/codes", send_code, (201,), (9010, 9018, 9037, 9041)),
    Route("PUT", "/app/verify/codes", check_code, errors=(9009, 9010)),
)
