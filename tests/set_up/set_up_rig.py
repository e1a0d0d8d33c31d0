"""A set-up process and what is in the air round it."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from firmware_bench import MicroPython

PROGRAM = Path(__file__).with_name("set_up_program.py")
NETWORKS = [
    [b"Home".hex(), -48, "home-key-1", None],
    ["客厅 5楼".encode().hex(), -60, "living-room", None],
    ["办公室".encode("gbk").hex(), -66, "office-key", None],
    [b"Cafe".hex(), -71, None, None],
    [b"No DHCP".hex(), -80, "no-address", "no address"],
    [b"<img src=x onerror=alert(1)>".hex(), -83, "strangers", None],
    [b"".hex(), -84, "hidden one", None],
    [b"Home".hex(), -88, "home-key-1", None],
]


class SetUpProcess(MicroPython):
    """Set-up in a process of its own; `page`, `names`, `apps` are its ports."""

    def __init__(self, ports: list[int], order: dict[str, Any], heap: str) -> None:
        self.page, self.names, self.apps = ports
        self._order = {"ports": ports, "seconds": 60, "networks": NETWORKS, **order}
        super().__init__(str(PROGRAM), heap=heap)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.order(**self._order)
        return self

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.page}/"


SetUpMaker = Callable[..., SetUpProcess]


def free_datagram_port() -> int:
    """A UDP port of the loopback address that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
