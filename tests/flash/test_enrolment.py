"""Registering at the relay: the real one gives a did, and whatever else answers is told apart."""

import asyncio
import contextlib
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wxlink.assets import asset
from wxlink.flash.enrolment import register
from wxlink.flash.identity import Identity
from wxlink.flash.problem import FlashError
from wxlink.product import read
from wxlink.relay import device_api
from wxlink.relay.downlink import Asks, Downlink
from wxlink.relay.events import Bus
from wxlink.relay.service import Service
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Product, Store

LAMP = read(asset("protocol/products") / "lamp.toml")


@pytest.fixture
def unit() -> Identity:
    return Identity.draw("246f28aabbcc", LAMP.spec.key)


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[TestServer]:
    """The relay's own answers to modules, with the lamp in its store."""
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/relay.sqlite3")
    await store.products.put(Product(LAMP.spec.key, "lamp", "0" * 32, LAMP.definition))
    settings = RelaySettings(data_dir=tmp_path, advertised_host="relay.example.org")
    service = Service(store, Bus(), Downlink(_Wire(), store.devices.get, Asks()), settings, lambda: 1.7e9)
    app = web.Application()
    device_api.setup(app, service)
    async with TestServer(app) as running:
        yield running
    await store.close()


class _Wire:
    def publish(self, topic: str, payload: bytes) -> None:
        raise AssertionError(f"nothing is sent while registering: {topic}, {payload!r}")


@contextlib.contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """Something that answers every POST like this; gives its address."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def refusal(address: str, unit: Identity, authority: Path | None = None) -> str:
    with pytest.raises(FlashError) as caught:
        register(address, unit, authority)
    text = str(caught.value)
    assert "\n" not in text
    assert unit.passcode not in text
    assert unit.update_key.hex() not in text
    return text


async def test_the_relay_gives_a_did(relay: TestServer, unit: Identity) -> None:
    address = str(relay.make_url("/"))
    did = await asyncio.to_thread(register, address, unit)
    assert len(did) == 22
    assert await asyncio.to_thread(register, address.rstrip("/"), unit) == did


async def test_a_product_that_the_relay_does_not_know(relay: TestServer) -> None:
    stranger = Identity.draw("246f28aabbcc", "1" * 32)
    text = await asyncio.to_thread(refusal, str(relay.make_url("/")), stranger)
    assert "HTTP 4" in text
    assert "246f28aabbcc" in text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a router's own page</html>"),
        (201, b""),
        (201, b"did="),
        (201, b"did=tooshort"),
        (201, b"did=" + b"d" * 23),
        (200, b"did=" + b"d" * 22),
        (201, b"\xff" * 5000),
        (500, b"\x1b[2J\nno"),
    ],
)
def test_what_is_no_relay(unit: Identity, status: int, body: bytes) -> None:
    with answering(status, body) as address:
        assert "\x1b" not in refusal(address, unit)


def test_secrets_are_not_carried_elsewhere(unit: Identity) -> None:
    with answering(201, b"did=" + b"d" * 22) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            with answering(status, b"", Location=f"{elsewhere}/dev/devices") as address:
                assert f"HTTP {status}" in refusal(address, unit)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "ftp://127.0.0.1", "", "relay", "http://", "http://[::1"]
)
def test_no_relay_there(unit: Identity, address: str) -> None:
    refusal(address, unit)


def test_an_authority_that_is_no_certificate(unit: Identity, tmp_path: Path) -> None:
    refusal("https://127.0.0.1:1", unit, tmp_path / "missing.pem")
    (tmp_path / "text.pem").write_text("no certificate")
    refusal("https://127.0.0.1:1", unit, tmp_path / "text.pem")
