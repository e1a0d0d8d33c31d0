"""How many uplinks a second relays decode and commit that share a NATS stream: on one node and on three."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from acceptance.nodes import Nodes
from acceptance.site import RelayProcess, serving

from bench.figure import Figure
from bench.ground import NO_LIMITS, Ground, Helper, furnished
from bench.postgres import Postgres, private_postgres
from bench.uplinks import DEVICES, bare_loop, senders_of
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings

REPORTS = 2_000  # of each device
ROUNDS = 3
STORED_WITHIN_S = 120.0
LOOK_EVERY_S = 0.05
TOTAL = DEVICES * REPORTS
BARE = "bare paho loop with manual acknowledgement on the same broker"
NOTE = f"{DEVICES} devices, QoS 1, one app watching, PostgreSQL, all on one machine; median of {ROUNDS} turns"


def measure() -> list[Figure]:
    """JetStreamIngest beside a bare paho loop on the same nodes, and two relays beside one."""
    with private_postgres() as postgres:
        return asyncio.run(_measure(postgres))


async def _measure(postgres: Postgres) -> list[Figure]:
    figures = []
    for count, name in ((1, "one node"), (3, "three nodes")):
        bare, ours = [], []
        async with _ground(postgres, nodes=count, relays=1) as on:
            for _ in range(ROUNDS):
                bare.append(await bare_loop(on, REPORTS))
                ours.append(await _stored(on))
        alone = median(ours)
        named = f"uplinks decoded and committed through JetStream on {name}"
        figures.append(Figure(named, alone, "messages/s", BARE, median(bare), "more", NOTE))
    async with _ground(postgres, nodes=3, relays=2) as on:
        both = median([await _stored(on) for _ in range(ROUNDS)])
    named = "uplinks decoded and committed by two relays on three nodes"
    figures.append(Figure(named, both, "messages/s", "one relay on three nodes", alone, "more", NOTE))
    return figures


@asynccontextmanager
async def _ground(postgres: Postgres, *, nodes: int, relays: int) -> AsyncIterator[Ground]:
    """The first relay is in this process, the others have one each."""
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        cluster = Nodes(folder / "nodes", nodes)
        parts.callback(cluster.stop)
        await cluster.start()
        url = postgres.fresh()
        settings = RelaySettings(
            data_dir=folder / "relay-1",
            port=0,
            store_url=url,
            nats_urls=cluster.nats_urls,
            nats_mqtt_urls=cluster.mqtt_urls,
            nats_secrets=cluster.secrets_path,
            relay_name="relay-1",
            limits=NO_LIMITS,
        )
        relay = await parts.enter_async_context(Relay(settings))
        own = cluster.secrets.logins["relay"]
        login = {"port": cluster.nodes[0].mqtt_port, "user": own.user, "password": own.password}
        on = await furnished(relay, login, DEVICES)
        for number in range(2, relays + 1):
            other = RelayProcess(
                f"relay-{number}",
                folder,
                store_url=url,
                nats_urls=cluster.nats_urls,
                nats_mqtt_urls=cluster.mqtt_urls,
                nats_secrets=str(cluster.secrets_path),
                relay_name=f"relay-{number}",
            )
            parts.callback(other.stop)
            other.start()
            await serving(other)
        yield on


async def _stored(on: Ground) -> float:
    """Messages a second from the first report until all are in the history."""
    before = await _kept(on)
    async with (
        Helper("drain", **on.watcher()),
        Helper("flood", port=on.login["port"], senders=senders_of(on), count=REPORTS) as devices,
    ):
        began = time.monotonic()
        await devices.go()
        while await _kept(on) < before + TOTAL:
            if time.monotonic() - began > STORED_WITHIN_S:
                raise TimeoutError(f"{await _kept(on) - before} of {TOTAL} reports are stored")
            await asyncio.sleep(LOOK_EVERY_S)
        return TOTAL / (time.monotonic() - began)


async def _kept(on: Ground) -> int:
    return sum([await on.relay.store.states.count(did, 0.0, 1e12) for did, _ in on.devices])
