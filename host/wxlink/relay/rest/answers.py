"""What the app API answers: ASCII JSON, errors in one shape, and what browsers of other sites may do."""

import json
import logging
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from wxlink.relay.errors import ApiError

# Every origin may call: what a caller may do follows from its token, and there are no cookies here.
CORS: Final[Mapping[str, str]] = {
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, PUT, DELETE, OPTIONS",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: (
        "Content-Type, X-Gizwits-Application-Id, X-Gizwits-User-token, X-Gizwits-Timestamp, "
        "X-Gizwits-Signature, X-Gizwits-Application-Auth, X-Gizwits-Application-Token"
    ),
}
PREFLIGHT_LIFE_S: Final = 86_400  # how long a browser may remember the above

log = logging.getLogger(__name__)


def answer(body: Any, status: int = 200) -> web.Response:
    """A JSON answer; what is not ASCII travels as `\\uXXXX`."""
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def refusal(error: ApiError, status: int | None = None) -> web.Response:
    """The answer that carries an error."""
    body = {"error_message": error.text, "error_code": error.code, "detail_message": error.detail}
    return answer(body, error.status if status is None else status)


def is_ours(path: str) -> bool:
    """Whether a path belongs to the app API."""
    return path.startswith("/app/") or path in ("/app", "/status", "/errors")


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever a handler raises into the one error shape, and lets pages of other origins read it."""
    if not is_ours(request.path):
        return await handler(request)
    if request.method == hdrs.METH_OPTIONS:
        return web.Response(
            headers={
                **CORS,
                hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_LIFE_S),
                hdrs.ALLOW: CORS[hdrs.ACCESS_CONTROL_ALLOW_METHODS],
            }
        )
    response = await outcome(request, handler)
    response.headers.update(CORS)
    return response


async def outcome(
    request: web.Request, handler: Handler, statuses: Mapping[int, int] = MappingProxyType({})
) -> web.StreamResponse:
    """The handler's answer, or the one error shape. statuses: of codes that have another one in this API."""
    try:
        return await handler(request)
    except ApiError as error:
        return refusal(error, statuses.get(error.code))
    except web.HTTPException as error:
        response = refusal(ApiError(9015, _EXPLAINED.get(error.status, error.reason)), error.status)
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("%s %s failed, reference %s", request.method, request.rel_url.raw_path, reference)
        return refusal(ApiError(9008, f"the relay's log has the reason under {reference}"))


_EXPLAINED: Final[Mapping[int, str]] = {
    404: "this relay has no such path",
    405: "this path does not take this method",
    413: "the body is too large",
}
