"""One line a request, without what must not be in a log."""

from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from wxlink.relay.front.caller import CALLER

_SHOWN_SEGMENTS: Final = 3  # of an unknown path: the empty one before the first slash, and two


class AccessLog(AbstractAccessLogger):
    """Address, method, path as in the table of routes, status, size and time.

    No header, no query and not the end of a path: they hold tokens, openids, OAuth codes and page tickets.
    """

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Called by aiohttp after each answer; `time` in seconds."""
        caller = request.get(CALLER)
        self.logger.info(
            "%s %s %s %d %d bytes %.1f ms",
            caller.address if caller else request.remote,
            request.method,
            _path(request),
            response.status,
            response.body_length,
            time * 1000,
        )


def template(request: web.BaseRequest) -> str | None:
    """The path as in the table of routes, None for one that is not in it."""
    try:
        resource = request.match_info.route.resource if isinstance(request, web.Request) else None
    except (AssertionError, AttributeError):  # a head that could not be read was looked up in no table
        return None
    return None if resource is None else resource.canonical


def _path(request: web.BaseRequest) -> str:
    return template(request) or "/".join(request.rel_url.raw_path.split("/")[:_SHOWN_SEGMENTS])
