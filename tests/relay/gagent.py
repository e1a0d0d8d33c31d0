"""A module with the vendor's firmware, written from the wire facts alone: raw bytes, and GAgent's own habits.

HTTP: one request a connection, the answer searched for substrings, headers included. MQTT 3.1: `MQIsdp`, one
SUBSCRIBE after another, all of QoS 0 but for the header of SUBSCRIBE.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Self

WITHIN_S = 30.0
CONNACK, PUBLISH, SUBACK, PINGRESP = 0x20, 0x30, 0x90, 0xD0


def packet(first: int, body: bytes) -> bytes:
    """Fixed header of up to two length bytes, as GAgent writes it."""
    if len(body) < 128:
        return bytes((first, len(body))) + body
    return bytes((first, len(body) % 128 | 0x80, len(body) // 128)) + body


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def connect_31(did: str, passcode: str, keep_alive: int = 120) -> bytes:
    """GAgent's CONNECT."""
    head = text("MQIsdp") + bytes((3, 0xC2)) + keep_alive.to_bytes(2, "big")
    return packet(0x10, head + text(did) + text(did) + text(passcode))


async def http(port: int, request: str, body: str = "") -> bytes:
    """One request on a connection of its own; the answer until the relay closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    writer.write(
        f"{request} HTTP/1.1\r\nHost: api.gizwits.com\r\n{length}"
        f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
    )
    answer = await asyncio.wait_for(reader.read(), WITHIN_S)
    writer.close()
    await writer.wait_closed()
    return answer


def status(answer: bytes) -> int:
    """Between the first two spaces."""
    return int(answer.split(b" ", 2)[1])


def cut(answer: bytes, begin: bytes, end: bytes) -> str:
    """A value, as GAgent cuts it out of an answer."""
    start = answer.index(begin) + len(begin)
    return answer[start : answer.index(end, start)].decode()


@dataclass
class GAgent:
    """One module. http_port: of the relay's plain HTTP."""

    http_port: int
    product_key: str
    mac: str
    passcode: str
    did: str = ""
    host: str = ""
    port: int = 0
    received: list[tuple[str, bytes]] = field(default_factory=list)
    _id: int = 1

    async def register(self) -> int:
        """POST /dev/devices; the status."""
        body = f"passcode={self.passcode}&mac={self.mac}&product_key={self.product_key}"
        answer = await http(self.http_port, "POST /dev/devices", body)
        if status(answer) == 201:
            start = answer.index(b"did=") + 4
            self.did = answer[start : start + 22].decode()
        return status(answer)

    async def provision(self) -> int:
        """GET /dev/devices/<did>; the status."""
        answer = await http(self.http_port, f"GET /dev/devices/{self.did}")
        if status(answer) == 200:
            self.host = cut(answer, b"host=", b"&")
            self.port = int(cut(answer[answer.index(b"host=") :], b"&port=", b"&"))
            assert int(cut(answer, b"server_ts=", b"&")) > 0
        return status(answer)

    async def retire(self, did: str) -> int:
        """DELETE /dev/devices."""
        answer = await http(self.http_port, "DELETE /dev/devices", f"did={did}&passcode={self.passcode}")
        return status(answer)

    async def asks(self, request: str) -> int:
        """Any other request; the status."""
        return status(await http(self.http_port, request))

    async def check_update(self, version: str) -> tuple[str, str] | None:
        """The new version and its URL for type 2, None for any other status than 200."""
        body = f"passcode={self.passcode}&type=2&hard_version=00000001&soft_version={version}"
        answer = await http(self.http_port, f"POST /dev/ota/v4.1/update_and_check/{self.did}", body)
        if status(answer) != 200:
            return None
        return cut(answer, b"soft_ver=", b"&"), cut(answer, b"download_url=", b"\r\n")

    async def download(self, url: str) -> tuple[bytes, str, str]:
        """File, MD5 and version at a URL."""
        found = re.fullmatch(r"http://([^/:]+)(?::(\d+))?(/\S+)", url)
        assert found, url
        request = f"GET {found[3]}"
        assert len(f"{request} HTTP/1.1\r\nHost:{found[1]}\r\nContent-Type: application/text\r\n\r\n") < 200
        answer = await http(int(found[2] or 80), request)
        head, _, body = answer.partition(b"\r\n\r\n")
        head += b"\r\n"
        assert int(cut(head, b"Content-Length: ", b"\r\n")) == len(body)
        assert cut(head, b'filename="', b'"').endswith((".bin", ".hex"))
        return body, cut(head, b"Firmware-MD5: ", b"\r\n"), cut(head, b"Soft-Version: ", b"\r\n")

    async def dial(self, port: int | None = None) -> Self:
        """Open the TCP connection."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        return self

    async def connect(self, port: int | None = None, keep_alive: int = 120) -> int:
        """CONNECT; the code of the CONNACK."""
        await self.dial(port)
        await self.write(connect_31(self.did, self.passcode, keep_alive))
        first, body = await self.read()
        assert first == CONNACK
        assert len(body) == 2
        return body[1]

    async def come_online(self, port: int | None = None) -> Self:
        """CONNECT, the three SUBSCRIBEs, PINGREQ, and the request for the number of clients."""
        assert await self.connect(port) == 0
        for topic in (f"ser2cli_noti/{self.product_key}", f"ser2cli_res/{self.did}", f"app2dev/{self.did}/#"):
            await self.subscribe(topic)
        await self.ping()
        await self.publish("cli2ser_req", bytes.fromhex("00000003020f"))
        return self

    async def subscribe(self, topic: str, first: int = 0x82) -> bytes:
        """SUBSCRIBE and wait for its SUBACK; what was granted."""
        number, self._id = self._id, self._id + 1
        await self.write(packet(first, number.to_bytes(2, "big") + text(topic) + b"\0"))
        body = await self.until(SUBACK)
        assert body[:2] == number.to_bytes(2, "big")
        return body[2:]

    async def ping(self) -> None:
        """PINGREQ; PINGRESP."""
        await self.write(b"\xc0\x00")
        assert await self.until(PINGRESP) == b""

    async def publish(self, topic: str, payload: bytes) -> None:
        """PUBLISH of QoS 0."""
        await self.write(packet(PUBLISH, text(topic) + payload))

    async def send(self, payload: bytes, tail: str = "") -> None:
        """PUBLISH on dev2app/<did>, with a tail for an answer."""
        await self.publish(f"dev2app/{self.did}" + (f"/{tail}" if tail else ""), payload)

    async def message(self, topic: str) -> tuple[str, bytes]:
        """The next message whose topic begins so."""
        while True:
            for index, (of, _) in enumerate(self.received):
                if of.startswith(topic):
                    return self.received.pop(index)
            await self._take()

    async def until(self, first: int) -> bytes:
        """The body of the next packet of this kind; messages that come before it are kept."""
        while True:
            found = await self._take()
            if found[0] == first:
                return found[1]

    async def read(self) -> tuple[int, bytes]:
        """The next packet. Raises IncompleteReadError at the end of the connection."""
        async with asyncio.timeout(WITHIN_S):
            first = (await self._reader.readexactly(1))[0]
            length, shift = 0, 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                length |= (digit & 0x7F) << shift
                shift += 7
                if not digit & 0x80:
                    return first, await self._reader.readexactly(length)

    async def write(self, data: bytes) -> None:
        """Raw bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def ended(self) -> None:
        """Wait until the relay closes the connection; what it says before is dropped."""
        async with asyncio.timeout(WITHIN_S):
            try:
                while await self._reader.read(4096):
                    pass
            except ConnectionError:
                pass
        self.vanish()

    async def leave(self) -> None:
        """DISCONNECT and close."""
        await self.write(b"\xe0\x00")
        self._writer.close()
        await self._writer.wait_closed()

    def vanish(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()

    def half_close(self) -> None:
        """Say that nothing more comes."""
        self._writer.write_eof()

    def deafen(self) -> None:
        """Read no more."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it

    async def _take(self) -> tuple[int, bytes]:
        first, body = await self.read()
        if first & 0xF0 == PUBLISH:
            assert first == PUBLISH, "a module that asked for QoS 0 gets it"
            end = 2 + int.from_bytes(body[:2], "big")
            self.received.append((body[2:end].decode(), body[end:]))
        return first, body
