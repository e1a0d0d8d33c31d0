"""What is put under load: a cluster of three nodes and two relays, or one relay with its own broker."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.postgres import Postgres, private_postgres

from acceptance.nodes import Nodes, free_ports
from wxlink.child import die_with_parent

READY_WITHIN_S: Final = 90.0
DOWN_S: Final = 4.0  # how long what was killed stays away, before it is started again
# Commits reach the system at once, so that they survive a kill; the disk itself is of no interest here.
POSTGRES: Final = {"fsync": "off", "full_page_writes": "off"}


class RelayProcess:
    """One relay."""

    def __init__(self, name: str, folder: Path, **settings: Any) -> None:
        self.name = name
        (self.port,) = free_ports(1)
        self._log = folder / f"{name}.log"
        self._settings = {"data_dir": str(folder / name), "port": self.port, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where apps connect."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acceptance.relay_process", json.dumps(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parent.parent,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  one call of libc, which takes no lock
            )

    def check(self) -> None:
        """Raises RuntimeError with its last words when it has ended by itself."""
        if self._process and self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended: {self._log.read_text('utf-8')[-2000:]}")

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


Act = Callable[[], Awaitable[str]]


@dataclass
class Site:
    """What clients and devices see, and what can be done to it. An act tells what it hit."""

    store_url: str
    relays: list[RelayProcess]
    mqtt_ports: list[int]
    acts: dict[str, Act] = field(default_factory=dict)


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[Site]:
    """Three nodes, two relays, PostgreSQL."""
    with private_postgres(POSTGRES) as postgres:
        nodes = Nodes(folder / "nodes")
        relays: list[RelayProcess] = []
        try:
            await nodes.start()
            url = postgres.fresh()
            relays += [
                RelayProcess(
                    name,
                    folder,
                    store_url=url,
                    nats_urls=nodes.nats_urls,
                    nats_mqtt_urls=nodes.mqtt_urls,
                    nats_secrets=str(nodes.secrets_path),
                    relay_name=name,
                )
                for name in ("relay-a", "relay-b")
            ]
            await _start(relays)
            site = Site(url, relays, [node.mqtt_port for node in nodes.nodes])
            site.acts = {
                "kill a node": lambda: _kill_node(nodes, leading=False),
                "kill the stream's leader": lambda: _kill_node(nodes, leading=True),
                "kill a relay": lambda: _kill_relay(relays[0]),
                "restart PostgreSQL": lambda: _restart(postgres, signal.SIGINT),
            }
            yield site
        finally:
            for relay in relays:
                await asyncio.to_thread(relay.stop)
            await asyncio.to_thread(nodes.stop)


@asynccontextmanager
async def single(folder: Path) -> AsyncIterator[Site]:
    """One relay that starts its own broker, and PostgreSQL."""
    with private_postgres(POSTGRES) as postgres:
        (mqtt_port,) = free_ports(1)
        url = postgres.fresh()
        relay = RelayProcess("relay", folder, store_url=url, mqtt_port=mqtt_port)
        try:
            await _start([relay])
            site = Site(url, [relay], [mqtt_port])
            site.acts = {
                "kill the relay": lambda: _kill_relay(relay),
                "kill the broker": lambda: _kill_broker(relay),
                "kill PostgreSQL": lambda: _restart(postgres, signal.SIGKILL),
            }
            yield site
        finally:
            await asyncio.to_thread(relay.stop)


async def _start(relays: list[RelayProcess]) -> None:
    for relay in relays:
        relay.start()
    for relay in relays:
        await serving(relay)


async def serving(relay: RelayProcess) -> None:
    """Wait until it answers."""
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            relay.check()
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
                writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                answer = await reader.read(20)
                writer.close()
                if b" 200 " in answer:
                    return
            await asyncio.sleep(0.1)


async def _kill_node(nodes: Nodes, *, leading: bool) -> str:
    await nodes.caught_up()
    leader = await nodes.leader()
    node = leader if leading else next(one for one in nodes.nodes if one is not leader)
    node.kill()
    await asyncio.sleep(DOWN_S)
    node.start()
    await nodes.caught_up()
    return node.name


async def _kill_relay(relay: RelayProcess) -> str:
    relay.kill()
    await asyncio.sleep(DOWN_S)
    relay.start()
    await serving(relay)
    return relay.name


async def _kill_broker(relay: RelayProcess) -> str:
    broker = await asyncio.to_thread(_broker_of, relay.pid)
    os.kill(broker, signal.SIGKILL)
    await asyncio.sleep(DOWN_S)
    await serving(relay)
    return f"nats-server {broker}"


def _broker_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    names = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return int(next(child for child, name in names.items() if b"nats-server" in name))


async def _restart(postgres: Postgres, how: signal.Signals) -> str:
    end = postgres.kill if how is signal.SIGKILL else postgres.stop
    await asyncio.to_thread(end)
    await asyncio.sleep(DOWN_S)
    await asyncio.to_thread(postgres.start)
    return how.name
