"""The HTTP API of modules: registration, and where to connect. Form text both ways, not JSON.

Modules of the GAgent family search the whole answer for `did=`, `host=` and so on, need `&` after the port,
and ask once a connection.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from wxlink.relay.errors import ApiError
from wxlink.relay.front import endpoints
from wxlink.relay.service import Service, Throttle

BODY_MAX: Final = 1_024  # bytes; a registration takes about 100
FIELDS_MAX: Final = 10
REGISTRATIONS: Final = 120  # of one address: a test bench full of modules that start together...
REGISTRATIONS_WINDOW_S: Final = 60  # ...in this time; modules that were refused come again

_SEALED: Final = "/dev/{product_key:[0-9a-f]{32}}/device"

_SERVICE: Final = web.AppKey("device API service", Service)
_REGISTERING: Final = web.AppKey("device API registrations", Throttle)

log = logging.getLogger(__name__)


def setup(app: web.Application, service: Service) -> None:
    """Let an application answer modules. Adds routes and one middleware; other paths are not touched."""
    app[_SERVICE] = service
    app[_REGISTERING] = Throttle(REGISTRATIONS, REGISTRATIONS_WINDOW_S)
    app.middlewares.append(_middleware)
    app.router.add_route("POST", "/dev/devices", register)
    app.router.add_route("DELETE", "/dev/devices", retire)
    app.router.add_route("GET", "/dev/devices/{did}", provision)
    app.router.add_route("POST", _SEALED, register_sealed)
    app.router.add_route("GET", _SEALED, provision_sealed)


async def register(request: web.Request) -> web.Response:
    """POST /dev/devices `passcode&mac&product_key[&update_key][&random_code]`: 201 `did=<22 characters>`.

    random_code: what the app that set the module up asks for in GET /app/device_register; several are parted
    by commas.
    """
    _count_registration(request)
    fields = await form(request)
    try:
        did = await request.app[_SERVICE].register_module(
            field(fields, "product_key"),
            field(fields, "mac"),
            field(fields, "passcode"),
            fields.get("update_key"),
            fields.get("random_code", "").split(","),
        )
    except ApiError as error:
        _note_refused(request, error)
        raise
    return answer(f"did={did}", 201)


async def register_sealed(request: web.Request) -> web.Response:
    """POST /dev/<product key>/device `data=<sealed mac&passcode&type&extra>`: 201, sealed `did=..`.

    Sealed is hex. type and extra are not looked at.
    """
    _count_registration(request)
    fields = await form(request)
    product_key = request.match_info["product_key"]
    try:
        sealed = await request.app[_SERVICE].register_sealed(product_key, field(fields, "data"))
    except ApiError as error:
        _note_refused(request, error)
        raise
    return answer(sealed, 201)


async def retire(request: web.Request) -> web.Response:
    """DELETE /dev/devices `did&passcode`: 200 when the did is forgotten."""
    fields = await form(request)
    await request.app[_SERVICE].retire_device(field(fields, "did"), field(fields, "passcode"))
    return answer("")


async def provision(request: web.Request) -> web.Response:
    """GET /dev/devices/<did>: 200 `host=..&port=..&server_ts=..&port_s=..` and the end of a line."""
    service = request.app[_SERVICE]
    to = await service.broker_for(request.match_info["did"], endpoints(request, service.settings))
    return answer(to.form())


async def provision_sealed(request: web.Request) -> web.Response:
    """GET /dev/<product key>/device?did=<hex of the sealed did>: 200, the same, sealed, in one chunk.

    The one module that is known to ask so looks for the sealed text behind the size of a chunk.
    """
    service = request.app[_SERVICE]
    response = answer(
        await service.broker_for_sealed(
            request.match_info["product_key"],
            field(request.query, "did"),
            endpoints(request, service.settings),
        )
    )
    response.enable_chunked_encoding()
    return response


@web.middleware
async def _middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever a handler raises into a line of text that no module takes for an answer."""
    if not request.path.startswith("/dev/"):
        return await handler(request)
    try:
        return await handler(request)
    except ApiError as error:
        return answer(f"error={error.detail or error.text}", _STATUSES.get(error.code, error.status))
    except web.HTTPException as error:
        return answer(f"error={error.reason}", error.status)
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("%s %s failed, reference %s", request.method, request.rel_url.raw_path, reference)
        return answer(f"error=the relay's log has the reason under {reference}", 500)


_STATUSES: Final = {9041: 429}


def _count_registration(request: web.Request) -> None:
    throttle, now = request.app[_REGISTERING], request.app[_SERVICE].clock()
    address = request.remote or ""
    if throttle.is_full(address, now):
        raise ApiError(9041)
    throttle.count(address, now)


def _note_refused(request: web.Request, error: ApiError) -> None:
    """For the operator: the module itself shows nobody why it does not come."""
    log.warning("a module at %s is not registered: %s", request.remote, error)


async def form(request: web.Request) -> dict[str, str]:
    """The body as form text. Raises ApiError 9015."""
    # A copy of the request carries this API's own limit; reading past it raises 413.
    body = await request.clone(client_max_size=BODY_MAX).read()
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError as error:
        raise ApiError(9015, "the body is not form text") from error


def field(fields: Mapping[str, str], name: str) -> str:
    """A field that must be there. Raises ApiError 9015."""
    if name not in fields:
        raise ApiError(9015, f"{name} is missing")
    return fields[name]


def answer(text: str, status: int = 200) -> web.Response:
    """An answer after which the connection ends: modules ask once a connection."""
    response = web.Response(text=text, status=status)
    response.force_close()
    return response
