"""One line a request, without what must not be in a log."""

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger


class AccessLog(AbstractAccessLogger):
    """Address, method, path, status, size and time.

    Not the query and no header: queries hold openids, tickets and OAuth codes, headers hold tokens.
    """

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Called by aiohttp after each answer; `time` in seconds."""
        self.logger.info(
            "%s %s %s %d %d bytes %.1f ms",
            request.remote,
            request.method,
            request.rel_url.raw_path,
            response.status,
            response.body_length,
            time * 1000,
        )
