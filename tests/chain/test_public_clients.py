"""Public client programs from PyPI, unchanged: they log in, list, read, control and receive."""

import asyncio
import importlib
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import heatzypy.websocket
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from demo_process import HEATZY_APPID, DemoProcess
from heatzypy import AuthenticationFailed, HeatzyClient
from heatzypy.exception import WebsocketError
from yarl import URL

Eventually = Callable[..., Awaitable[object]]
PASSWORD = "Secret-123"
POINTS_OF_GOKIT = 15


class RelayInstead(AbstractResolver):
    """Sends every host name to the relay: what changing the host in a client, or in DNS, does."""

    def __init__(self, relay: URL) -> None:
        self._relay = relay

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        assert self._relay.host
        assert self._relay.port
        return [
            ResolveResult(
                hostname=host,
                host=self._relay.host,
                port=self._relay.port,
                family=family or 2,
                proto=0,
                flags=0,
            )
        ]

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
async def owner(demo: DemoProcess, request: pytest.FixtureRequest) -> str:
    """The name of a registered user to whom the device is bound."""
    name = request.node.name.replace("[", "_").rstrip("]")
    async with aiohttp.ClientSession() as session:
        await demo.user(session, name, PASSWORD)
    return name


@pytest.fixture
async def heatzy(demo: DemoProcess, owner: str) -> AsyncIterator[HeatzyClient]:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=RelayInstead(URL(demo.facts["http"])))
    )
    async with HeatzyClient(owner, PASSWORD, session, use_tls=False) as client:
        yield client


async def test_heatzypy_lists_reads_and_controls_over_http(
    demo: DemoProcess, heatzy: HeatzyClient, eventually: Eventually
) -> None:
    assert demo.facts["appid"] == HEATZY_APPID == heatzypy.websocket.APPLICATION_ID
    did = demo.facts["did"]
    devices = await heatzy.async_get_devices()
    assert set(devices) == {did}
    assert devices[did]["is_online"] is True
    assert devices[did]["attrs"]["Humidity"] >= 0

    red = (devices[did]["attrs"]["LED_R"] + 17) % 255
    await heatzy.async_control_device(did, {"attrs": {"LED_R": red}})
    await eventually(lambda: f"hw LED_R = {red}" in demo.mcu_log())

    async def reported() -> bool:
        return bool((await heatzy.async_get_device(did))["attrs"]["LED_R"] == red)

    await eventually(reported)


async def test_heatzypy_receives_over_the_websocket(
    demo: DemoProcess, heatzy: HeatzyClient, eventually: Eventually
) -> None:
    did = demo.facts["did"]
    await heatzy.websocket.async_connect()
    listening = asyncio.create_task(heatzy.websocket.async_listen())
    seen: list[dict[str, Any]] = []
    heatzy.websocket.register_callback(lambda device: seen.append(dict(device["attrs"])))
    await eventually(lambda: heatzy.websocket.is_logged and heatzy.websocket.is_updated)

    green = (heatzy.websocket.devices[did]["attrs"]["LED_G"] + 21) % 255
    await heatzy.websocket.async_control_device(did, {"attrs": {"LED_G": green}})
    await eventually(lambda: any(attrs["LED_G"] == green for attrs in seen))
    assert len(seen[-1]) == POINTS_OF_GOKIT  # never a delta: this client replaces what it had
    assert f"hw LED_G = {green}" in demo.mcu_log()

    await heatzy.websocket.async_disconnect()
    with pytest.raises(WebsocketError, match="closed"):
        await listening


async def test_heatzypy_is_refused_with_a_wrong_password(demo: DemoProcess, owner: str) -> None:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=RelayInstead(URL(demo.facts["http"])))
    )
    async with HeatzyClient(owner, "not-it", session, use_tls=False) as client:
        with pytest.raises(AuthenticationFailed):
            await client.async_bindings()


@pytest.fixture
def pygizwits() -> types.ModuleType:
    """The package; its release lacks one name that it imports from itself, so that name is put first."""
    if "pyGizwits" not in sys.modules:
        package = types.ModuleType("pyGizwits")
        found = importlib.util.find_spec("pyGizwits")
        assert found
        package.__path__ = found.submodule_search_locations  # type: ignore[assignment] # a list of folders, as for any package
        sys.modules["pyGizwits"] = package
        try:
            lacking = importlib.import_module("pyGizwits.pyGizwits")
            lacking.GizwitsDeviceNotBound = importlib.import_module(
                "pyGizwits.Exceptions"
            ).GizwitsDeviceNotBound  # type: ignore[attr-defined] # the name to add
        finally:
            del sys.modules["pyGizwits"]
    return importlib.import_module("pyGizwits")


async def test_pygizwits_logs_in_lists_reads_and_receives(
    demo: DemoProcess, owner: str, pygizwits: Any, eventually: Eventually
) -> None:
    async with aiohttp.ClientSession() as session:
        client = pygizwits.GizwitsClient(session, demo.facts["appid"])
        client.base_url = demo.facts["http"]
        await client.login(owner, PASSWORD)
        await client.refresh_bindings()
        did = demo.facts["did"]
        assert set(client.bindings) == {did}
        reports = await client.fetch_devices()
        assert reports[did].status.online
        assert "Temperature" in reports[did].status.attributes["attr"]

        seen: list[dict[str, Any]] = []
        client.on("device_status_update", lambda report: seen.append(report.status.attributes))
        device = client.bindings[did]
        device._socketType = "socket"  # the package's own choice between ws and wss; the demo has no TLS
        await client.Subscribe_to_device_updates(device)
        _, address = device.get_websocketConnInfo()
        await eventually(lambda: did in client.sockets[address].subscribed_devices)
        blue = (reports[did].status.attributes["attr"]["LED_B"] + 33) % 255
        await client._post(f"/app/control/{did}", {"attrs": {"LED_B": blue}})
        await eventually(lambda: any(attrs["LED_B"] == blue for attrs in seen))
        assert f"hw LED_B = {blue}" in demo.mcu_log()
        await client.sockets[address].close()


async def test_pygizwits_raises_its_own_error_for_a_wrong_password(
    demo: DemoProcess, owner: str, pygizwits: Any
) -> None:
    async with aiohttp.ClientSession() as session:
        client = pygizwits.GizwitsClient(session, demo.facts["appid"])
        client.base_url = demo.facts["http"]
        with pytest.raises(pygizwits.GizwitsIncorrectPasswordException):
            await client.login(owner, "not-it")
