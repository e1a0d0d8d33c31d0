"""A broker, a store and an ingest between them, for tests of the ingest."""

import itertools
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from live import KIT, Device, until_async
from relay_ground import MAC, PASSCODE

from wxlink.child import Child
from wxlink.relay.auth_callout import AuthCallout
from wxlink.relay.broker import Broker
from wxlink.relay.downlink import Asks
from wxlink.relay.events import Bus, DeviceEvent, OnlineChanged, Reported
from wxlink.relay.ingest import Answers, Endpoint, Ingest, JetStreamIngest, MqttIngest
from wxlink.relay.nats_link import NatsLink
from wxlink.relay.store import Store


@dataclass
class Ground:
    """A store, a broker, an ingest between them, one device, and what the bus told about it."""

    folder: Path
    store: Store
    broker: Broker | None
    endpoint: Endpoint
    ingest: Ingest
    bus: Bus
    did: str
    make: Callable[[Bus, Answers], Ingest]
    events: list[DeviceEvent] = field(default_factory=list)

    def device(self, *, steady: bool = True) -> Device:
        return Device(self.did, steady=steady)

    @asynccontextmanager
    async def another(self, answers: Answers | None = None) -> AsyncIterator[Ingest]:
        """Another ingest of the same kind on the same bus, started."""
        again = self.make(self.bus, answers or Asks())
        again.start()
        yield again
        await again.stop()

    async def contents(self, did: str | None = None) -> list[bytes]:
        """The P0 of every stored report, in order."""
        kept = await self.store.states.reports(did or self.did, 0.0, 1e12, 10_000)
        return [report.p0 for report in reversed(kept)]

    async def stored(self, count: int) -> None:
        """Wait until that many reports are stored."""

        async def enough() -> bool:
            return len(await self.contents()) >= count

        await until_async(enough)

    def presence(self) -> list[OnlineChanged]:
        return [event for event in self.events if isinstance(event, OnlineChanged)]

    def reports(self) -> list[Reported]:
        return [event for event in self.events if isinstance(event, Reported)]


@asynccontextmanager
async def standing(
    folder: Path,
    store: Store,
    endpoint: Endpoint,
    broker: Broker | None,
    make: Callable[[Bus, Answers], Ingest] | None = None,
) -> AsyncIterator[Ground]:
    """An ingest on this broker, and one registered device."""
    bus = Bus()
    did = (await store.devices.register(KIT, MAC, PASSCODE, 0.0)).did
    connected = broker.connected_clients if broker else None

    def mqtt(bus: Bus, answers: Answers) -> Ingest:
        return MqttIngest(endpoint, store, bus, answers, connected_clients=connected, compare_after_s=0.2)

    make = make or mqtt
    ingest = make(bus, Asks())
    ground = Ground(folder, store, broker, endpoint, ingest, bus, did, make)
    bus.watch(did, ground.events.append)
    ingest.start()
    await ingest.wait_up(10)
    yield ground
    await ingest.stop()


@asynccontextmanager
async def bundled(folder: Path, store: Store) -> AsyncIterator[tuple[Broker, Endpoint]]:
    """The relay's own broker, which lets registered devices in."""
    broker = Broker(folder)
    await broker.start()
    callout = AuthCallout(broker, store.devices.get)
    await callout.start()
    login = broker.relay_login
    yield broker, Endpoint("127.0.0.1", broker.mqtt_port, login.user, login.password)
    await callout.stop()
    await broker.stop()


@asynccontextmanager
async def on_bundled(folder: Path, store: Store) -> AsyncIterator[Ground]:
    """On the relay's own broker."""
    async with (
        bundled(folder, store) as (broker, endpoint),
        standing(folder, store, endpoint, broker) as ground,
    ):
        yield ground


@asynccontextmanager
async def on_jetstream(folder: Path, store: Store) -> AsyncIterator[Ground]:
    """On the stream of one NATS node, as one of several relays."""
    async with bundled(folder, store) as (broker, endpoint):
        link = NatsLink([broker.nats_url], broker.relay_login, "relay")
        await link.start(10)
        names = itertools.count()

        def make(bus: Bus, answers: Answers) -> Ingest:
            return JetStreamIngest(link, [endpoint], store, bus, answers, name=str(next(names)))

        async with standing(folder, store, endpoint, broker, make) as ground:
            yield ground
        await link.stop()


@asynccontextmanager
async def on_mosquitto(folder: Path, store: Store) -> AsyncIterator[Ground]:
    """On Debian's mosquitto, as an operator's own broker."""
    binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("no mosquitto here")
    with socket.create_server(("127.0.0.1", 0)) as picked:
        port = picked.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", "utf-8")
    child = Child("mosquitto", [binary, "-c", config], folder / "mosquitto.log")
    await child.start()
    endpoint = Endpoint.from_url(f"mqtt://operator:secret@127.0.0.1:{port}")
    async with standing(folder, store, endpoint, None) as ground:
        yield ground
    await child.stop()
