"""The calls of the makers' API, gathered, and the OpenAPI document that is read off them."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from wxlink import __version__
from wxlink.relay.admin_api import access, catalogue, fleet, records, server_push
from wxlink.relay.rest import Route, add_routes, answers, document
from wxlink.relay.service import Service

PREFIX: Final = "/admin/"
OPENAPI_PATH: Final = "/admin/v1/openapi.json"

ROUTES: Final[tuple[Route, ...]] = (
    *access.ROUTES,
    *catalogue.ROUTES,
    *fleet.ROUTES,
    *records.ROUTES,
    *server_push.ROUTES,
)

# The codes are those of the app APIs. The statuses are what HTTP means: no client of another service must
# be served here.
STATUSES: Final[Mapping[int, int]] = {
    9001: 409,
    9002: 404,
    9003: 404,
    9004: 401,
    9005: 404,
    9012: 409,
    9019: 409,
    9020: 401,
    9023: 403,
    9027: 404,
    9041: 429,
    9093: 403,
}

_ABOUT: Final = (
    "A maker's consoles and programs manage products, apps, devices and members here. Each call that changes "
    "something leaves one row in the audit log, also when it is refused. Makers themselves and their quotas "
    "are the operator's, by `wxlink maker`."
)


def setup(app: web.Application, service: Service) -> None:
    """Let an application answer the makers' API. Adds routes and one middleware for its own paths."""
    app.middlewares.append(_middleware)
    add_routes(app, service, ROUTES)
    described = json.dumps(openapi())

    async def describe(_request: web.Request) -> web.Response:
        return web.Response(text=described, content_type="application/json")

    app.router.add_get(OPENAPI_PATH, describe)


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of ROUTES."""
    return document("wxlink makers' API", __version__, _ABOUT, ROUTES, STATUSES)


@web.middleware
async def _middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives errors their shape, and lets no answer be kept on the way, since some hold secrets."""
    if not request.path.startswith(PREFIX):
        return await handler(request)
    response = await answers.outcome(request, handler, STATUSES)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    if response.status == web.HTTPUnauthorized.status_code:
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return response
