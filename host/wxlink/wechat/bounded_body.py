"""Reading the body of a request or a response that a peer controls."""

from aiohttp import StreamReader


class BodyTooLong(Exception):
    """The peer sent more than the limit; nothing beyond it was kept."""


async def read_at_most(stream: StreamReader, limit: int) -> bytes:
    """All of the body, at most `limit` bytes. Raises BodyTooLong beyond that."""
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > limit:
            raise BodyTooLong(f"more than {limit} bytes")
    return bytes(body)
