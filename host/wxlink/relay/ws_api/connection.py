"""One WebSocket from its opening to its close: reading, pace, heartbeat, and a client that does not read."""

import asyncio
import contextlib
import logging
from typing import NamedTuple

from aiohttp import WSCloseCode, WSMsgType, web

from wxlink.relay.errors import ApiError
from wxlink.relay.ws_api import messages
from wxlink.relay.ws_api.limits import CLOSE_WITHIN_S, MAX_LOGIN_FAILURES, SESSION_CHECK_S, Limits
from wxlink.relay.ws_api.outbox import Outbox
from wxlink.relay.ws_api.pace import Pace
from wxlink.relay.ws_api.session import Session

log = logging.getLogger(__name__)

_GONE = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Ending(NamedTuple):
    """Why a socket ends: close code and reason (at most 123 bytes), and its word in the figures."""

    code: int
    reason: str
    word: str


PEER_LEFT = Ending(WSCloseCode.OK, "", "left")
SILENT = Ending(WSCloseCode.POLICY_VIOLATION, "No heartbeat!", "silent")
NO_LOGIN = Ending(WSCloseCode.POLICY_VIOLATION, "no login", "no_login")
TOO_FAST = Ending(WSCloseCode.POLICY_VIOLATION, "too many messages", "too_fast")
NOT_READING = Ending(WSCloseCode.TRY_AGAIN_LATER, "client reads too slowly", "slow")
FAILED = Ending(WSCloseCode.INTERNAL_ERROR, "relay error", "failed")
STOPPING = Ending(WSCloseCode.GOING_AWAY, "relay is stopping", "stopping")


class Connection:
    """Runs one socket. `run` returns when it is closed, whoever closed it."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        outbox: Outbox,
        session: Session,
        limits: Limits,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._outbox = outbox
        self._session = session
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(limits.rate_per_s, limits.rate_burst, self._loop.time)
        self._heard_at = self._loop.time()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()

    def end(self, ending: Ending) -> None:
        """Close the socket soon; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(ending)

    async def run(self) -> Ending:
        """Serve the socket until it ends, then close it; why it ended."""
        tasks = [
            asyncio.create_task(work)
            for work in (self._receive(), self._send(), self._watch_heartbeat(), self._watch_overflow())
        ]
        for task in tasks:
            task.add_done_callback(self._finished)
        try:
            ending = await self._ending
        except asyncio.CancelledError:
            ending = STOPPING
            raise
        finally:
            self._session.end()
            if ending in (SILENT, STOPPING, TOO_FAST, NO_LOGIN):
                await self._flush()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._session.end()  # a login may have ended while the last texts were sent
            await self._close(ending)
        return ending

    def _finished(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a WebSocket connection failed", exc_info=error)
            self.end(FAILED)

    async def _receive(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message.type in _GONE:
                    break
                self._heard_at = self._loop.time()
                if not self._pace.allows():
                    self._refuse_pace()
                elif message.type == WSMsgType.TEXT:
                    await self._session.handle(message.data)
                else:
                    self._outbox.put(messages.refused(ApiError(9015, "messages are text, not binary")))
                if self._session.login_failures >= MAX_LOGIN_FAILURES:
                    self.end(NO_LOGIN)
        finally:
            self.end(PEER_LEFT)

    def _refuse_pace(self) -> None:
        if self._pace.refused > self._limits.throttled_messages:
            self.end(TOO_FAST)
        else:
            self._outbox.put(messages.refused(ApiError(9041)))

    async def _send(self) -> None:
        try:
            await self._outbox.run()
        except ConnectionError:
            self.end(PEER_LEFT)

    async def _watch_heartbeat(self) -> None:
        check_at = self._loop.time() + SESSION_CHECK_S
        while True:
            silent_at = self._heard_at + self._session.silence_s
            now = self._loop.time()
            if now >= silent_at:
                break
            if now >= check_at:
                await self._session.check_token()
                check_at = now + SESSION_CHECK_S
            # Looks again at least as often as a login could have shortened the time.
            await asyncio.sleep(min(silent_at - now, check_at - now, self._limits.login_within_s))
        if self._session.logged_in:
            self._outbox.put(messages.invalid(messages.NO_HEARTBEAT))
            self.end(SILENT)
        else:
            self.end(NO_LOGIN)

    async def _watch_overflow(self) -> None:
        await self._outbox.overflowed.wait()
        log.warning("a WebSocket client that reads too slowly is cut off")
        self.end(NOT_READING)

    async def _flush(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._outbox.flushed(), CLOSE_WITHIN_S)

    async def _close(self, ending: Ending) -> None:
        """The close handshake within CLOSE_WITHIN_S; then the connection is cut, whatever is unsent."""
        # A task of its own: after a cancelled send, aiohttp raises CancelledError here though nobody cancels.
        closing = asyncio.create_task(self._socket.close(code=ending.code, message=ending.reason.encode()))
        await asyncio.wait({closing}, timeout=CLOSE_WITHIN_S)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        if self._transport.get_write_buffer_size():
            self._transport.abort()
