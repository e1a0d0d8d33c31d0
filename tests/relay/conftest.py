"""A store in a file, and a service on it whose time the test sets and whose commands are written down."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from postgres_ground import postgres, postgres_url
from relay_ground import APPID, MAC, NOW, PASSCODE, PRODUCT_KEY, Clock, Wire, lamp

from wxlink.relay import http_api
from wxlink.relay.downlink import Asks, Downlink
from wxlink.relay.events import Bus
from wxlink.relay.service import Login, Service
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import App, Command, Origin, Store
from wxproto import envelope

__all__ = ["postgres", "postgres_url"]

DATABASES = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The store's own tests run on every database, all others on SQLite only: they would show the same."""
    own = metafunc.definition.path.name.startswith("test_store_") and "store_url" in metafunc.fixturenames
    chosen = any("store_url" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if own and not chosen:
        metafunc.parametrize("store_url", DATABASES, indirect=True)


@pytest.fixture
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; its kind is the parameter."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/relay.sqlite3"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store that knows one app and one product."""
    opened = await Store.open(store_url)
    await opened.apps.put(App(APPID, "test", "deadbeefdeadbeefdeadbeefdeadbeef"))
    await opened.products.put(lamp())
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def asks() -> Asks:
    """The questions that wait for a device's answer."""
    return Asks()


@pytest.fixture
def service(store: Store, clock: Clock, wire: Wire, asks: Asks, tmp_path: Path) -> Service:
    def sent(did: str, message: envelope.Envelope, origin: Origin) -> None:
        store.commands.note(Command(did, clock(), message.cmd, message.sn, message.p0, origin))

    settings = RelaySettings(data_dir=tmp_path, advertised_host="relay.example.org")
    return Service(store, Bus(), Downlink(wire, store.devices.get, asks, on_sent=sent), settings, clock)


@pytest.fixture
async def did(store: Store) -> str:
    """A registered device."""
    return (await store.devices.register(PRODUCT_KEY, MAC, PASSCODE, NOW)).did


@pytest.fixture
async def uid(service: Service) -> str:
    """A user."""
    return (await service.anonymous_user(APPID, "phone-1")).uid


@pytest.fixture
async def app() -> web.Application:
    """An aiohttp application, for the API that a test sets up in it."""
    return web.Application()


@pytest.fixture
async def client(app: web.Application, service: Service) -> AsyncIterator[TestClient[Any, Any]]:
    """A client of the app HTTP API."""
    http_api.setup(app, service)
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.fixture
async def login(service: Service) -> Login:
    """A user who is logged in."""
    return await service.anonymous_user(APPID, "phone-1")
