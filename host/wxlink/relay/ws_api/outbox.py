"""What waits to be sent to one client: bounded, in order."""

import asyncio
from collections import deque

from aiohttp import WSMsgType, web

from wxlink.relay.ws_api.limits import Limits


class Outbox:
    """A queue in front of a socket. When a client does not read, it overflows instead of growing."""

    def __init__(self, socket: web.WebSocketResponse, limits: Limits) -> None:
        self.overflowed = asyncio.Event()
        """Set when a message found no room; what comes after it is dropped too."""
        self._socket = socket
        self._limits = limits
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()

    def put(self, message: bytes) -> None:
        """Queue one text message. Never blocks."""
        if self.overflowed.is_set():
            return
        if (
            len(self._waiting) >= self._limits.queue_messages
            or self._bytes + len(message) > self._limits.queue_bytes
        ):
            self._waiting.clear()
            self.overflowed.set()
            return
        self._waiting.append(message)
        self._bytes += len(message)
        self._sent.clear()
        self._some.set()

    async def run(self) -> None:
        """Send what is queued until cancelled. Raises ConnectionError when the peer is gone."""
        while True:
            await self._some.wait()
            while self._waiting:
                message = self._waiting.popleft()
                self._bytes -= len(message)
                await self._socket.send_frame(message, WSMsgType.TEXT)
            self._some.clear()
            self._sent.set()

    async def flushed(self) -> None:
        """Wait until everything queued was handed to the socket."""
        await self._sent.wait()
