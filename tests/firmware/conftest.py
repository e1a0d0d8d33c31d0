"""The firmware's packages are importable here as on the module; what does no I/O runs on CPython too."""

import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "firmware"))

from firmware_brokers import Mosquitto, PortFinder, Watcher, running
from firmware_ground import Bench
from firmware_rig import Mcu, Registrar

# MicroPython's clock, by which the console dates its lines.
vars(time).setdefault("ticks_ms", lambda: int(time.monotonic() * 1000))
vars(time).setdefault("ticks_diff", lambda later, earlier: later - earlier)


@pytest.fixture
async def mosquitto(tmp_path: Path, free_port: PortFinder) -> AsyncIterator[Mosquitto]:
    """A running mosquitto that lets everybody in."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    async with running(Mosquitto(folder, free_port(), 0, None)) as broker:
        assert isinstance(broker, Mosquitto)
        yield broker


@pytest.fixture
async def bench(tmp_path: Path, mosquitto: Mosquitto) -> AsyncIterator[Bench]:
    """A module, not yet started, with its MCU, registration server and watcher."""
    async with Mcu() as mcu, Registrar(mosquitto.port) as registrar, Watcher(mosquitto.port) as watcher:
        yield Bench(tmp_path, mosquitto, mcu, registrar, watcher)
