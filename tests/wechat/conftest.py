"""The vectors, a settable clock, and an account with a sandbox."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from wxlink.relay.downlink import Asks, Downlink
from wxlink.relay.events import Bus
from wxlink.relay.service import Service
from wxlink.relay.settings import RelaySettings
from wxlink.relay.store import Store
from wxlink.wechat.account import Account
from wxlink.wechat.sandbox import Sandbox, made_up_account


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """WeChat's own worked examples, values of public SDKs' tests, and some of ours."""
    return json.loads(Path(__file__).with_name("wechat-vectors.json").read_text("utf-8"))


class SettableClock:
    """Unix seconds that move only when a test says so."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(1_795_000_000.0)


@pytest.fixture
def account() -> Account:
    return made_up_account()


@pytest.fixture
async def sandbox(account, clock) -> AsyncIterator[Sandbox]:
    """WeChat, with a drop time that a test can wait for."""
    async with Sandbox(account, clock=clock, drop_s=0.5) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[web.Application], Awaitable[str]]]:
    """A coroutine function that serves an app on the loopback address and gives its URL."""
    runners = []

    async def start(app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


class BrokerIsAway:
    """A publisher for a relay without a broker: nothing here sends to a device."""

    def publish(self, topic: str, payload: bytes) -> None:
        raise ConnectionError("no broker in this test")


@pytest.fixture
async def service(tmp_path, clock) -> AsyncIterator[Service]:
    """The relay's use cases on a real database."""
    settings = RelaySettings(data_dir=tmp_path)
    store = await Store.open(settings.database_url)
    downlink = Downlink(BrokerIsAway(), Asks(), store.devices.get)
    yield Service(store, Bus(), downlink, settings, clock)
    await store.close()


@pytest.fixture
def call(sandbox, http):
    """A coroutine function: a call with a good token unless another is given; the answer as JSON."""

    async def send(path, body=None, *, method="POST", token=None, raw=None, **query):
        if token is None:
            token = sandbox.api.tokens.stable()[0]
        data = (
            raw if raw is not None else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        )
        query = {"access_token": token, **query}
        async with http.request(method, sandbox.url + path, params=query, data=data) as response:
            assert response.status == 200
            return await response.json(content_type="text/plain")

    return send


@pytest.fixture
def someone(sandbox):
    """The person whom the sandbox begins with."""
    return sandbox.api.people.get(sandbox.user)
