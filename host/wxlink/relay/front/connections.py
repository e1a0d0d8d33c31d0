"""How many connections there may be, in all and of one address."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import web

from wxlink.relay.front.caller import Proxies
from wxlink.relay.metrics import Metrics
from wxlink.relay.rates import owner_of
from wxlink.relay.settings import RelaySettings

HANDSHAKE_WITHIN_S: Final = 15.0  # TLS; slow phones on slow networks take two or three


class Connections:
    """Counts the connections of all listeners. One too many is cut at once, unread."""

    def __init__(self, settings: RelaySettings, metrics: Metrics) -> None:
        self._proxies = Proxies(settings.trusted_proxies)
        self._most = settings.limits.connections
        self._most_per_address = settings.limits.connections_per_address
        self._metrics = metrics
        self._of_owner: Counter[str] = Counter()
        self.open = 0
        """How many there are."""

    def enter(self, address: str) -> bool:
        """Count a connection from this address; False when it is one too many."""
        owner = owner_of(address)
        of_proxy = self._proxies.trusts(address)
        if self.open >= self._most or (not of_proxy and self._of_owner[owner] >= self._most_per_address):
            self._metrics.refused.labels("connections").inc()
            return False
        self.open += 1
        self._of_owner[owner] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection that entered has ended."""
        owner = owner_of(address)
        self.open -= 1
        self._of_owner[owner] -= 1
        if not self._of_owner[owner]:
            del self._of_owner[owner]


class GuardedSite(web.BaseSite):
    """A listening socket whose connections are counted."""

    def __init__(
        self,
        runner: web.AppRunner,
        listener: socket.socket,
        connections: Connections,
        *,
        backlog: int,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(runner, ssl_context=ssl_context, backlog=backlog)
        self._listener = listener
        self._connections = connections

    @property
    def name(self) -> str:
        """The address that it listens on."""
        host, port = self._listener.getsockname()[:2]
        return f"{'https' if self._ssl_context else 'http'}://{host}:{port}"

    async def start(self) -> None:
        """Begin to accept."""
        await super().start()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner is not set up")
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Counted(server, self._connections),
            sock=self._listener,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HANDSHAKE_WITHIN_S if self._ssl_context else None,
            backlog=self._backlog,
        )


class _Counted(asyncio.Protocol):
    """Stands before aiohttp's protocol of one connection, to hear when it begins and ends."""

    def __init__(self, serve: Callable[[], asyncio.Protocol], connections: Connections) -> None:
        self._serve = serve
        self._connections = connections
        self._address = ""
        self._inner: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self._connections.enter(self._address):
            if isinstance(transport, asyncio.WriteTransport):  # as TCP and TLS are
                transport.abort()
            return
        self._inner = self._serve()
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._inner is not None:
            self._connections.leave(self._address)
            self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._inner is not None else None

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()
