"""Public client programs from PyPI, unchanged: over TLS they use every call they have."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import heatzypy.websocket
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from demo_process import HEATZY_APPID, DemoProcess
from heatzypy import AuthenticationFailed, HeatzyClient
from heatzypy.auth import Auth
from heatzypy.exception import RetrieveFailed, WebsocketError
from heatzypy.websocket import Websocket
from noted_calls import NotedCalls
from tls_front import TlsFront

Eventually = Callable[..., Awaitable[object]]
PASSWORD = "Secret-123"
POINTS_OF_GOKIT = 15
LINE_WITHIN_S = 20.0


class FrontInstead(AbstractResolver):
    """Sends every host name to the TLS front: what a DNS of the operator's own does."""

    def __init__(self, front: TlsFront) -> None:
        self._front = front

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self._front.port,
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


def led_to(front: TlsFront) -> aiohttp.ClientSession:
    """A session whose names lead to the front and that trusts only it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=FrontInstead(front), ssl=front.client_context())
    )


@pytest.fixture
async def heatzy(demo: DemoProcess, front: TlsFront, owner: str) -> AsyncIterator[HeatzyClient]:
    async with HeatzyClient(owner, PASSWORD, led_to(front)) as client:
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


@pytest.fixture
def calls() -> Iterator[NotedCalls]:
    """What is left of heatzypy's calls."""
    noted = NotedCalls(HeatzyClient, Websocket, Auth)
    yield noted
    noted.stop()


async def test_heatzypy_uses_every_call_it_has(
    demo: DemoProcess,
    front: TlsFront,
    eventually: Eventually,
    calls: NotedCalls,
    *,
    request: pytest.FixtureRequest,
) -> None:
    """Its socket subscribes by itself, unlike those above, and its device is given up and taken again."""
    did, name = demo.facts["did"], request.node.name
    async with aiohttp.ClientSession() as session, HeatzyClient(name, PASSWORD, led_to(front)) as client:
        headers = await demo.user(session, name, PASSWORD)
        socket, seen = client.websocket, list[dict[str, Any]]()
        assert set(await client.async_get_devices()) == {did}
        assert (await client.async_get_device(did))["mac"] == demo.facts["mac"]
        with pytest.raises(RetrieveFailed, match="404"):
            await client.async_get_device_data("x" * len(did))
        await socket.async_connect(auto_subscribe=False, all_devices=True)
        listening = asyncio.create_task(socket.async_listen())
        socket.register_callback(seen.append)
        await socket.async_subscribe([did])
        await eventually(lambda: socket.is_logged and socket.subscribed_devices == [did])
        await socket.async_get_devices()
        await eventually(lambda: socket.is_updated and socket.is_fresh(60.0))
        assert set(seen[-1]) == {did}, "all devices, as it asked for"

        red = (socket.devices[did]["attrs"]["LED_R"] + 5) % 255
        await client.async_control_device(did, {"attrs": {"LED_R": red}})
        await eventually(lambda: seen[-1][did]["attrs"]["LED_R"] == red)
        before = len(seen)
        await socket.async_control_device(did, {"raw": [2]})  # bare P0, as it sends it: a read
        await eventually(lambda: len(seen) > before)
        await socket.async_ping()
        socket.unregister_callback(seen.append)
        assert socket.last_invalid_msg is None

        given_up = {"devices": [{"did": did}]}
        async with session.delete(
            f"{demo.facts['http']}/app/bindings", headers=headers, json=given_up
        ) as done:
            assert (await done.json())["success"] == [did]
        await eventually(lambda: did not in socket.devices)
        await demo.bind(session, headers)
        await socket.async_fetch_binding_devices()
        assert set(socket.devices) == {did}
        await client.async_close()
        with pytest.raises(WebsocketError, match="closed"):
            await listening
    assert calls.unused == set()


async def test_heatzypy_is_refused_with_a_wrong_password(
    demo: DemoProcess, front: TlsFront, owner: str
) -> None:
    async with HeatzyClient(owner, "not-it", led_to(front)) as client:
        with pytest.raises(AuthenticationFailed):
            await client.async_bindings()


@asynccontextmanager
async def pygizwits(demo: DemoProcess, front: TlsFront, user: str, password: str) -> AsyncIterator[Process]:
    """A running program that uses pyGizwits, see pygizwits_program.py."""
    program = Path(__file__).with_name("pygizwits_program.py")
    words = (str(front.port), demo.facts["appid"], user, password)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        program,
        *words,
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "SSL_CERT_FILE": str(front.trusted)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def told(process: Process) -> dict[str, Any]:
    """The next thing that the program saw."""
    assert process.stdout
    line = await asyncio.wait_for(process.stdout.readline(), LINE_WITHIN_S)
    assert line, "the program ended early; its last words are on stderr"
    said: dict[str, Any] = json.loads(line)
    return said


async def test_pygizwits_uses_every_call_it_has(demo: DemoProcess, front: TlsFront, owner: str) -> None:
    did = demo.facts["did"]
    async with pygizwits(demo, front, owner, PASSWORD) as program:
        assert await told(program) == {"event": "token_expired"}
        assert await told(program) == {"event": "bindings_refreshed", "dids": [did]}
        assert await told(program) == {"fetch_device": "GizwitsDeviceNotBound"}  # a slip of its own
        fetched = await told(program)
        assert (fetched["did"], fetched["online"]) == (did, True)
        assert "Temperature" in fetched["attrs"]
        assert await told(program) == {"did": did, "subscribed": f"wss://127.0.0.1:{front.port}/ws/app/v1"}

        blue = (fetched["attrs"]["LED_B"] + 33) % 255
        assert program.stdin
        program.stdin.write(f"{blue}\n".encode())
        seen = await told(program)
        while seen["update"]["LED_B"] != blue:
            seen = await told(program)
        assert seen["did"] == did
        assert f"hw LED_B = {blue}" in demo.mcu_log()

        program.stdin.close()
        while "unused" not in seen:
            seen = await told(program)
        assert seen["unused"] == []
        assert await asyncio.wait_for(program.wait(), LINE_WITHIN_S) == 0


async def test_pygizwits_raises_its_own_error_for_a_wrong_password(
    demo: DemoProcess, front: TlsFront, owner: str
) -> None:
    async with pygizwits(demo, front, owner, "not-it") as program:
        assert await told(program) == {"refused": "GizwitsIncorrectPasswordException"}
