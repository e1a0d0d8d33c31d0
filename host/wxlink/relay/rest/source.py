"""Where a request comes from, for the rows of the audit log that are written on its behalf."""

from aiohttp import web
from aiohttp.typedefs import Handler

from wxlink.relay.store import SOURCE


@web.middleware
async def note_source(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keeps the peer's address for all that is done for its request."""
    SOURCE.set(request.remote or "")
    return await handler(request)
