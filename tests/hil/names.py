"""A name server that knows one name: what a simulated chip's router tells it to ask."""

import asyncio

HEADER = 12  # bytes; RFC 1035, 4.1.1
TYPE_A_IN = b"\x00\x01\x00\x01"
NO_SUCH_NAME = 3


class NameServer(asyncio.DatagramProtocol):
    """Answers questions for the A record of `name` with `address`, others with NXDOMAIN."""

    def __init__(self, name: str, address: str) -> None:
        self._name = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
        self._address = bytes(int(part) for part in address.split("."))
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[2:3] != b"\x01" or data[4:HEADER] != b"\0\1" + bytes(6):
            return  # not one plain question
        question = data[HEADER:]
        known = question == self._name + TYPE_A_IN
        flags = b"\x81\x80" if known else bytes((0x81, 0x80 | NO_SUCH_NAME))
        answer = b"\xc0\x0c" + TYPE_A_IN + (60).to_bytes(4) + b"\0\4" + self._address if known else b""
        counts = b"\0\1" + (b"\0\1" if known else b"\0\0") + bytes(4)
        self._transport.sendto(data[:2] + flags + counts + question + answer, addr)

    @property
    def where(self) -> str:
        """Its address and port."""
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"
