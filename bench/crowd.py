"""Many modules and apps in one process: the firmware's own MQTT session and back-off, and bare WebSockets.

A module behaves as one that is idle: it connects, subscribes, says that it is on-line, and reports when it
is asked. An app logs in and counts the bytes that are pushed. Both come back by themselves.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.uri import parse_uri

from wxproto import envelope
from wxproto.errors import PeerError

sys.path.insert(0, str(Path(__file__).parents[1] / "firmware"))
from module import mqtt
from module.backoff import Backoff, Refusal
from module.mqtt_packet import Publish

HOST: Final = "127.0.0.1"
CONNECT_WITHIN_S: Final = 10.0
WAITS_MS: Final = (4_000, 60_000)  # firmware/module/config.py: backoff_s, backoff_cap_s
REFUSED_WAITS_MS: Final = (10_000, 300_000)  # and refused_s, refused_cap_s
APP_WAITS_MS: Final = (1_000, 15_000)  # apps are in a hurry; public clients wait 5, 10, 15 s
AT_ONCE: Final = 64  # first connections under way together: a crowd gathers, it does not fall in
REPORT: Final = bytes.fromhex("040700223300030127370109")  # a status of the GoKit
SAMPLE_BYTES: Final = 2_000  # of what was pushed last: one message when only one came
FAULTS: Final = (OSError, TimeoutError, PeerError)


class Unit(NamedTuple):
    """A module's identity."""

    did: str
    passcode: str
    product_key: str


class Account(NamedTuple):
    """An app's log-in."""

    appid: str
    uid: str
    token: str


class Member(asyncio.Protocol):
    """One end of a wire that comes back whenever it was lost. up: it is connected and known."""

    def __init__(self, crowd: "Crowd", port: int, waits: Backoff) -> None:
        self.up = False
        self.crowd = crowd
        self.port = port
        self._waits = waits
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._arrived: asyncio.Future[None] = self._loop.create_future()
        self.transport: asyncio.Transport | None = None

    async def live(self) -> None:
        """Connect, again and again, until cancelled."""
        first = True
        while True:
            try:
                async with self.crowd.gathering if first else self.crowd.rush:
                    await self._open()
                    first = False
                await self._stay()
            except FAULTS as error:
                self.crowd.faults[f"{type(error).__name__}: {str(error).partition('/')[0]}"] += 1
                await asyncio.sleep(self._wait_ms(error) / 1000)
            finally:
                if self.transport:
                    self.transport.abort()
                self._lost()

    async def _open(self) -> None:
        self._gone, self._arrived = self._loop.create_future(), self._loop.create_future()
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await self._loop.create_connection(lambda: self, HOST, self.port)
            self._begin()
            await asyncio.wait({self._gone, self._arrived}, return_when=asyncio.FIRST_COMPLETED)
        if self._gone.done():
            self._gone.result()

    async def _stay(self) -> None:
        await self._gone

    def _wait_ms(self, _error: BaseException) -> int:
        return self._waits.next_ms()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionResetError("closed"))

    def _end(self, error: Exception) -> None:
        if not self._gone.done():
            self._gone.set_exception(error)
            self._gone.exception()  # also when nobody waits any more

    def _came_up(self) -> None:
        self.up = True
        self._arrived.set_result(None)
        self._waits.reset()
        self.crowd.connects += 1

    def _begin(self) -> None:
        raise NotImplementedError

    def _lost(self) -> None:
        self.up = False


class Module(Member):
    """An idle module."""

    def __init__(self, crowd: "Crowd", port: int, unit: Unit) -> None:
        super().__init__(crowd, port, Backoff(*WAITS_MS, os.urandom))
        self._refused_waits = Backoff(*REFUSED_WAITS_MS, os.urandom)
        self._unit = unit
        filters = [f"app2dev/{unit.did}/#", f"ser2cli_res/{unit.did}", f"ser2cli_noti/{unit.product_key}"]
        self._session = mqtt.Client(unit.did, unit.did, unit.passcode, [(name, 1) for name in filters])
        self._number = 0

    @property
    def _online(self) -> str:
        return f"dev2app/{self._unit.did}/online"

    def _begin(self) -> None:
        self._number += 1
        self._session.open(_now(), will=(self._online, f"0 {self._number:08x}".encode(), 1))
        self._flush()

    async def _stay(self) -> None:
        """With pings, and no longer than the other end answers."""
        while not self._gone.done():
            due = self._session.next_deadline()
            await asyncio.wait({self._gone}, timeout=max(0, due - _now()) / 1000)
            self._session.poll(_now())
            self._flush()
        self._gone.result()

    def _wait_ms(self, error: BaseException) -> int:
        if isinstance(error, Refusal):
            self.crowd.refused += 1
            return int(self._refused_waits.next_ms())
        return super()._wait_ms(error)

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._session.receive(data, _now()):
                if isinstance(event, mqtt.Ready):
                    self._session.publish(self._online, f"1 {self._number:08x}".encode(), 1, _now())
                    self._came_up()
                elif isinstance(event, Publish):
                    self._session.acknowledge(event, _now())
                    if event.topic.startswith("app2dev/"):
                        frame = envelope.encode(envelope.REPORT, REPORT)
                        self._session.publish(f"dev2app/{self._unit.did}", frame, 1, _now())
            self._flush()
        except PeerError as error:
            self._end(error)

    def _flush(self) -> None:
        if self.transport:
            self.transport.write(self._session.data_to_send())

    def _lost(self) -> None:
        super()._lost()
        self._session.lost()


class App(Member):
    """An app that watches all devices of its user."""

    def __init__(self, crowd: "Crowd", port: int, account: Account) -> None:
        super().__init__(crowd, port, Backoff(*APP_WAITS_MS, os.urandom))
        self._account = account

    def _begin(self) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://{HOST}:{self.port}/ws/app/v1"))
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        if self.up:
            self.crowd.pushed(data)
            if data[0] & 0x0F == Opcode.CLOSE and self.transport:
                self.transport.close()
            return
        self._protocol.receive_data(data)
        if self._protocol.handshake_exc:
            self._end(ConnectionRefusedError(str(self._protocol.handshake_exc)))
            return
        for event in self._protocol.events_received():
            if getattr(event, "opcode", None) != Opcode.TEXT:
                login = {**self._account._asdict(), "p0_type": "attrs_v4", "heartbeat_interval": 180}
                self._protocol.send_text(json.dumps({"cmd": "login_req", "data": login}).encode())
                self._flush()
                continue
            said = json.loads(event.data)
            if said == {"cmd": "login_res", "data": {"success": True}}:
                self._came_up()
            elif said["cmd"] == "login_res":
                self._end(ConnectionRefusedError(f"log-in refused: {said['data']}"))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self.transport and data:
                self.transport.write(data)


class Crowd:
    """All of them. connects, refused and faults count from the beginning; bytes what apps were pushed."""

    def __init__(self) -> None:
        self.connects = 0
        self.refused = 0
        self.faults: Counter[str] = Counter()
        self.bytes = 0
        self.pushed_at = 0.0
        self.sample = b""
        self.gathering = asyncio.Semaphore(AT_ONCE)
        self.rush = asyncio.Semaphore(1_000_000)  # nobody holds a crowd back that lost its relay
        self._members: list[Member] = []
        self._lives: list[asyncio.Task[None]] = []

    @property
    def up(self) -> int:
        """How many are connected."""
        return sum(member.up for member in self._members)

    def come(self, port: int, units: Sequence[Unit] = (), *, apps: Sequence[Account] = ()) -> None:
        """Let modules, or apps, connect to this port."""
        kinds: list[Callable[[], Member]] = [lambda unit=unit: Module(self, port, unit) for unit in units]
        kinds += [lambda account=account: App(self, port, account) for account in apps]
        for make in kinds:
            member = make()
            self._members.append(member)
            self._lives.append(asyncio.create_task(member.live()))

    async def leave(self) -> None:
        """All go, without a word."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)

    def pushed(self, data: bytes) -> None:
        """Count what an app got."""
        self.bytes += len(data)
        self.pushed_at = time.monotonic()
        self.sample = data

    def state(self) -> dict[str, Any]:
        """Everything, JSON-safe."""
        return {
            "up": self.up,
            "connects": self.connects,
            "refused": self.refused,
            "faults": dict(self.faults),
            "bytes": self.bytes,
            "pushed_at": self.pushed_at,
            "sample": self.sample[:SAMPLE_BYTES].decode("latin-1"),
        }


async def crowd(given: dict[str, Any]) -> None:
    """A process of `bench.parts`; each line lets more come, or asks only, and is answered by its state."""
    people = Crowd()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if isinstance(order, dict):
            people.come(
                order["port"],
                [Unit(*unit) for unit in order.get("units", ())],
                apps=[Account(*account) for account in order.get("apps", ())],
            )
        print(json.dumps(people.state()), flush=True)
    await people.leave()


def _now() -> int:
    return int(time.monotonic() * 1000)
