"""The route of the WebSocket API and the sockets that are open."""

import asyncio

from aiohttp import web

from wxlink.relay.events import Bus
from wxlink.relay.metrics import Metrics
from wxlink.relay.service import Service
from wxlink.relay.ws_api.asyncapi import ASYNCAPI_PATH, document
from wxlink.relay.ws_api.connection import STOPPING, Connection
from wxlink.relay.ws_api.limits import CLOSE_WITHIN_S, MAX_FRAME_BYTES, MAX_SOCKETS, Limits
from wxlink.relay.ws_api.outbox import Outbox
from wxlink.relay.ws_api.session import Audience, Session
from wxlink.relay.ws_api.turns import Turns

PATH = "/ws/app/v1"


class WsApi:
    """Serves `PATH`: attribute mode, custom mode and raw frames for devices that a user is bound to."""

    def __init__(
        self, service: Service, bus: Bus, limits: Limits | None = None, metrics: Metrics | None = None
    ) -> None:
        self._service = service
        self._bus = bus
        self._limits = limits or Limits()
        self._metrics = metrics or Metrics()
        self._audience = Audience()
        self._turns = Turns()
        self._open: dict[Connection, asyncio.Future[None]] = {}
        self._stopping = False

    def routes(self) -> list[web.RouteDef]:
        """What to add to an application."""
        return [web.get(PATH, self.handle), web.get(ASYNCAPI_PATH, _describe)]

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Upgrade and serve one socket."""
        if self._stopping or len(self._open) >= MAX_SOCKETS:
            return web.Response(status=503, text="too many sockets; try again later\n")
        socket = web.WebSocketResponse(
            max_msg_size=MAX_FRAME_BYTES, compress=False, timeout=CLOSE_WITHIN_S, autoclose=False
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:  # the client left meanwhile
            return socket
        outbox = Outbox(request, transport, self._turns, self._limits)
        session = Session(self._service, self._bus, self._audience, self._limits, outbox.put)
        connection = Connection(socket, transport, outbox, session, self._limits)
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open[connection] = finished
        try:
            ending = await connection.run()
            self._metrics.sockets_closed.labels(ending.word).inc()
        finally:
            del self._open[connection]
            finished.set_result(None)
        return socket

    async def stop(self) -> None:
        """Close every socket with 1001 and wait until they are closed; new ones are refused."""
        self._stopping = True
        for connection in tuple(self._open):
            connection.end(STOPPING)
        await asyncio.gather(*self._open.values())


async def _describe(_request: web.Request) -> web.Response:
    return web.json_response(document(PATH), headers={"Access-Control-Allow-Origin": "*"})
