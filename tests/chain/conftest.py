"""One running demo for the tests that only use it; tests that break it start their own."""

from collections.abc import Iterator

import pytest
from demo_process import HEATZY_APPID, DemoProcess


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """`wxlink demo --json --port 0`, up, shared by the session."""
    with DemoProcess(tmp_path_factory.mktemp("demo"), "--appid", HEATZY_APPID) as running:
        yield running
