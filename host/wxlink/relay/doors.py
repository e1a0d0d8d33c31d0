"""The two doors for modules with the vendor's firmware: MQTT 3.1, and plain HTTP for modules' calls alone."""

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web

from wxlink.relay import device_api, ota_api
from wxlink.relay.front import AccessLog, Connections, Gate, GuardedSite
from wxlink.relay.ingest import Endpoint
from wxlink.relay.metrics import Metrics
from wxlink.relay.mqtt_door import Door
from wxlink.relay.ota_api import HTTP_PORT
from wxlink.relay.service import Service
from wxlink.relay.settings import RelaySettings

FINISH_WITHIN_S: Final = 5.0  # for requests under way at a stop
BACKLOG: Final = 1_024  # connections that may wait: all modules of a site come back after a power cut

log = logging.getLogger(__name__)


class Doors:
    """Bound where the settings say so, served by `open`; `parts` closes them.

    listen: (host, port) -> a bound socket; raises what the relay says about a taken port.
    """

    def __init__(
        self, parts: AsyncExitStack, settings: RelaySettings, listen: Callable[[str, int], socket.socket]
    ) -> None:
        def bound(port: int | None) -> socket.socket | None:
            if port is None:
                return None
            listener = listen(settings.door_host, port)
            parts.callback(listener.close)
            return listener

        self._mqtt = bound(settings.door_mqtt_port)
        self._http = bound(settings.door_http_port)

    @property
    def mqtt_port(self) -> int | None:
        """Where MQTT 3.1 is spoken; None: nowhere."""
        return _address(self._mqtt)[1] if self._mqtt else None

    @property
    def http_port(self) -> int | None:
        """Where modules' calls are answered by plain HTTP; None: nowhere."""
        return _address(self._http)[1] if self._http else None

    async def open(
        self,
        parts: AsyncExitStack,
        service: Service,
        endpoints: Sequence[Endpoint],
        connections: Connections,
        metrics: Metrics,
    ) -> None:
        """Serve, and say in the log what that means.

        endpoints: the broker's nodes. connections: of HTTP, counted with those of the other listeners.
        """
        products = await service.store.doors.all()
        if products:
            log.warning(
                "modules with the vendor's firmware are served, unencrypted as they are: product %s",
                ", ".join(products),
            )
        if self._mqtt:
            door = Door(self._mqtt, endpoints, service.store, service.clock, metrics)
            parts.push_async_callback(door.stop)
            await door.start()
        if self._http:
            await _serve_http(parts, self._http, service, connections, metrics)
        for what, listener in (("MQTT 3.1", self._mqtt), ("modules' plain HTTP", self._http)):
            if listener is None:
                continue
            log.warning("the door for %s is open on %s:%d, unencrypted", what, *_address(listener))
        port = service.settings.doorways(service.settings.endpoints()).http_port
        if (self._mqtt or self._http or products) and port != HTTP_PORT:
            log.warning("GAgent fetches updates from port %d only; it is told port %d", HTTP_PORT, port)
        if (self._mqtt or self._http) and not products:
            log.warning("it lets nobody in yet: `wxlink doors on KEY` opens a product")


async def _serve_http(
    parts: AsyncExitStack,
    listener: socket.socket,
    service: Service,
    connections: Connections,
    metrics: Metrics,
) -> None:
    app = web.Application()
    gate = Gate(service.settings, metrics)
    gate.outer(app)
    device_api.setup(app, service)
    ota_api.setup(app, service)
    app.on_response_prepare.append(_close_after)
    gate.inner(app)
    runner = web.AppRunner(
        app,
        access_log_class=AccessLog,
        shutdown_timeout=FINISH_WITHIN_S,
        keepalive_timeout=service.settings.limits.keep_alive_s,
    )
    parts.push_async_callback(runner.cleanup)
    await runner.setup()
    await GuardedSite(runner, listener, connections, backlog=BACKLOG).start()


async def _close_after(_request: web.Request, response: web.StreamResponse) -> None:
    """These modules ask once a connection; whoever else comes does too."""
    response.force_close()


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
