"""The door of server push: who is connected, and what ends with a stop."""

import asyncio
import logging
import socket
import ssl
from collections import Counter

from wxlink.relay.service import Service, Throttle
from wxlink.relay.snoti.connection import REVOKED, STOPPING, Connection
from wxlink.relay.snoti.dispatch import Dispatcher
from wxlink.relay.snoti.limits import (
    BACKLOG,
    CONNECTIONS,
    CONNECTIONS_A_HOST,
    HANDSHAKE_S,
    LINE_BYTES,
    LOGIN_FAILURES,
    LOGIN_WINDOW_S,
    Limits,
)
from wxlink.relay.snoti.session import Session

log = logging.getLogger(__name__)


class Snoti:
    """Serves makers' servers over TLS. Its queues are looked after without a listener, too."""

    def __init__(self, service: Service, limits: Limits | None = None) -> None:
        self._service = service
        self._limits = limits or Limits()
        queue_max = service.settings.snoti_queue_max
        self._dispatcher = Dispatcher(service.store, service.clock, queue_max, self._limits)
        self._failures = Throttle(LOGIN_FAILURES, LOGIN_WINDOW_S)
        self._open: dict[Connection, tuple[Session, asyncio.Task[None]]] = {}
        self._hosts: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._checking: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def start(self, listener: socket.socket | None, context: ssl.SSLContext | None) -> None:
        """Begin to look after the queues, and with a listener to serve; the context is that of a server."""
        self._dispatcher.start()
        if listener is not None:
            self._checking = asyncio.create_task(self._check_keys(), name="keys of server push")
            self._server = await asyncio.start_server(
                self._serve,
                sock=listener,
                ssl=context,
                limit=LINE_BYTES,
                backlog=BACKLOG,
                ssl_handshake_timeout=HANDSHAKE_S,
            )

    async def stop(self) -> None:
        """Take no more connections, close those that are open, and store what they acknowledged."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._open):
            connection.end(STOPPING)
        if self._open:
            await asyncio.wait([task for _, task in self._open.values()])
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait((self._checking,))
        await self._dispatcher.stop()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection whose handshake is done."""
        peer = writer.get_extra_info("peername")
        host = str(peer[0]) if peer else ""
        if self._stopping or len(self._open) >= CONNECTIONS or self._hosts[host] >= CONNECTIONS_A_HOST:
            log.warning("a connection of server push was turned away: too many")
            writer.transport.abort()
            return
        connection = Connection(reader, writer, self._limits, self._dispatcher.wake)
        session = Session(
            self._service,
            self._dispatcher,
            self._limits,
            connection,
            address=host,
            failures=self._failures,
        )
        task = asyncio.create_task(connection.run(session), name="server push to a client")
        self._open[connection] = session, task
        self._hosts[host] += 1

        def gone(_task: "asyncio.Task[None]") -> None:
            del self._open[connection]
            self._hosts -= Counter((host,))

        task.add_done_callback(gone)

    async def _check_keys(self) -> None:
        """End those whose key was taken back."""
        while True:
            await asyncio.sleep(self._limits.recheck_s)
            keys = {key for session, _ in self._open.values() for key in session.keys}
            try:
                valid = await self._service.valid_push_keys(keys)
            except Exception:
                log.exception("the keys of server push could not be looked at; tried again later")
                continue
            for connection, (session, _) in tuple(self._open.items()):
                if not session.keys & keys <= valid:
                    connection.end(REVOKED)
