"""A relay whose doors are open, on its own broker or on Mosquitto, and modules with the vendor's firmware."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import aiohttp
import pytest
from gagent import GAgent
from live import KIT, House, stock, until_async

from wxlink.child import Child
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings

OLD_MAC = "accf23456789"
OLD_PASSCODE = "GHTKLMWABQ"
Opened: TypeAlias = Callable[[Path], AbstractAsyncContextManager["Ground"]]


class Ground:
    """The relay and its people; `module` makes a module that knows nothing but the plain HTTP port."""

    def __init__(self, relay: Relay, session: aiohttp.ClientSession) -> None:
        self.relay = relay
        self.house = House(relay, session)

    @property
    def door(self) -> int:
        """The port of MQTT 3.1."""
        port = self.relay.settings.door_mqtt_port
        assert port
        return port

    def module(self, mac: str = OLD_MAC, passcode: str = OLD_PASSCODE) -> GAgent:
        http_port = self.relay.settings.door_http_port
        assert http_port
        return GAgent(http_port, KIT, mac, passcode)

    async def registered(self, mac: str = OLD_MAC) -> GAgent:
        """A module that has its did and knows where to connect."""
        module = self.module(mac)
        assert await module.register() == 201
        assert await module.provision() == 200
        return module

    async def online(self, did: str, expected: bool = True) -> None:
        """Wait until the relay says that the device is on-line, or is not."""

        async def is_it() -> bool:
            device = await self.relay.store.devices.get(did)
            return device is not None and device.online is expected

        await until_async(is_it)


@asynccontextmanager
async def _opened(settings: RelaySettings) -> AsyncIterator[Ground]:
    settings = replace(settings, door_mqtt_port=0, door_http_port=0)
    async with Relay(settings) as relay, aiohttp.ClientSession() as session:
        await stock(relay.store)
        await relay.store.doors.open(KIT, 0.0)
        yield Ground(relay, session)


@asynccontextmanager
async def on_own_broker(folder: Path) -> AsyncIterator[Ground]:
    """On the relay's own nats-server."""
    async with _opened(RelaySettings(folder / "relay", port=0, mqtt_port=0)) as ground:
        yield ground


@asynccontextmanager
async def on_operators_broker(folder: Path) -> AsyncIterator[Ground]:
    """On Debian's mosquitto."""
    binary = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("no mosquitto here")
    with socket.create_server(("127.0.0.1", 0)) as picked:
        port = picked.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", "utf-8")
    child = Child("mosquitto", [binary, "-c", config], folder / "mosquitto.log")
    await child.start()
    url = f"mqtt://operator:secret@127.0.0.1:{port}"
    async with _opened(RelaySettings(folder / "relay", port=0, mqtt_port=port, broker_url=url)) as ground:
        yield ground
    await child.stop()
