"""The calls of the app API, gathered, and the OpenAPI document that is read off them."""

import json
from typing import Any, Final

from aiohttp import web

from wxlink import __version__
from wxlink.relay.http_api import (
    about,
    apps,
    bindings,
    codes,
    data,
    devices,
    groups,
    messages,
    rules,
    scenes,
    sharing,
    timers,
    users,
)
from wxlink.relay.rest import Route, add_routes, answers, document
from wxlink.relay.service import Service

OPENAPI_PATH: Final = "/openapi.json"

_NOUNS: Final = (
    users,
    apps,
    codes,
    bindings,
    sharing,
    groups,
    messages,
    devices,
    data,
    scenes,
    timers,
    rules,
    about,
)
ROUTES: Final[tuple[Route, ...]] = tuple(route for noun in _NOUNS for route in noun.ROUTES)

_ABOUT: Final = (
    "Apps and pages speak to users' devices here. Compatible with the public Gizwits Open API: a client of "
    "it needs only another host. Bodies are JSON whatever their content type."
)


def setup(app: web.Application, service: Service) -> None:
    """Let an application answer the app API. Adds routes and one middleware; other paths are not touched."""
    app.middlewares.append(answers.middleware)
    add_routes(app, service, ROUTES)
    codes.serve_pictures(app, service)
    described = json.dumps(openapi())

    async def describe(_request: web.Request) -> web.Response:
        return web.Response(text=described, content_type="application/json", headers=answers.CORS)

    app.router.add_get(OPENAPI_PATH, describe)


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of ROUTES."""
    return document("wxlink app API", __version__, _ABOUT, ROUTES)
