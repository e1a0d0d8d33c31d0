"""The relay as a whole: which parts it has, how they are joined, in which order they start and stop."""

import asyncio
import logging
import socket
from collections.abc import Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats.errors
from aiohttp import web

from wxlink.relay import admin, admin_api, chores, device_api, h5_api, http_api, ota_api
from wxlink.relay.auth_callout import AuthCallout
from wxlink.relay.automation import Automation
from wxlink.relay.broker import Broker, BrokerError
from wxlink.relay.cluster import Cluster, SecretsError
from wxlink.relay.couriers import courier_of
from wxlink.relay.doors import Doors
from wxlink.relay.downlink import Asks, ClientCounts, Downlink
from wxlink.relay.events import Bus
from wxlink.relay.first_read import FirstReads
from wxlink.relay.front import AccessLog, Connections, Gate, GuardedSite
from wxlink.relay.ingest import Endpoint, Ingest, Intake, MqttIngest
from wxlink.relay.metrics import Metrics
from wxlink.relay.notices import Notices
from wxlink.relay.platforms import Platforms
from wxlink.relay.readiness import OK, Readiness
from wxlink.relay.rest.source import note_source
from wxlink.relay.service import Service
from wxlink.relay.settings import DAY_S, RelaySettings
from wxlink.relay.snoti import Limits as SnotiLimits
from wxlink.relay.snoti import Snoti
from wxlink.relay.store import Command, Origin, Store, StoreError
from wxlink.relay.timekeeper import Timekeeper, WallClock
from wxlink.relay.tls import Certificate, TlsError
from wxlink.relay.wechat_home import WeChat, open_wechat
from wxlink.relay.ws_api import PATH, Limits, WsApi
from wxlink.wechat.account import Account
from wxproto import envelope

BROKER_WITHIN_S = 10.0  # for the first session; an operator's broker may come up later than the relay
FINISH_WITHIN_S = 5.0  # for HTTP requests under way at a stop
BODY_MAX = 256 * 1024  # bytes of a request that no API limits further
LISTEN_BACKLOG = 1024  # connections that may wait: all modules of a site come back after a power cut

log = logging.getLogger(__name__)


class RelayError(RuntimeError):
    """The relay cannot start; the text says what to do."""


class Relay:
    """One relay process: ``async with Relay(settings) as relay: ...``

    Inside the block `store`, `bus`, `service`, `ingest`, `snoti`, `http_port` and `mqtt_port` can be used;
    ports of 0 in the settings have become real ones. accounts: the Official Accounts, each served under
    /wx/<name>/callback. Entering raises RelayError. Leaving stops accepting, closes the WebSockets (1001),
    stores and acknowledges what devices sent, and ends the broker. `metrics` and `readiness` are there before
    and after, for the operator's listener.
    """

    store: Store
    bus: Bus
    service: Service
    ingest: Ingest
    snoti: Snoti
    settings: RelaySettings
    broker: Broker | None
    _ws: WsApi

    def __init__(
        self,
        settings: RelaySettings,
        accounts: Sequence[Account] = (),
        *,
        limits: Limits | None = None,
        snoti_limits: SnotiLimits | None = None,
        clock: Timekeeper | None = None,
    ) -> None:
        self.settings = settings
        self.broker = None
        self.metrics = Metrics()
        self.readiness = Readiness()
        self._accounts = accounts
        self._limits = limits
        self._snoti_limits = snoti_limits
        self._clock: Timekeeper = clock or WallClock()
        self._certificate: Certificate | None = None
        self._wechat: Mapping[str, WeChat] = {}
        self._parts = AsyncExitStack()

    @property
    def http_port(self) -> int:
        """Where HTTP, WebSocket, pages and callbacks are served."""
        return self.settings.port

    @property
    def mqtt_port(self) -> int:
        """Where devices connect."""
        return self.settings.mqtt_port

    @property
    def tls_port(self) -> int:
        """Where the same as on `http_port` is served by HTTPS; of use with a certificate only."""
        return self.settings.tls_port

    @property
    def snoti_port(self) -> int | None:
        """Where makers' servers connect; None when they cannot."""
        return self.settings.snoti_port

    @property
    def sockets(self) -> int:
        """How many WebSockets are open."""
        return self._ws.sockets

    def wechat(self, name: str) -> WeChat:
        """The Official Account of this name. Raises KeyError when it was not given."""
        return self._wechat[name]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as parts:
            try:
                await self._start(parts)
            except (StoreError, BrokerError, TlsError, ValueError, OSError, nats.errors.Error) as error:
                raise RelayError(str(error)) from error
            self._parts = parts.pop_all()
        self.readiness.state = "running"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.readiness.state = "stopping"
        await asyncio.sleep(self.settings.drain_s)  # a load balancer sends new requests elsewhere by then
        await self._parts.aclose()

    async def _start(self, parts: AsyncExitStack) -> None:
        """Start every part; `parts` stops them in reverse."""
        self.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._start_admin(parts)
        self._certificate = _certificate(self.settings)
        listener = _listen(self.settings.host, self.settings.port)
        parts.callback(listener.close)
        tls_listener = self._listen_tls(parts)
        snoti_listener = self._listen_snoti(parts)
        doors = Doors(parts, self.settings, _listen)
        self.store = await Store.open(self.settings.database_url)
        parts.push_async_callback(self.store.close)
        parts.push_async_callback(self._settle)
        self.readiness.parts["store"] = self._store_answers
        cluster = await self._join_cluster(parts)
        self.bus = cluster.bus if cluster else Bus()
        endpoint = cluster.endpoints[0] if cluster else await self._start_broker(parts)
        self.settings = replace(
            self.settings,
            port=listener.getsockname()[1],
            tls_port=tls_listener.getsockname()[1] if tls_listener else 0,
            mqtt_port=endpoint.port,
            door_mqtt_port=doors.mqtt_port,
            door_http_port=doors.http_port,
        )
        downlink = await self._start_ingest(parts, endpoint, cluster)
        self.service = Service(
            self.store,
            self.bus,
            downlink,
            self.settings,
            self._clock,
            courier=courier_of(self.settings),
            platforms=Platforms.named(self.settings.platforms),
        )
        self.service.allowance.on_refused = lambda limit: self.metrics.refused.labels(limit).inc()
        _do(parts, chores.prune(self.service))
        _do(parts, chores.end_lapsed(self.service))
        if self.broker:
            _do(parts, chores.mend(self.broker, lambda: self.ingest.connected))
        notices = Notices(self.store, downlink)
        parts.push_async_callback(notices.stop)
        await notices.start()
        self._show_figures()
        self.snoti = Snoti(self.service, self._snoti_limits)
        parts.push_async_callback(self.snoti.stop)
        await self.snoti.start(snoti_listener, self._certificate.context if self._certificate else None)
        automation = Automation(self.service, self._clock)
        parts.push_async_callback(automation.stop)
        automation.start()
        await self._start_web(parts, listener, tls_listener)
        nodes = cluster.endpoints if cluster else (endpoint,)
        await doors.open(parts, self.service, nodes, self._connections, self.metrics)
        if self._certificate:
            _do(parts, chores.renew(self._certificate, self.broker))

    async def _start_admin(self, parts: AsyncExitStack) -> None:
        """First up and last down: it tells of the start and of the stop."""
        if not self.settings.admin_port:
            return
        listener = _listen(self.settings.admin_host, self.settings.admin_port)
        parts.callback(listener.close)
        runner = await admin.serve(listener, self.metrics, self.readiness)
        parts.push_async_callback(runner.cleanup)

    def _listen_tls(self, parts: AsyncExitStack) -> socket.socket | None:
        if self._certificate is None:
            return None
        listener = _listen(self.settings.tls_host or self.settings.host, self.settings.tls_port)
        parts.callback(listener.close)
        return listener

    def _listen_snoti(self, parts: AsyncExitStack) -> socket.socket | None:
        settings = self.settings
        if settings.snoti_port is None:
            return None
        if self._certificate is None:
            raise TlsError("server push speaks TLS only: set tls_cert and tls_key, or no snoti_port")
        host = settings.snoti_host or settings.tls_host or settings.host
        listener = _listen(host, settings.snoti_port, "server push")
        parts.callback(listener.close)
        self.settings = replace(settings, snoti_port=listener.getsockname()[1])
        return listener

    async def _join_cluster(self, parts: AsyncExitStack) -> Cluster | None:
        """The cluster that this relay is part of; None when it is alone."""
        if not self.settings.nats_urls:
            return None
        try:
            cluster = Cluster(self.settings, self.store, self._clock)
        except (SecretsError, ValueError) as error:
            raise BrokerError(str(error)) from error
        parts.push_async_callback(cluster.stop)
        await cluster.start()
        return cluster

    async def _start_broker(self, parts: AsyncExitStack) -> Endpoint:
        """The operator's broker, or our own with the auth callout."""
        url = self.settings.broker_url
        if url:
            try:
                named = Endpoint.from_url(url)
            except ValueError as error:
                raise BrokerError(str(error)) from error
            return replace(
                named,
                user=named.user or self.settings.broker_user,
                password=named.password or self.settings.broker_password,
            )
        # No connection outlives our own broker, and wills that it held are lost.
        await self.store.devices.all_offline(self._clock())
        self.broker = broker = Broker(
            Path(self.settings.data_dir),
            self.settings.mqtt_host,
            self.settings.mqtt_port,
            certificate=self._certificate,
            plain=self.settings.mqtt_plain,
        )
        parts.push_async_callback(broker.stop)
        await broker.start()
        callout = AuthCallout(
            broker, self.store.devices.get, self.metrics, on_login=self.store.connections.seen
        )
        parts.push_async_callback(callout.stop)
        await callout.start()
        own = Endpoint(
            broker.loopback, broker.mqtt_port, broker.relay_login.user, broker.relay_login.password
        )
        if self._certificate and not self.settings.mqtt_plain:
            return replace(own, tls=True, trust=self._certificate.trust)
        return own

    async def _start_ingest(
        self, parts: AsyncExitStack, endpoint: Endpoint, cluster: Cluster | None
    ) -> Downlink:
        asks = cluster.asks if cluster else Asks()
        counts = ClientCounts(self.store.devices.get, cluster.watchers if cluster else self._watchers)

        def came_online(did: str) -> None:
            counts.changed(did)
            reads.came_online(did)

        intake = Intake(self.settings.limits.rate("device"), self.metrics)
        shared = cluster.ingest(came_online, counts.changed, intake) if cluster else None
        self.ingest = shared or MqttIngest(
            endpoint,
            self.store,
            self.bus,
            asks,
            on_online=came_online,
            on_count_request=counts.changed,
            connected_clients=self.broker.connected_clients if self.broker else None,
            clock=self._clock,
            intake=intake,
        )
        downlink = Downlink(
            self.ingest,
            self.store.devices.get,
            asks,
            rate=self.settings.limits.rate("command"),
            metrics=self.metrics,
            on_sent=self._sent,
            answer_within_s=self.settings.limits.answer_s,
        )
        reads = FirstReads(self.store, downlink)
        self.bus.on_watchers(counts.changed)
        counts.start(downlink)
        parts.push_async_callback(counts.stop)
        parts.push_async_callback(reads.stop)
        parts.push_async_callback(self.ingest.stop)
        self.ingest.start()
        self.readiness.parts["broker"] = self._broker_answers
        try:
            await self.ingest.wait_up(BROKER_WITHIN_S)
        except ConnectionError as error:
            if self.broker:
                raise
            log.warning("%s; the relay starts without it and goes on trying", error)
        if cluster and shared:
            await cluster.serve(shared, downlink, self.metrics)
        return downlink

    async def _watchers(self, dids: Collection[str]) -> Mapping[str, int]:
        return {did: self.bus.watchers(did) for did in dids}

    def _sent(self, did: str, message: envelope.Envelope, origin: Origin) -> None:
        self.store.commands.note(Command(did, self._clock(), message.cmd, message.sn, message.p0, origin))

    async def _start_web(
        self, parts: AsyncExitStack, listener: socket.socket, tls_listener: socket.socket | None
    ) -> None:
        app = web.Application(client_max_size=BODY_MAX)
        gate = Gate(self.settings, self.metrics, open_ended=(PATH,))
        gate.outer(app)
        app.middlewares.append(note_source)
        http_api.setup(app, self.service)
        if self.settings.makers_api:
            admin_api.setup(app, self.service)
        device_api.setup(app, self.service)
        ota_api.setup(app, self.service)
        h5_api.mount(app, self.service, self.settings)
        self._ws = ws = WsApi(self.service, self.bus, self._limits, self.metrics)
        app.add_routes(ws.routes())
        app.add_routes(admin.alive_routes())
        if self.settings.admin_public:
            app.add_routes(admin.operator_routes(self.metrics, self.readiness))

        async def close_sockets(_app: web.Application) -> None:
            await ws.stop()

        app.on_shutdown.append(close_sockets)
        self._wechat = await parts.enter_async_context(
            open_wechat(app, self.service, self._accounts, self._page_base)
        )
        gate.inner(app)
        runner = web.AppRunner(
            app,
            access_log_class=AccessLog,
            shutdown_timeout=FINISH_WITHIN_S,
            keepalive_timeout=self.settings.limits.keep_alive_s,
        )
        parts.push_async_callback(runner.cleanup)
        await runner.setup()
        self._connections = connections = Connections(self.settings, self.metrics)
        self.metrics.gauge("http_connections", "HTTP connections.", lambda: connections.open)
        await GuardedSite(runner, listener, connections, backlog=LISTEN_BACKLOG).start()
        if tls_listener and self._certificate:
            context = self._certificate.context
            await GuardedSite(
                runner, tls_listener, connections, backlog=LISTEN_BACKLOG, ssl_context=context
            ).start()

    def _page_base(self) -> str:
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        host = self.settings.endpoints().host
        if self._certificate:
            return f"https://{host}:{self.settings.tls_port}"
        return f"http://{host}:{self.settings.port}"

    async def _store_answers(self) -> str:
        await self.store.ping()
        return OK

    async def _broker_answers(self) -> str:
        return OK if self.ingest.connected else "away"

    def _show_figures(self) -> None:
        """The figures that are looked up when they are asked for."""
        show = self.metrics.gauge
        show("backlog_messages", "Messages of devices not yet acknowledged.", lambda: self.ingest.unstored)
        show("broker_up", "Whether the session with the broker stands.", lambda: self.ingest.connected)
        show("open_commands", "Commands that wait for an answer.", lambda: self.service.downlink.open_asks)
        show("websockets", "WebSockets that are open.", lambda: self._ws.sockets)
        show("server_push_connections", "Makers' servers connected.", lambda: self.snoti.connections)
        show("store_connections", "Database connections at work.", lambda: self.store.connections_in_use)

    async def _settle(self) -> None:
        """Write down what was counted of makers' messages."""
        await self.store.usage.settle(int(self._clock() // DAY_S))


def _certificate(settings: RelaySettings) -> Certificate | None:
    if settings.tls_cert is None and settings.tls_key is None:
        if not settings.mqtt_plain:
            raise TlsError("without a certificate the MQTT port speaks no TLS: set tls_cert, or mqtt_plain")
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise TlsError("tls_cert and tls_key belong together: set both")
    return Certificate(settings.tls_cert, settings.tls_key)


def _listen(host: str, port: int, what: str = "HTTP") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=LISTEN_BACKLOG)
    except OSError as error:
        raise RelayError(
            f"{what} port {port} of {host} cannot be opened ({error.strerror}): "
            "stop the program that listens there or choose another port"
        ) from error


def _do(parts: AsyncExitStack, chore: Coroutine[Any, Any, None]) -> None:
    parts.push_async_callback(chores.ended, asyncio.create_task(chore))
