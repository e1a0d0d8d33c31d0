"""A relay with one user and one device, and a browser."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pages import chromium
from pages.chromium import Chromium
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


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Chromium]:
    """Chromium as a phone. Skips when it is not installed; fails when the page complained of anything."""
    if chromium.BINARY is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    async with Chromium(tmp_path) as browser:
        yield browser
        assert browser.complaints == []
