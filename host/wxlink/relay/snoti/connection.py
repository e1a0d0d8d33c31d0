"""One connection of server push to its end: lines, silence, and a client that does not read."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from wxlink.relay.snoti.limits import LINE_BYTES, UNSENT_BYTES, Limits
from wxlink.relay.snoti.session import Ended, Session

FINISH_WITHIN_S = 5.0  # for the message under way
CLOSE_WITHIN_S = 1.0  # for what is unsent and the goodbye of TLS; then the connection is cut

PEER_LEFT = ""
STOPPING = "the relay is stopping; connect again"
REVOKED = "the key was taken back"
SILENT = "nothing came for too long; send a ping now and then"
NO_LOGIN = "no login in time"
TOO_LONG = f"a line has at most {LINE_BYTES} bytes"
NOT_READING = "the client reads too slowly"
BROKEN = "the relay failed; connect again"

log = logging.getLogger(__name__)


class Connection:
    """Runs one connection. `run` returns when it is closed, whoever closed it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        made_room: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._made_room = made_room
        self._wrote = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        writer.transport.set_write_buffer_limits(high=UNSENT_BYTES)

    def send(self, line: bytes) -> None:
        """Send a line. Never blocks."""
        if not self._ending.done():
            self._writer.write(line)
            self._wrote.set()

    def unsent(self) -> int:
        """Bytes that wait for the client to read."""
        transport = self._writer.transport
        return 0 if transport.is_closing() else transport.get_write_buffer_size()

    def end(self, reason: str) -> None:
        """Close the connection soon; the first reason counts, and the client is told it."""
        if not self._ending.done():
            self._ending.set_result(reason)

    async def run(self, session: Session) -> None:
        """Serve the client until it ends, then close the connection."""
        tasks = [asyncio.create_task(work) for work in (self._receive(session), self._drain())]
        for task in tasks:
            task.add_done_callback(self._finished)
        try:
            reason = await self._ending
        except asyncio.CancelledError:
            self.end(STOPPING)
            raise
        finally:
            # Cancelled in a transaction, it might leave the database locked.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), FINISH_WITHIN_S)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            session.end()
        if reason:
            log.info("a connection of server push ends: %s", reason)
            self._writer.write(session.closing(reason))
        await self._close()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("a connection of server push failed", exc_info=error)
            self.end(BROKEN)

    async def _receive(self, session: Session) -> None:
        login_by = asyncio.get_running_loop().time() + self._limits.login_within_s
        while not self._ending.done():
            line = await self._line(None if session.logged_in else login_by)
            if line.strip():
                self._idle.clear()
                try:
                    await session.handle(line)
                except Ended as ended:
                    self.end(str(ended))
                finally:
                    self._idle.set()
            await self._flushed()
            await asyncio.sleep(0)  # a client with much to say must not keep others waiting

    async def _line(self, login_by: float | None) -> bytes:
        """The next line; empty when there will be none, and the connection ends."""
        try:
            async with asyncio.timeout(self._limits.silence_s) as patience:
                if login_by is not None:
                    patience.reschedule(login_by)
                return await self._reader.readuntil(b"\n")
        except TimeoutError:
            self.end(SILENT if login_by is None else NO_LOGIN)
        except asyncio.LimitOverrunError:
            self.end(TOO_LONG)
        except (asyncio.IncompleteReadError, OSError):
            self.end(PEER_LEFT)
        return b""

    async def _drain(self) -> None:
        while True:
            await self._wrote.wait()
            self._wrote.clear()
            await self._flushed()
            self._made_room()

    async def _flushed(self) -> None:
        """Wait until the client has read most of what it was sent."""
        try:
            async with asyncio.timeout(self._limits.stall_s):
                await self._writer.drain()
        except TimeoutError:
            self.end(NOT_READING)
        except OSError:
            self.end(PEER_LEFT)

    async def _close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._writer.wait_closed()
        except TimeoutError:
            self._writer.transport.abort()
        except OSError:
            pass  # the peer was quicker
