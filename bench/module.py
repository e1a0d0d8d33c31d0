"""How long a report takes through the Wi-Fi module: from its frame on the serial line to the PUBLISH."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from bench.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "firmware"))
from firmware_bench import MicroPython, module_config
from firmware_rig import Mcu, Registrar

REPORTS = 1_000
LIMIT_MS = 20.0  # what the module may add, at the 99th percentile
PAUSE_S = 0.008  # between reports: the link is never the one that waits
WITHIN_S = 20.0
TOPIC = b"dev2app/did"


class Broker(asyncio.Protocol):
    """Takes everything at once, for one client; `came` is set by each report, `at` says when."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.at = 0.0
        self._data = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._data += data
        while len(self._data) >= 2:
            size, at = 0, 1
            while True:
                size |= (self._data[at] & 0x7F) << 7 * (at - 1)
                at += 1
                if not self._data[at - 1] & 0x80:
                    break
            if len(self._data) < at + size:
                return
            packet, self._data = self._data[: at + size], self._data[at + size :]
            self._take(packet[0], packet[at:], now)

    def _take(self, first: int, body: bytes, now: float) -> None:
        if first >> 4 == 1:
            self._transport.write(b"\x20\x02\x00\x00")
        elif first >> 4 == 8:
            self._transport.write(b"\x90\x05" + body[:2] + b"\x01\x01\x01")
        elif first >> 4 == 3 and first & 6:
            end = 2 + int.from_bytes(body[:2])
            self._transport.write(b"\x40\x02" + body[end : end + 2])
            if body[2:].startswith(TOPIC) and b"/" not in body[2 + len(TOPIC) : end]:
                self.at = now
                self.came.set()


def measure() -> list[Figure]:
    """The 99th percentile beside the limit, and beside it the half of all reports in the note."""
    took = asyncio.run(_measure())
    cuts = quantiles(took, n=100)
    return [
        Figure(
            "report from UART frame to MQTT publish, p99",
            cuts[98],
            "ms",
            "what the module may add",
            LIMIT_MS,
            "less",
            f"{REPORTS:,} reports, unix build on a pty, half of them within {cuts[49]:.2f} ms; "
            f"the slowest took {max(took):.2f} ms",
        )
    ]


async def _measure() -> list[float]:
    """Milliseconds of each report."""
    broker = Broker()
    server = await asyncio.get_running_loop().create_server(lambda: broker, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    took = []
    with tempfile.TemporaryDirectory() as folder:
        async with Mcu() as mcu, Registrar(port) as registrar:
            keys = {"tty": mcu.tty, "relay": registrar.url, "heartbeat_s": 55}
            async with MicroPython(*module_config(Path(folder), **keys)):
                await asyncio.wait_for(broker.came.wait(), WITHIN_S)
                for number in range(REPORTS):
                    await asyncio.sleep(PAUSE_S)
                    broker.came.clear()
                    mcu.state = number % 200
                    began = time.perf_counter()
                    mcu.report()
                    await asyncio.wait_for(broker.came.wait(), WITHIN_S)
                    took.append((broker.at - began) * 1000)
    server.close()
    return took
