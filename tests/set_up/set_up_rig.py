"""A set-up process and what is in the air round it."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from firmware_bench import MicroPython

ANSWER_WITHIN_S = 30.0
PROGRAM = Path(__file__).with_name("set_up_program.py")
CONSOLE_PROGRAM = Path(__file__).with_name("console_program.py")
PRODUCTION_PROGRAM = Path(__file__).with_name("production_program.py")
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

    def is_open(self) -> bool:
        """True once the access point and its doors are open."""
        return bool(self.said("is open for"))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.page}/"


SetUpMaker = Callable[..., SetUpProcess]


class ConsoleProcess(MicroPython):
    """A module's console in a process of its own; `type` writes to it."""

    def __init__(self, heap: str = "160K", **order: Any) -> None:
        self._order = {"networks": NETWORKS, **order}
        super().__init__(str(CONSOLE_PROGRAM), heap=heap)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.order(**self._order)
        return self

    async def _collect(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.lines.append(line.decode("latin-1").rstrip("\n"))  # packets are no text

    def type(self, data: bytes) -> None:
        """Write to the console as it is."""
        assert self.process.stdin
        self.process.stdin.write(data)


class Asker:
    """A datagram socket of a phone."""

    def __init__(self, port: int, own: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((own, 0))
        self._socket.connect(("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        """Send one datagram."""
        self._socket.send(data)

    async def next(self) -> bytes:
        """The next datagram that comes."""
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recv(self._socket, 2048), ANSWER_WITHIN_S)
