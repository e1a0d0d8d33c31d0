"""A strict SNTP server for tests, with the fields of RFC 5905."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

VERSION = (Path(__file__).parents[2] / "firmware" / "module" / "version.py").read_text()
FLOOR = int(re.findall(r"^BUILT = (\d+)", VERSION, re.MULTILINE)[0])
FROM_1900 = 2_208_988_800
NOW = 2_100_000_000  # July 2036: the count of NTP began again in February
HEAD = struct.Struct("!BBbb II4s QQQQ")  # RFC 5905, 7.3, figure 8

Answer = Callable[[bytes], list[bytes]]


def stamp(unix_s: float) -> int:
    """A 64-bit NTP timestamp: seconds of the era and their fraction."""
    return int((unix_s + FROM_1900) % 2**32 * 2**32)


def reply(question: bytes, unix_s: float = NOW, **changes: int) -> bytes:
    """What a good server of stratum 2 answers; `changes` replace fields by the names below."""
    asked = HEAD.unpack(question)
    fields = {
        "leap": 0,
        "version": asked[0] >> 3 & 7,
        "mode": 4,
        "stratum": 2,
        "originate": asked[-1],
        "transmit": stamp(unix_s),
        **changes,
    }
    first = fields["leap"] << 6 | fields["version"] << 3 | fields["mode"]
    at, asker = stamp(unix_s), fields["originate"]
    head = first, fields["stratum"], 6, -20, 100, 100, b"\x0a\0\0\1"
    return HEAD.pack(*head, at, asker, at, fields["transmit"])


class Server(asyncio.DatagramProtocol):
    """Refuses what is no client's question, else sends what `answer(question)` makes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.questions: list[bytes] = []
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert len(data) == 48
        assert data[0] == 0x23, "no leap warning, version 4, client"
        assert data[1:40] == bytes(39), "a client tells nothing about itself"
        assert any(data[40:])
        self.questions.append(data)
        for answer in self._answer(data):
            self._transport.sendto(answer, addr)

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self._transport.get_extra_info('sockname')[1]}"


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(answer), ("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()
