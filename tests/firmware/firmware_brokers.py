"""Real MQTT brokers, a proxy that cuts, and a paho client that watches."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import paho.mqtt.client as paho

from wxproto import envelope

NATS_SERVER = os.environ.get("WXLINK_NATS_SERVER") or str(Path(sys.executable).parent / "nats-server")
RELAY_USER = "relay"
RELAY_PASSWORD = "relay-password"
WITHIN_S = 30.0  # for a broker to start, to end or to answer
PortFinder = Callable[[], int]


class Broker:
    """A broker process on the loopback address; start() again after stop() keeps the port."""

    name = "broker"

    def __init__(self, folder: Path, port: int, spare_port: int, users: dict[str, str] | None) -> None:
        self.folder = folder
        self.port = port
        self.spare_port = spare_port
        self.users = None if users is None else {RELAY_USER: RELAY_PASSWORD, **users}
        self.process: subprocess.Popen[bytes] | None = None

    def argv(self) -> list[str]:
        """Write the configuration; the command line that uses it."""
        raise NotImplementedError

    async def start(self) -> None:
        with (self.folder / "broker.log").open("ab") as log:
            argv = self.argv()
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)  # noqa: ASYNC220 - it only forks
        deadline = time.monotonic() + WITHIN_S
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            assert time.monotonic() < deadline, (self.folder / "broker.log").read_text()
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(WITHIN_S)
            self.process = None


class Mosquitto(Broker):
    name = "mosquitto"

    def argv(self) -> list[str]:
        lines = [f"listener {self.port} 127.0.0.1", "user root", "persistence false", "set_tcp_nodelay true"]
        if self.users is None:
            lines.append("allow_anonymous true")
        else:
            self.write_passwords()
            lines += ["allow_anonymous false", f"password_file {self.folder / 'passwords'}"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(lines) + "\n")
        return ["/usr/sbin/mosquitto", "-c", str(config)]

    def write_passwords(self) -> None:
        assert self.users is not None
        path = self.folder / "passwords"
        path.write_text("".join(f"{user}:{password}\n" for user, password in self.users.items()))
        subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)

    def admit(self, user: str, password: str) -> None:
        """Let one more user in while running."""
        assert self.users is not None
        assert self.process
        self.users[user] = password
        self.write_passwords()
        self.process.send_signal(signal.SIGHUP)


class Nats(Broker):
    name = "nats-server"

    def argv(self) -> list[str]:
        users = ", ".join(f'{{user: "{u}", password: "{p}"}}' for u, p in (self.users or {}).items())
        config = self.folder / "nats.conf"
        config.write_text(
            f"server_name: bench\nlisten: 127.0.0.1:{self.spare_port}\n"
            f'jetstream {{ store_dir: "{self.folder / "js"}" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}", ack_wait: "1s" }}\n'
            f"authorization {{ users: [ {users} ] }}\n"
        )
        return [NATS_SERVER, "-c", str(config)]


class Watcher:
    """A paho client that subscribes at QoS 1 and collects; `messages` are (topic, payload, dup)."""

    def __init__(self, port: int, topic_filter: str = "dev2app/#") -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self._filter = topic_filter
        self._port = port
        self._subscribed = False
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="watcher", clean_session=True)
        self.client.username_pw_set(RELAY_USER, RELAY_PASSWORD)
        self.client.on_connect = lambda client, *_: client.subscribe(self._filter, 1)
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = lambda *given: self.messages.append(
            (given[2].topic, given[2].payload, given[2].dup)
        )

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    async def __aenter__(self) -> "Watcher":
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        deadline = time.monotonic() + WITHIN_S
        while not self._subscribed:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def texts(self, topic: str) -> list[str]:
        """Payloads seen on `topic`, as text."""
        return [payload.decode() for seen, payload, _ in self.messages if seen == topic]

    def envelopes(self, topic: str) -> list[envelope.Envelope]:
        """Envelopes seen on `topic`."""
        return [envelope.decode(payload) for seen, payload, _ in self.messages if seen == topic]

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1."""
        self.client.publish(topic, payload, 1)


class Proxy:
    """A TCP proxy before a broker that sees each packet and can lose some.

    `seen` counts packets by MQTT type, both ways together; `resent` the client's PUBLISH packets with DUP;
    `unacknowledged` its PUBLISH packets with QoS 1 for which it was not given a PUBACK.
    lose(kind, count): drop that many packets of a type on their way to the client, then cut the connection.
    `mute` swallows everything on its way to the client.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._lose = (0, 0)
        self.lost = 0
        self.mute = False
        self.seen: Counter[int] = Counter()
        self.resent = 0
        self.unacknowledged = 0
        self.port = 0
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()

    def lose(self, kind: int, count: int) -> None:
        self._lose = (kind, count)

    async def __aenter__(self) -> "Proxy":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after stop() on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everything and refuse connections, as a broker that is down."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        ways = [
            asyncio.create_task(self._to_broker(reader, up_writer)),
            asyncio.create_task(self._to_client(up_reader, writer)),
        ]
        try:
            with contextlib.suppress(asyncio.CancelledError):  # stop() cancels us: then both ways end
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.close()
            up_writer.close()
            self._tasks.discard(task)

    async def _to_broker(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for packet in self._packets(reader):
            self.resent += packet[0] & 0xF8 == 0x38
            self.unacknowledged += packet[0] & 0xF6 == 0x32
            writer.write(packet)

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for packet in self._packets(reader):
            kind, count = self._lose
            if count and packet[0] >> 4 == kind:
                self._lose = (kind, count - 1)
                self.lost += 1
                if count == 1:
                    return
            elif not self.mute:
                writer.write(packet)
                self.unacknowledged -= packet[0] == 0x40

    async def _packets(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                packet = await reader.readexactly(2)
                while packet[-1] & 0x80:
                    packet += await reader.readexactly(1)
                size = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(packet[1:]))
                packet += await reader.readexactly(size)
                self.seen[packet[0] >> 4] += 1
                yield packet


@contextlib.asynccontextmanager
async def running(broker: Broker) -> AsyncIterator[Broker]:
    """The broker while the block runs."""
    await broker.start()
    try:
        yield broker
    finally:
        broker.stop()
