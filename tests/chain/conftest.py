"""One running demo for the tests that only use it; tests that break it start their own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "firmware"))  # the app on the LAN

from demo_process import HEATZY_APPID, DemoProcess
from tls_front import TlsFront


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsFront]:
    """The TLS proxy before the demo's HTTP port, under the names that public clients have built in."""
    with TlsFront(tmp_path_factory.mktemp("front"), "*.gizwits.com") as running:
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, front: TlsFront) -> Iterator[DemoProcess]:
    """`wxlink demo --json --port 0`, up, shared by the session."""
    options = ("--appid", HEATZY_APPID, "--wss-port", str(front.port))
    with DemoProcess(tmp_path_factory.mktemp("demo"), *options) as running:
        front.relay_port = urlsplit(running.facts["http"]).port or 0
        yield running
