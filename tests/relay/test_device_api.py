"""The HTTP API of modules, read the way module firmware reads it: bytes of the socket, searched for names."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from relay_ground import MAC, NOW, PASSCODE, PRODUCT_KEY, Clock

from wxlink.relay import device_api
from wxlink.relay.service import Service

FORM = f"passcode={PASSCODE}&mac={MAC}&product_key={PRODUCT_KEY}"


@pytest.fixture
async def server(service: Service) -> AsyncIterator[TestServer]:
    app = web.Application()
    device_api.setup(app, service)
    await service.store.doors.open(PRODUCT_KEY, NOW)
    async with TestServer(app) as running:
        yield running


async def ask(server: TestServer, method: str, path: str, body: str | bytes = "") -> bytes:
    """One request on a connection of its own, as GAgent writes it; the answer until the relay closes."""
    data = body.encode() if isinstance(body, str) else body
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost:api.gizwits.com\r\nContent-Length:{len(data)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode()
        + data
    )
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return answer


async def register(server: TestServer, form: str = FORM) -> str:
    answer = await ask(server, "POST", "/dev/devices", form)
    assert answer.startswith(b"HTTP/1.1 201 ")
    return answer[answer.index(b"did=") + 4 :].decode()


async def test_a_module_registers(server: TestServer) -> None:
    answer = await ask(server, "POST", "/dev/devices", FORM)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nContent-Length: 26\r\n" in head
    assert re.fullmatch(rb"did=[A-Za-z0-9]{22}", body)
    assert await ask(server, "POST", "/dev/devices", FORM) != b""
    assert await register(server) == body[4:].decode()


async def test_the_app_that_set_a_module_up_finds_it_by_its_random_codes(
    server: TestServer, service: Service
) -> None:
    codes = ["1" * 32, "2" * 32]
    did = await register(server, f"{FORM}&random_code={','.join(codes)}")
    for code in codes:
        assert [device.did for device in await service.registered_lately([code])] == [did]


async def test_a_module_that_was_reset_gets_another_did(server: TestServer) -> None:
    first = await register(server)
    assert await register(server, FORM.replace(PASSCODE, "ANOTHER")) != first
    assert (await ask(server, "GET", f"/dev/devices/{first}")).startswith(b"HTTP/1.1 404 ")


async def test_a_module_asks_where_to_connect(server: TestServer) -> None:
    did = await register(server)
    head, _, body = (await ask(server, "GET", f"/dev/devices/{did}")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head
    assert body == b"host=relay.example.org&port=1883&server_ts=%d&port_s=0\r\n" % NOW


async def test_a_module_gives_its_did_up(server: TestServer) -> None:
    did = await register(server)
    refused = await ask(server, "DELETE", "/dev/devices", f"did={did}&passcode=WRONG")
    assert refused.startswith(b"HTTP/1.1 400 ")
    assert (await ask(server, "DELETE", "/dev/devices", f"did={did}&passcode={PASSCODE}")).startswith(
        b"HTTP/1.1 200 "
    )
    assert (await ask(server, "GET", f"/dev/devices/{did}")).startswith(b"HTTP/1.1 404 ")
    assert await register(server) != did


async def test_a_disabled_device_is_not_told_where_to_connect(server: TestServer, service: Service) -> None:
    did = await register(server)
    await service.store.devices.set_disabled(did, True)
    answer = await ask(server, "GET", f"/dev/devices/{did}")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"host=" not in answer


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/dev/devices", FORM.replace(PRODUCT_KEY, "f" * 32), 400),
        ("POST", "/dev/devices", f"mac={MAC}&product_key={PRODUCT_KEY}", 400),
        ("POST", "/dev/devices", FORM.replace(PASSCODE, "X" * 17), 400),
        ("POST", "/dev/devices", FORM.replace(MAC, "x" * 65), 400),
        ("POST", "/dev/devices", FORM.replace(MAC, "%0d%0adid="), 400),
        ("POST", "/dev/devices", b"\xff\xfe", 400),
        ("POST", "/dev/devices", "&".join(f"a{i}=1" for i in range(11)), 400),
        ("POST", "/dev/devices", "", 400),
        ("POST", "/dev/devices", "x" * 1025, 413),
        ("DELETE", "/dev/devices", "did=nobody&passcode=X", 400),
        ("GET", "/dev/devices/nobody", "", 404),
        ("GET", "/dev/nothing", "", 404),
        ("PUT", "/dev/devices", "", 405),
    ],
)
async def test_a_refusal_is_text_that_no_module_takes_for_an_answer(
    server: TestServer, method: str, path: str, body: str | bytes, status: int
) -> None:
    answer = await ask(server, method, path, body)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert text.startswith(b"error=")
    for name in (b"did=", b"host=", b"port=", b"server_ts="):
        assert name not in answer


async def test_registrations_of_one_address_are_limited(server: TestServer, clock: Clock) -> None:
    statuses = [
        (await ask(server, "POST", "/dev/devices", FORM.replace(MAC, f"mac{i}")))[9:12]
        for i in range(device_api.REGISTRATIONS + 1)
    ]
    assert statuses == [b"201"] * device_api.REGISTRATIONS + [b"429"]
    clock.now += device_api.REGISTRATIONS_WINDOW_S
    assert await register(server)
