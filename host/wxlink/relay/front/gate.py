"""The two middlewares of every request: the outer one names and measures it, the inner one limits it."""

import asyncio
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from wxlink.relay import request_id
from wxlink.relay.errors import ApiError
from wxlink.relay.front.access_log import template
from wxlink.relay.front.caller import CALLER, Caller, Proxies
from wxlink.relay.metrics import Metrics
from wxlink.relay.rates import Buckets, owner_of
from wxlink.relay.settings import RelaySettings

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_NUMBER: Final = web.RequestKey("request id", str)


class Gate:
    """Set up before the APIs (`outer`) and after them (`inner`), so that each words refusals in its own way.

    open_ended: routes whose requests may last as long as they like.
    """

    def __init__(self, settings: RelaySettings, metrics: Metrics, open_ended: Collection[str] = ()) -> None:
        self._open_ended = frozenset(open_ended)
        self._proxies = Proxies(settings.trusted_proxies)
        self._hsts_s = settings.hsts_s
        self._within_s = settings.limits.request_s
        self._addresses = Buckets(settings.limits.rate("address"))
        self._metrics = metrics

    def outer(self, app: web.Application) -> None:
        """Let every request have a caller, a number and a place in the figures."""
        app.middlewares.append(self._outer)
        app.on_response_prepare.append(self._mark)

    def inner(self, app: web.Application) -> None:
        """Let no address ask too often, and no request take too long."""
        app.middlewares.append(self._inner)

    @web.middleware
    async def _outer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        caller = self._proxies.caller(request)
        number = self._number(request, caller)
        request[CALLER], request[_NUMBER] = caller, number
        request_id.current.set(number)  # aiohttp handles each request in a context of its own
        route = template(request) or "unknown"
        if caller.proxied:
            request = request.clone(remote=caller.address, scheme=caller.scheme, host=caller.host)
        began = time.perf_counter()
        status = 500
        try:
            try:
                response = await handler(request)
            except ApiError as error:  # where no API has words of its own
                response = web.Response(text=f"{error.detail or error.text}\n", status=_plain_status(error))
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            if status != HTTPStatus.SWITCHING_PROTOCOLS:  # a WebSocket's life is no answering time
                method = request.method if request.method in _METHODS else "other"
                took = time.perf_counter() - began
                self._metrics.http_seconds.labels(method, route, str(status)).observe(took)
        return response

    @web.middleware
    async def _inner(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._addresses.take(owner_of(request.remote or ""), time.monotonic()):
            self._metrics.refused.labels("address").inc()
            raise ApiError(9041, "too many requests from this address; wait a few seconds")
        if template(request) in self._open_ended:
            return await handler(request)
        try:
            async with asyncio.timeout(self._within_s) as limit:
                return await handler(request)
        except TimeoutError:
            if not limit.expired():
                raise
            raise web.HTTPRequestTimeout(
                reason=f"not done within {self._within_s:g} s", headers={hdrs.CONNECTION: "close"}
            ) from None

    async def _mark(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.SERVER] = "wxlink"  # versions are for the operator, on /metrics
        if _NUMBER in request:
            response.headers[request_id.HEADER] = request[_NUMBER]
        if self._hsts_s and CALLER in request and request[CALLER].scheme == "https":
            response.headers["Strict-Transport-Security"] = f"max-age={self._hsts_s}"

    def _number(self, request: web.Request, caller: Caller) -> str:
        """A trusted proxy's number of the request, so that its log and ours can be joined; else a new one."""
        given = request.headers.get(request_id.HEADER, "") if caller.proxied else ""
        return given if request_id.is_request_id(given) else request_id.new_request_id()


def _plain_status(error: ApiError) -> int:
    return HTTPStatus.TOO_MANY_REQUESTS if error.code == 9041 else error.status
