"""An app on the LAN: frames over TCP and discovery over UDP, with nothing of the module's code."""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

ANSWER_WITHIN_S = 30.0
HEAD = b"\0\0\0\3"


def frame(cmd: int, body: bytes = b"", sn: int | None = None) -> bytes:
    """A frame of up to 124 bytes after its length."""
    rest = b"\0" + struct.pack(">H", cmd) + (b"" if sn is None else struct.pack(">I", sn)) + body
    assert len(rest) < 128
    return HEAD + bytes((len(rest),)) + rest


class App:
    """One TCP connection to the module; the kernel's buffers are small, so that not reading is soon felt."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self._port = port
        self._receive_buffer = receive_buffer
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        sock = socket.socket()
        if self._receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=sock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    def send(self, cmd: int, body: bytes = b"", sn: int | None = None) -> None:
        self.writer.write(frame(cmd, body, sn))

    async def next(self) -> tuple[int, bytes]:
        """Command and body of the next frame; an sn is left in the body. IncompleteReadError at the end."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            head = await self.reader.readexactly(5)
            assert head[:4] == HEAD
            rest = await self.reader.readexactly(head[4])
        assert rest[0] == 0
        return int.from_bytes(rest[1:3]), rest[3:]

    async def ask(self, cmd: int, body: bytes = b"", sn: int | None = None) -> tuple[int, bytes]:
        self.send(cmd, body, sn)
        return await self.next()

    async def log_in(self) -> str:
        """Ask for the passcode and log in with it, as an app that binds; gives the passcode."""
        cmd, body = await self.ask(0x06)
        assert cmd == 0x07
        assert await self.ask(0x08, body) == (0x09, b"\0")
        return body[2:].decode()

    async def closed(self, within: float = ANSWER_WITHIN_S) -> bytes:
        """Wait until the module closes; gives what came before."""
        async with asyncio.timeout(within):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


class Ears(asyncio.DatagramProtocol):
    """A datagram socket that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        self.heard.append(data)


def reachable(port: int) -> bool:
    """True when somebody listens there; he sees a client that goes away at once."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
