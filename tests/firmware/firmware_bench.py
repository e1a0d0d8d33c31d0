"""What the firmware is tested with: MicroPython processes, real brokers, a cutting proxy, an MCU on a pty."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
import tty
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import paho.mqtt.client as paho
from aiohttp import web

from wxproto import commands, envelope
from wxproto.device_info import DeviceInfo
from wxproto.events import Answered, Asked, LinkUp
from wxproto.session import Session

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MICROPYTHON = os.environ.get("WXLINK_MICROPYTHON") or str(BIN / "micropython")
NATS_SERVER = os.environ.get("WXLINK_NATS_SERVER") or str(BIN / "nats-server")
MICROPYPATH = f"{ROOT / 'firmware'}:{ROOT / 'protocol'}:.frozen"
PRODUCT_KEY = "0123456789abcdef0123456789abcdef"
RELAY_USER = "relay"
RELAY_PASSWORD = "relay-password"
END_WITHIN_S = 5.0
HEARTBEAT_S = 0.3


class MicroPython:
    """One MicroPython process; `lines` holds what it has printed so far."""

    def __init__(self, *arguments: str, heap: str = "192K") -> None:
        self._argv = [MICROPYTHON, "-X", f"heapsize={heap}", *arguments]
        self.lines: list[str] = []
        self.process: asyncio.subprocess.Process
        self._pump: asyncio.Task[None]

    async def __aenter__(self) -> "MicroPython":
        self.process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "MICROPYPATH": MICROPYPATH},
        )
        self._pump = asyncio.create_task(self._collect())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._pump
        print("\n".join(self.lines))

    async def _collect(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))

    async def interrupt(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), END_WITHIN_S)

    def order(self, **fields: object) -> None:
        """Send one JSON line."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(fields).encode() + b"\n")

    def told(self, key: str) -> list[dict[str, object]]:
        """The JSON lines so far that have `key`."""
        objects = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [found for found in objects if key in found]

    def said(self, text: str) -> list[str]:
        """The lines so far that contain `text`."""
        return [line for line in self.lines if text in line]


def module_config(folder: Path, **keys: object) -> list[str]:
    """Program and configuration file for MicroPython, with short intervals; `keys` add or replace some."""
    config = folder / "config.json"
    short = {
        "heartbeat_s": HEARTBEAT_S,
        "backoff_s": 0.05,
        "backoff_cap_s": 0.4,
        "refused_s": 0.1,
        "refused_cap_s": 0.4,
    }
    config.write_text(json.dumps({"data": str(folder / "module"), **short, **keys}))
    return [str(ROOT / "firmware" / "main.py"), str(config)]


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
        deadline = time.monotonic() + 10
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
            self.process.wait(END_WITHIN_S)
            self.process = None


class Mosquitto(Broker):
    name = "mosquitto"

    def argv(self) -> list[str]:
        lines = [f"listener {self.port} 127.0.0.1", "user root", "persistence false"]
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
        deadline = time.monotonic() + 10
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

    `seen` counts packets by MQTT type, both ways together; `resent` the client's PUBLISH packets with DUP.
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


class Mcu:
    """The MCU end of a pty: wxproto's MCU session, with a two-byte state of a fixed-length product.

    Control `01 <byte>` sets the state, read `02` gives `03 <state>`; `silent` stops answering and listening.
    """

    def __init__(self) -> None:
        self.product_key = PRODUCT_KEY
        self.bindable_s = 0
        self.state = 7
        self.controls: list[bytes] = []
        self.status_words: list[int] = []
        self.asked: list[int] = []
        self.silent = False
        self.deaf_to: set[int] = set()
        self._master, slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self.tty = os.ttyname(slave)
        self._slave = slave  # held open so that the line survives the module
        self.session = Session(commands.MCU)
        self._timer: asyncio.Task[None]

    async def __aenter__(self) -> "Mcu":
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._timer = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._timer.cancel()
        await asyncio.gather(self._timer, return_exceptions=True)
        self.hang_up()

    def hang_up(self) -> None:
        """Take the line away, as when a USB adapter is pulled out."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = -1

    def report(self) -> None:
        """Send the state, as after a button press."""
        self.session.ask(commands.P0_UP, bytes((4, self.state)), now=self._now())
        self._flush()

    def reboot(self) -> None:
        """Start again as after power-on."""
        self.session = Session(commands.MCU)

    def _now(self) -> int:
        return int(time.monotonic() * 1000)

    def _readable(self) -> None:
        data = os.read(self._master, 4096)
        if self.silent:
            return
        for event in self.session.receive(data, self._now()):
            if isinstance(event, Asked):
                self._take(event)
            else:
                assert isinstance(event, (LinkUp, Answered)), event
        self._flush()

    def _take(self, asked: Asked) -> None:
        self.asked.append(asked.cmd)
        if asked.cmd == commands.GET_DEVICE_INFO:
            info = DeviceInfo(
                product_key=self.product_key,
                hardware_version="00000001",
                software_version="00000002",
                bindable_s=self.bindable_s,
                attributes=bytes(8),
                product_secret="secret-of-the-product-0123456789",
            )
            self.session.answer(asked, info.encode())
        elif asked.cmd == commands.MODULE_STATUS:
            self.status_words.append(int.from_bytes(asked.payload))
        elif asked.wants_answer:
            self.session.answer(asked, bytes((3, self.state)))
        elif asked.cmd == commands.P0_DOWN:
            self.controls.append(asked.payload)
            self.state = asked.payload[-1]

    def _flush(self) -> None:
        data = self.session.data_to_send()
        if data and self._master >= 0 and not (len(data) > 4 and data[4] - 1 in self.deaf_to):
            os.write(self._master, data)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            if not self.silent:
                self.session.poll(self._now())
                self._flush()


class Registrar:
    """The relay's two HTTP calls; `known` maps (product key, mac) to (passcode, did)."""

    def __init__(self, mqtt_port: int) -> None:
        self.mqtt_port = mqtt_port
        self.known: dict[tuple[str, str], tuple[str, str]] = {}
        self.registrations: list[dict[str, str]] = []
        self.issued = 0
        self.refuse: str | None = None
        self.url = ""
        self._runner: web.AppRunner

    async def __aenter__(self) -> "Registrar":
        application = web.Application()
        application.add_routes(
            [
                web.post("/dev/devices", self._register),
                web.get("/dev/devices/{did}", self._locate),
            ]
        )
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _register(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.registrations.append(form)
        if self.refuse:
            return web.Response(status=400, text=self.refuse)
        key = form["product_key"], form["mac"]
        passcode, did = self.known.get(key, ("", ""))
        if passcode != form["passcode"]:
            self.issued += 1
            did = f"did{self.issued:019d}"
            self.known[key] = form["passcode"], did
        return web.Response(status=201, text=f"did={did}")

    async def _locate(self, request: web.Request) -> web.Response:
        if request.match_info["did"] not in [did for _, did in self.known.values()]:
            return web.Response(status=404, text="no such device")
        text = f"host=127.0.0.1&port={self.mqtt_port}&server_ts={int(time.time())}&port_s=8883\r\n"
        return web.Response(text=text)


@contextlib.asynccontextmanager
async def running(broker: Broker) -> AsyncIterator[Broker]:
    """The broker while the block runs."""
    await broker.start()
    try:
        yield broker
    finally:
        broker.stop()


PortFinder = Callable[[], int]
