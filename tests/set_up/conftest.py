"""Set-up of the module in a MicroPython process, on ports of the loopback address."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "firmware"))

from pages.chromium import Chromium
from pages.chromium_process import BINARY, ChromiumProcess
from set_up_rig import SetUpMaker, SetUpProcess


@pytest.fixture
def set_up(free_port: Callable[[], int]) -> SetUpMaker:
    """Makes a process, not yet started: `async with set_up(seconds=5) as module`."""

    def make(heap: str = "160K", **order: Any) -> SetUpProcess:
        return SetUpProcess([free_port() for _ in range(3)], order, heap)

    return make


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromiumProcess]:
    """One browser for all tests. Skips when it is not installed."""
    if BINARY is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with ChromiumProcess(tmp_path_factory.mktemp("browser")) as process:
        yield process


@pytest.fixture
async def phone(chromium: ChromiumProcess) -> AsyncIterator[Chromium]:
    """A browser on a small phone; fails when the page complained."""
    async with Chromium(chromium, width=320, height=568) as browser:
        yield browser
        assert browser.complaints == []
