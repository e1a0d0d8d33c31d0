"""One line a request, without what must not be in a log."""

from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

_SHOWN_SEGMENTS: Final = 3  # of an unknown path: the empty one before the first slash, and two


class AccessLog(AbstractAccessLogger):
    """Address, method, path as in the table of routes, status, size and time.

    No header, no query and not the end of a path: they hold tokens, openids, OAuth codes and page tickets.
    """

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Called by aiohttp after each answer; `time` in seconds."""
        self.logger.info(
            "%s %s %s %d %d bytes %.1f ms",
            request.remote,
            request.method,
            _path(request),
            response.status,
            response.body_length,
            time * 1000,
        )


def _path(request: web.BaseRequest) -> str:
    resource = request.match_info.route.resource if isinstance(request, web.Request) else None
    if resource is not None:
        return resource.canonical
    return "/".join(request.rel_url.raw_path.split("/")[:_SHOWN_SEGMENTS])
