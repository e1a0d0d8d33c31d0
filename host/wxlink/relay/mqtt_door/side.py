"""One side of a spliced connection: read in pieces or in packets, written with a limit on patience."""

import asyncio
from typing import Final

from wxlink.relay.mqtt_door.packets import Packet, Type, check_type, split

WRITE_WITHIN_S: Final = 30.0  # a peer that takes nothing for so long is gone
LINGER_S: Final = 5.0  # for the last bytes at the end
CHUNK: Final = 4_096
READ_AHEAD: Final = 16_384  # bytes read and not yet asked for; beyond it the peer's window closes
WRITE_AHEAD: Final = 32_768  # bytes written that the peer has not taken; beyond it the other side waits


class Over(Exception):
    """The conversation ends; the text says why."""


class Side:
    """A TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""
        writer.transport.set_write_buffer_limits(WRITE_AHEAD)

    async def packet(self, most: int, wanted: Type | None = None) -> Packet:
        """The next packet. Raises BadPacket, also for one that is not `wanted`, and Over at the end."""
        while True:
            if wanted is not None:
                check_type(self._rest, wanted)
            found = split(self._rest, most)
            if found:
                packet, at = found
                self._rest = self._rest[at:]
                return packet
            self._rest += await self._read()

    async def read(self) -> bytes:
        """Some bytes, first those beyond the last packet. Raises Over at the end of the stream."""
        rest, self._rest = self._rest, b""
        return rest or await self._read()

    async def write(self, data: bytes) -> None:
        """Write, and wait while the peer takes nothing. Raises Over after WRITE_WITHIN_S."""
        self._writer.write(data)
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await self._writer.drain()
        except TimeoutError as error:
            raise Over(f"it took nothing for {WRITE_WITHIN_S:g} s") from error

    async def close(self) -> None:
        """Close when what is written has gone, or after LINGER_S."""
        self._writer.close()
        try:
            async with asyncio.timeout(LINGER_S):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self.cut()

    def cut(self) -> None:
        """Close at once."""
        self._writer.transport.abort()

    async def _read(self) -> bytes:
        data = await self._reader.read(CHUNK)
        if not data:
            raise Over("it closed the connection")
        return data
