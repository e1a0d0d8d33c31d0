"""Look-ups and registration on MicroPython against servers that answer slowly, wrongly or too much."""

import asyncio
from pathlib import Path

import pytest
from firmware_bench import END_WITHIN_S, MicroPython, module_config
from firmware_rig import Mcu

ADDRESS = bytes.fromhex("c00c000100010000003c0004c0000207")
LOOKUP = str(Path(__file__).with_name("lookup_client.py"))


class NameServer(asyncio.DatagramProtocol):
    """Answers each question after `delay_s` with one address, or with "no such name"."""

    def __init__(self, delay_s: float, known: bool) -> None:
        self._delay_s = delay_s
        self._known = known
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        head = b"\x81\x80\x00\x01\x00\x01" if self._known else b"\x81\x83\x00\x01\x00\x00"
        answer = data[:2] + head + bytes(4) + data[12:] + (ADDRESS if self._known else b"")
        stray = b"\xff" + answer[1:] if answer[0] != 0xFF else b"\x00" + answer[1:]
        loop = asyncio.get_running_loop()
        loop.call_later(self._delay_s, self._transport.sendto, stray, addr)
        loop.call_later(self._delay_s, self._transport.sendto, answer, addr)


@pytest.mark.parametrize(
    ("known", "said"), [(True, "192.0.2.7"), (False, "relay.test: no such host (DNS code 3)")]
)
async def test_a_look_up_does_not_stop_the_program(known: bool, said: str):
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(0.5, known), local_addr=("127.0.0.1", 0)
    )
    try:
        async with MicroPython(LOOKUP, "relay.test", str(transport.get_extra_info("sockname")[1])) as program:
            assert await asyncio.wait_for(program.process.wait(), END_WITHIN_S) == 0
    finally:
        transport.close()
    assert program.lines[0] == said
    assert int(program.lines[1].split()[0]) >= 15, "the ticker ran meanwhile"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 201 Created\r\n\r\ndid=short", "no did of 22 letters and digits"),
        (b"HTTP/1.1 500 Oops\r\n\r\nbroken", "HTTP 500: broken"),
        (b"HTTP/1.1 400 Bad\r\n\r\nproduct_key unknown", "refuses product"),
        (b"220 mail.example ESMTP\r\n", "is no HTTP"),
        (b"HTTP/1.1 201 Created\r\n\r\n" + bytes(5000), "longer than 2048 bytes"),
        (b"", "is no HTTP"),
    ],
)
async def test_wrong_answers_of_a_relay_are_named(tmp_path: Path, eventually, answer: bytes, said: str):
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with Mcu() as mcu, MicroPython(*module_config(tmp_path, tty=mcu.tty, relay=url)) as module:
        await eventually(lambda: len(module.said(said)) >= 2)
    server.close()
