"""A device by hand: MQTT 3.1.1, QoS 1, one report at a time, and none is ever sent twice.

What was not acknowledged when its connection broke may or may not have arrived; what was, must be stored.
"""

import asyncio
import contextlib
import struct
from typing import Final

from wxproto import envelope

WITHIN_S: Final = 5.0  # an acknowledgement takes milliseconds; a broker that was killed sends none
AGAIN_S: Final = 0.1


def report(number: int) -> bytes:
    """A report of kit with this number in its three colours, none above 249: no two are alike."""
    return bytes((0x04, 0x01, number // 62_500, number // 250 % 250, number % 250, 0))


def number_of(p0: bytes) -> int:
    """The number in a report."""
    return p0[2] * 62_500 + p0[3] * 250 + p0[4]


class Qos1Device:
    """Reports until stopped, and comes again whenever it is cut off."""

    def __init__(self, did: str, passcode: str, port: int, pause_s: float) -> None:
        self.did = did
        self.acknowledged: list[bytes] = []
        self.unsure: set[bytes] = set()
        self._passcode = passcode
        self._port = port
        self._pause_s = pause_s
        self._number = 0
        self._stopping = False

    async def run(self) -> None:
        """Until `stop`."""
        while not self._stopping:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._session()
            await asyncio.sleep(AGAIN_S)

    def stop(self) -> None:
        """End after the next report."""
        self._stopping = True

    async def _session(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.timeout(WITHIN_S):
                writer.write(self._connect())
                if (await reader.readexactly(4))[3]:
                    return  # refused: the relay that answers for it is away
            writer.write(self._publish("online", b"1 0000000a", 1))
            await self._puback(reader)
            while not self._stopping:
                self._number += 1
                p0 = report(self._number)
                self.unsure.add(p0)
                writer.write(self._publish("", envelope.encode(envelope.REPORT, p0), 2))
                await self._puback(reader)
                self.unsure.discard(p0)
                self.acknowledged.append(p0)
                await asyncio.sleep(self._pause_s)
        finally:
            writer.close()

    async def _puback(self, reader: asyncio.StreamReader) -> None:
        async with asyncio.timeout(WITHIN_S):
            assert (await reader.readexactly(4))[0] == 0x40

    def _connect(self) -> bytes:
        texts = b"".join(map(_text, (self.did.encode(), self.did.encode(), self._passcode.encode())))
        return _packet(0x10, _text(b"MQTT") + bytes((4, 0xC2)) + struct.pack(">H", 30) + texts)

    def _publish(self, tail: str, payload: bytes, mid: int) -> bytes:
        topic = f"dev2app/{self.did}" + (f"/{tail}" if tail else "")
        return _packet(0x32, _text(topic.encode()) + struct.pack(">H", mid) + payload)


def _text(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def _packet(kind: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes((kind, len(body))) + body
