"""What the relay's figures stand on: a relay with its broker, a user, devices, and processes around it."""

import asyncio
import dataclasses
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from wxlink.assets import asset
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings, TrafficLimits
from wxlink.relay.store import App, Product

PEER_TOPIC = "bench"  # the relay's own login may use any topic; devices may not
WITHIN_S = 300.0


@dataclasses.dataclass(frozen=True, slots=True)
class Ground:
    """A running relay and who uses it.

    login: port, user and password for a client of the bare broker, without any of the relay's rules.
    """

    relay: Relay
    login: dict[str, Any]
    appid: str
    uid: str
    token: str
    devices: list[tuple[str, str]]

    def watcher(self) -> dict[str, Any]:
        """What the process that plays an app needs."""
        return {
            "ws": f"ws://127.0.0.1:{self.relay.http_port}/ws/app/v1",
            "appid": self.appid,
            "uid": self.uid,
            "token": self.token,
            "did": self.devices[0][0],
        }


# What is measured is how fast it can, not how fast one peer may.
NO_LIMITS = TrafficLimits(device_per_s=0, command_per_s=0, user_per_s=0, app_per_s=0, address_per_s=0)


@asynccontextmanager
async def ground(devices: int) -> AsyncIterator[Ground]:
    """A relay in a temporary folder with a broker of its own; see `furnished`."""
    with tempfile.TemporaryDirectory() as folder:
        settings = RelaySettings(data_dir=Path(folder), port=0, mqtt_port=0, limits=NO_LIMITS)
        async with Relay(settings) as relay:
            broker = relay.broker
            if broker is None:
                raise RuntimeError("the figures need the relay's own broker")
            own = broker.relay_login
            login = {"port": broker.mqtt_port, "user": own.user, "password": own.password}
            yield await furnished(relay, login, devices)


async def furnished(relay: Relay, login: dict[str, Any], devices: int) -> Ground:
    """The relay with the GoKit product, and one user who has `devices` devices."""
    definition = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    key: str = definition["product_key"]
    appid = secrets.token_hex(16)
    await relay.store.apps.put(App(appid, "bench", secrets.token_hex(16)))
    await relay.store.products.put(Product(key, definition["name"], secrets.token_hex(16), definition))
    user = await relay.service.anonymous_user(appid, "bench")
    made = []
    for number in range(devices):
        passcode = secrets.token_hex(5)
        did = await relay.service.register_device(key, f"0200000000{number:02x}", passcode)
        await relay.service.bind_by_passcode(user.uid, did, passcode)
        made.append((did, passcode))
    return Ground(relay, login, appid, user.uid, user.token, made)


class Helper:
    """A process of `bench.parts`: started with one JSON object, it says `ready`, then its result."""

    def __init__(self, part: str, **given: Any) -> None:
        self._part = part
        self._given = given

    async def __aenter__(self) -> "Helper":
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.parts",
            self._part,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._send(self._given)
        if await self._line() != "ready":
            raise RuntimeError(f"{self._part} did not get ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def go(self, order: Any = "go") -> Any:
        """Let it do its work; what it measured."""
        await self._send(order)
        return json.loads(await self._line())

    async def begin(self) -> None:
        """Let it do work that does not end by itself."""
        await self._send("go")

    async def _send(self, value: Any) -> None:
        if self._process.stdin is None:
            raise RuntimeError("a helper has a standard input")
        self._process.stdin.write(json.dumps(value).encode() + b"\n")
        await self._process.stdin.drain()

    async def _line(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("a helper has a standard output")
        line = await asyncio.wait_for(self._process.stdout.readline(), WITHIN_S)
        if not line:
            raise RuntimeError(f"{self._part} ended early")
        return line.decode().strip()
