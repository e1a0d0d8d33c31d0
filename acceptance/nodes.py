"""nats-server nodes on loopback, configured by the files of `deploy/`; they end with this process."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

from wxlink.child import die_with_parent
from wxlink.relay.broker import find_binary
from wxlink.relay.cluster import ClusterSecrets
from wxlink.relay.nats_link import NatsLink

DEPLOY: Final = Path(__file__).parent.parent / "deploy"
READY_WITHIN_S: Final = 60.0
STREAM: Final = "$MQTT_msgs"

# What a node that is alone must not have: nats-server refuses words that nothing uses.
_CLUSTER: Final = re.compile(r"^cluster \{.*?^\}\n", re.MULTILINE | re.DOTALL)
_ROUTES: Final = re.compile(r"^route.*\n", re.MULTILINE)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with contextlib.ExitStack() as held:
        picked = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in picked]


class Node:
    """One nats-server."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name = f"nats-{number}"
        self.nats_port, self.route_port, self.mqtt_port = free_ports(3)
        self._folder = folder / self.name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def write(self, secrets: str, *, alone: bool) -> None:
        """Lay out its folder as deploy/README says; alone: without what is about other nodes."""
        self._folder.mkdir(parents=True)
        shared = (DEPLOY / "nats" / "wxlink.conf").read_text("utf-8")
        own = f'name: {self.name}\nclients: "127.0.0.1:{self.nats_port}"\n'
        own += f'devices: "127.0.0.1:{self.mqtt_port}"\nstore: {json.dumps(str(self._folder / "store"))}\n'
        if alone:
            shared = _CLUSTER.sub("", shared).replace("stream_replicas: 3", "stream_replicas: 1")
            secrets = _ROUTES.sub("", secrets)
        else:
            own += f'nodes: "127.0.0.1:{self.route_port}"\n'
        (self._folder / "wxlink.conf").write_text(shared, "utf-8")
        (self._folder / "node.conf").write_text(own, "utf-8")
        path = self._folder / "secrets.conf"
        path.touch(0o600)
        path.write_text(secrets, "utf-8")

    def start(self) -> None:
        """Start it."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_binary(), "--config", self._folder / "wxlink.conf"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  one call of libc, which takes no lock
            )

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it."""
        if self._process and self.runs:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Nodes:
    """Nodes that are one cluster. secrets: theirs, in `secrets_path` for relays."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.secrets = ClusterSecrets.draw()
        self.secrets_path = folder / "relay-secrets.json"
        os.close(os.open(self.secrets_path, os.O_CREAT | os.O_WRONLY, 0o600))
        self.secrets_path.write_text(self.secrets.to_json(), "utf-8")
        self.nodes = [Node(number, folder) for number in range(1, count + 1)]
        written = self.secrets.to_nats([f"127.0.0.1:{node.route_port}" for node in self.nodes])
        for node in self.nodes:
            node.write(written, alone=count == 1)

    @property
    def nats_urls(self) -> tuple[str, ...]:
        """Where relays connect."""
        return tuple(f"nats://127.0.0.1:{node.nats_port}" for node in self.nodes)

    @property
    def mqtt_urls(self) -> tuple[str, ...]:
        """Where devices connect."""
        return tuple(f"mqtt://127.0.0.1:{node.mqtt_port}" for node in self.nodes)

    async def start(self) -> None:
        """Start all and wait until JetStream has a leader."""
        for node in self.nodes:
            node.start()
        await self._ready()

    def stop(self) -> None:
        """End all."""
        for node in self.nodes:
            node.stop()

    async def leader(self) -> Node:
        """The node that leads the stream of messages now."""
        link = self._link()
        await link.start(READY_WITHIN_S)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while True:
                    with contextlib.suppress(Exception):
                        info = await link.client.jsm().stream_info(STREAM)
                        if info.cluster and info.cluster.leader:
                            return next(one for one in self.nodes if one.name == info.cluster.leader)
                    await asyncio.sleep(0.1)
        finally:
            await link.stop()

    async def caught_up(self) -> None:
        """Wait until every replica of the stream of messages is current."""
        link = self._link()
        await link.start(READY_WITHIN_S)
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while True:
                    with contextlib.suppress(Exception):
                        info = await link.client.jsm().stream_info(STREAM)
                        replicas = (info.cluster and info.cluster.replicas) or []
                        if len(replicas) == 2 and all(one.current and not one.offline for one in replicas):
                            return
                    await asyncio.sleep(0.1)
        finally:
            await link.stop()

    def _link(self) -> NatsLink:
        return NatsLink(self.nats_urls, self.secrets.logins["relay"], "acceptance")

    async def _ready(self) -> None:
        link = self._link()
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                await link.start(5)
                await link.client.jsm().account_info()
                break
            except Exception as error:  # nodes without a leader refuse in many ways; the last one is told
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the nodes did not get ready: {error}") from error
                await link.stop()
                link = self._link()
                await asyncio.sleep(0.1)
        await link.stop()
