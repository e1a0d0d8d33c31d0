"""What waits to be sent to one client: bounded, in order."""

import asyncio
from collections import deque

from aiohttp import web

from wxlink.relay.ws_api.limits import Limits
from wxlink.relay.ws_api.turns import Turns

WRITE_BYTES = 64 * 1024  # in one write, or one message: as much as asyncio buffers before it says stop


class Outbox:
    """A queue in front of a connection. When a client does not read, it overflows instead of growing.

    The first message of a turn of the event loop is written at once, the others of that turn together: one
    report to many clients costs one pass over them, a batch of reports two writes for each. It goes past
    aiohttp's own sending, which is a coroutine and a write for each message.
    """

    def __init__(
        self, request: web.Request, transport: asyncio.Transport, turns: Turns, limits: Limits
    ) -> None:
        self.overflowed = asyncio.Event()
        """Set when a message found no room; what comes after it is dropped too."""
        self._transport = transport
        self._protocol = request.protocol
        self._writer = request.writer
        self._turns = turns
        self._limits = limits
        self._wrote_in = 0
        self._cut = False
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._stuck = asyncio.Event()
        self._sent = asyncio.Event()
        self._sent.set()

    def put(self, frame: bytes) -> None:
        """Queue one message in its frame. Never blocks."""
        if self._cut:
            return
        turn = self._turns.now()
        if turn != self._wrote_in and not self._waiting and self._has_room():
            self._wrote_in = turn
            self._transport.write(frame)
        elif (
            len(self._waiting) >= self._limits.queue_messages
            or self._bytes + len(frame) > self._limits.queue_bytes
        ):
            self._cut = True
            self._waiting.clear()
            self.overflowed.set()
        else:
            self._queue(frame)

    async def run(self) -> None:
        """Send what found no room, until cancelled. Raises ConnectionError when the client is gone."""
        while True:
            await self._stuck.wait()
            await self._writer.drain()
            if self._transport.is_closing():
                raise ConnectionResetError("the client is gone")
            self._stuck.clear()
            self._write()

    async def flushed(self) -> None:
        """Wait until everything queued was handed to the connection."""
        await self._sent.wait()

    def _queue(self, frame: bytes) -> None:
        if not self._waiting:
            self._sent.clear()
            self._turns.at_end(self._write)
        self._waiting.append(frame)
        self._bytes += len(frame)

    def _has_room(self) -> bool:
        return not (self._protocol.writing_paused or self._transport.is_closing())

    def _write(self) -> None:
        """Hand on what waits, while the connection has room for it."""
        while self._waiting:
            if not self._has_room():
                self._stuck.set()
                return
            self._transport.write(self._next())
        self._sent.set()

    def _next(self) -> bytes:
        """The next message, with as many of the following as one write takes."""
        frames = [self._waiting.popleft()]
        size = len(frames[0])
        while self._waiting and size < WRITE_BYTES:
            frames.append(self._waiting.popleft())
            size += len(frames[-1])
        self._bytes -= size
        return b"".join(frames)
