"""Apps: how an app proves itself without a user."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from msgspec import Struct

from wxlink.relay.rest import AppCall, Route

APP_AUTH: Final = "X-Gizwits-Application-Auth"


class ProvingCall(AppCall):
    """A request of an app that knows its secret; the service checks the proof."""

    security: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **AppCall.security,
        "proof": {
            "type": "apiKey",
            "in": "header",
            "name": APP_AUTH,
            "description": "MD5 hex of appid and appsecret",
        },
    }
    refusals: ClassVar[tuple[int, ...]] = (9003, 9038, 9041)


class AppTokenEntry(Struct):
    """An application token, for X-Gizwits-Application-Token; expired_at in unix seconds."""

    token: str
    expired_at: int


async def request_token(call: ProvingCall) -> AppTokenEntry:
    """POST /app/request_token: an application token."""
    issued = await call.service.request_app_token(call.appid, call.header(APP_AUTH))
    return AppTokenEntry(issued.token, issued.expired_at)


ROUTES: Final = (Route("POST", "/app/request_token", request_token),)
