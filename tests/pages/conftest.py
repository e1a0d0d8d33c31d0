"""A relay with one user and one device, and a browser."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pages.chromium import Chromium
from pages.chromium_process import BINARY, ChromiumProcess
from pages.page_house import GOKIT_VALUES, House, open_house

from wxlink.assets import asset
from wxlink.relay.app import Relay
from wxlink.relay.settings import RelaySettings


@pytest.fixture
def gokit() -> dict[str, Any]:
    """The definition of the development kit, as the relay publishes it."""
    definition: dict[str, Any] = json.loads(asset("protocol/products/gokit.json").read_text("utf-8"))
    return definition


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    """A relay with its own broker, on free ports."""
    async with Relay(RelaySettings(data_dir=tmp_path / "relay", port=0, mqtt_port=0)) as relay:
        yield relay


@pytest.fixture
async def house(relay: Relay, gokit: dict[str, Any]) -> AsyncIterator[House]:
    """The development kit on-line; its page is one link away."""
    house = await open_house(relay, gokit, GOKIT_VALUES)
    await house.device.connect(relay.mqtt_port)
    yield house
    await house.device.disconnect()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumProcess]:
    """One browser for all tests. Skips when it is not installed."""
    if BINARY is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with ChromiumProcess(tmp_path_factory.mktemp("browser")) as process:
        yield process


@pytest.fixture
async def browser(chromium: ChromiumProcess, relay: Relay) -> AsyncIterator[Chromium]:
    """A page of its own, as on a phone; closed before the relay ends. Fails when the page complained."""
    async with Chromium(chromium) as browser:
        yield browser
        assert browser.complaints == []
