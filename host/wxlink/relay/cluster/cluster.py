"""One relay's part in a cluster: its connections to the nodes, and what it does for the other relays."""

import logging
import re
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from typing import Final

from wxlink.relay.auth_callout import AuthCallout
from wxlink.relay.broker import Login
from wxlink.relay.cluster.census import Census
from wxlink.relay.cluster.secrets import ClusterSecrets, SecretsError
from wxlink.relay.cluster.shared_asks import SharedAsks
from wxlink.relay.cluster.shared_bus import SharedBus
from wxlink.relay.cluster.wire import Wire, Words
from wxlink.relay.downlink import Downlink
from wxlink.relay.ingest import Endpoint, Intake, JetStreamIngest
from wxlink.relay.metrics import Metrics
from wxlink.relay.nats_link import NatsLink
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Store
from wxproto.product import Product

CONNECT_WITHIN_S: Final = 30.0  # a cluster that starts with us elects its leaders first
COUNTS_WITHIN_S: Final = 0.2  # for the other relays' counts of clients
MQTT_PORT: Final = 1883

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,32}")

log = logging.getLogger(__name__)


class Cluster:
    """A relay's part in the cluster that its settings name.

    Raises SecretsError or ValueError when they name none. `bus` and `asks` take the place of those of a relay
    that is alone.
    """

    def __init__(self, settings: RelaySettings, store: Store, clock: Callable[[], float]) -> None:
        if settings.nats_secrets is None:
            raise SecretsError("nats_urls needs nats_secrets: the relay's file from `wxlink cluster init`")
        secrets = ClusterSecrets.read(settings.nats_secrets)
        self.name = _name(settings.relay_name)
        self.nats_urls = list(settings.nats_urls)
        self.issuer = secrets.issuer
        self.callout_login = secrets.logins["auth"]
        self.endpoints = _endpoints(settings, secrets.logins["relay"])
        """The MQTT listeners of the nodes."""
        self._store = store
        self._clock = clock
        self._link = NatsLink(self.nats_urls, secrets.logins["relay"], f"relay {self.name}")
        self._system = NatsLink(self.nats_urls, secrets.logins["system"], f"relay {self.name}, system")
        self._wire = Wire(self._link)
        self.bus = SharedBus(self._wire, self._product)
        self.asks = SharedAsks(self._wire)
        self._parts = AsyncExitStack()

    async def start(self) -> None:
        """Connect to the nodes. Raises ConnectionError."""
        for link in (self._link, self._system):
            self._parts.push_async_callback(link.stop)
            await link.start(CONNECT_WITHIN_S)
        self._parts.push_async_callback(self._wire.stop)
        self._wire.start()

    async def stop(self) -> None:
        """Leave the cluster. Safe to call twice."""
        await self._parts.aclose()

    def ingest(
        self,
        on_online: Callable[[str], None],
        on_count_request: Callable[[str], None],
        intake: Intake | None = None,
    ) -> JetStreamIngest:
        """This relay's share of what devices send."""
        return JetStreamIngest(
            self._link,
            self.endpoints,
            self._store,
            self.bus,
            self.asks,
            name=self.name,
            on_online=on_online,
            on_count_request=on_count_request,
            clock=self._clock,
            intake=intake,
        )

    async def serve(
        self, ingest: JetStreamIngest, downlink: Downlink, metrics: Metrics | None = None
    ) -> None:
        """Begin to answer: logins of devices, and the other relays. Raises OSError or nats.errors.Error."""
        self.asks.start(downlink.acknowledge_heard)
        self._wire.answer("watchers", self._own_watchers)
        callout = AuthCallout(self, self._store.devices.get, metrics, on_login=self._store.connections.seen)
        self._parts.push_async_callback(callout.stop)
        await callout.start()
        census = Census(self._system, self._store, ingest.presence, holder=self.name, clock=self._clock)
        self._parts.push_async_callback(census.stop)
        census.start()

    async def watchers(self, dids: Collection[str]) -> Mapping[str, int]:
        """How many clients of all relays watch each device."""
        counts = {did: self.bus.watchers(did) for did in dids}
        for answer in await self._wire.ask("watchers", {"dids": list(dids)}, COUNTS_WITHIN_S):
            for did, count in answer.items():
                counts[did] = counts.get(did, 0) + int(count)
        return counts

    def _own_watchers(self, words: Words) -> Words:
        counts = {did: self.bus.watchers(did) for did in words["dids"]}
        return {did: count for did, count in counts.items() if count}

    async def _product(self, key: str) -> Product | None:
        product = await self._store.products.get(key)
        return product.points if product else None


def _name(given: str | None) -> str:
    name = given or re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:32]
    if not _NAME.fullmatch(name):
        raise SecretsError("relay_name has 1 to 32 letters, digits and -, and no other relay has the same")
    return name


def _endpoints(settings: RelaySettings, login: Login) -> list[Endpoint]:
    found = [Endpoint.from_url(url, {}) for url in settings.nats_mqtt_urls]
    if not found:
        raise SecretsError("nats_urls needs nats_mqtt_urls too: mqtt://host:1883 of each node")
    return [Endpoint(one.host, one.port, login.user, login.password, one.tls) for one in found]
