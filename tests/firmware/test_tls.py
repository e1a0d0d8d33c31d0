"""TLS of the module against Python's own, aiohttp and mosquitto, with good and bad certificates."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import pytest
from authority import Authority, server_context
from firmware_bench import END_WITHIN_S, MicroPython
from firmware_brokers import Mosquitto, PortFinder, Watcher, running
from firmware_ground import DOWN, MAC, Bench, alone
from firmware_rig import Mcu, Registrar

from wxproto import envelope

CONNECTIONS = 20
CLIENT = str(Path(__file__).with_name("tls_client.py"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def echo_server(certificate: Path | None, greeting: bytes = b"") -> AsyncIterator[str]:
    """A server that sends back what comes, with TLS if it has a certificate; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.write(await reader.read(64))
        writer.close()

    context = server_context(certificate) if certificate else None
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield str(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def outcome(host: str, port: str, ca: Path) -> list[str]:
    """What the client prints."""
    async with MicroPython(CLIENT, host, port, str(ca)) as program:
        assert await asyncio.wait_for(program.process.wait(), END_WITHIN_S) == 0
    return program.lines


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_certificate_of_the_authority_is_taken_by_name_and_by_address(
    authority: Authority, host: str
):
    async with echo_server(authority.issue("server.pem")) as port:
        assert (await outcome(host, port, authority.der))[:3] == ["echo hello"] * 3


async def test_another_authority_is_refused(tmp_path: Path, authority: Authority):
    """Fails if CERT_REQUIRED is forgotten: MicroPython's default takes any certificate."""
    stranger = Authority(tmp_path, "stranger")
    async with echo_server(stranger.issue("server.pem")) as port:
        lines = await outcome("localhost", port, authority.der)
    assert lines[:3] == ["Untrusted localhost: certificate is of another authority"] * 3


async def test_an_authority_of_the_same_name_with_another_key_is_refused(tmp_path: Path):
    (tmp_path / "false").mkdir()
    true, false = Authority(tmp_path), Authority(tmp_path / "false")
    async with echo_server(false.issue("server.pem")) as port:
        lines = await outcome("localhost", port, true.der)
    assert lines[0] == "Untrusted localhost: certificate is of another authority"


@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [
        (("localhost",), (-30, -1), "certificate has expired"),
        (("localhost",), (1, 30), "certificate is not yet valid, or the module's clock is wrong"),
        (("elsewhere.test",), (-1, 30), "certificate is for another name"),
        (("elsewhere.test",), (-30, -1), "certificate has expired, certificate is for another name"),
    ],
)
async def test_bad_certificates_are_refused_with_every_reason(
    authority: Authority, names: tuple[str, ...], days: tuple[float, float], reason: str
):
    async with echo_server(authority.issue("server.pem", names, days)) as port:
        lines = await outcome("localhost", port, authority.der)
    assert lines[0] == f"Untrusted localhost: {reason}"
    assert lines[3] == "0 sockets left open"


async def test_a_server_without_tls_is_named(authority: Authority):
    async with echo_server(None, b"220 mail.example ESMTP\r\n") as port:
        assert (await outcome("localhost", port, authority.der))[0] == (
            "OSError localhost: there is no TLS at this port"
        )


async def test_a_ca_that_is_not_der_says_how_to_make_one(authority: Authority, tmp_path: Path):
    (line,) = await outcome("localhost", "1", authority.pem)
    assert line.startswith("ca is no DER certificate")
    assert "openssl x509 -in ca.pem -outform der -out ca.der" in line
    (line,) = await outcome("localhost", "1", tmp_path / "none.der")
    assert "cannot be read" in line


class TlsBench(Bench):
    """A module whose relay and broker speak TLS."""

    broker: "TlsMosquitto"
    authority: Authority

    def secure_module(self, **changes: object) -> MicroPython:
        """The program, told the authority and the relay by name."""
        relay = self.registrar.url.replace("127.0.0.1", "localhost")
        return self.module(relay=relay, ca=str(self.authority.der), mac=MAC, **changes)


class TlsMosquitto(Mosquitto):
    """A mosquitto that has a TLS listener on its spare port beside the plain one."""

    certificate: Path

    def argv(self) -> list[str]:
        argv = super().argv()
        with Path(argv[-1]).open("a") as config:
            config.write(
                f"listener {self.spare_port} 127.0.0.1\n"
                f"certfile {self.certificate}\nkeyfile {self.certificate}\n"
            )
        return argv


@pytest.fixture
async def secure(tmp_path: Path, authority: Authority, free_port: PortFinder) -> AsyncIterator[TlsBench]:
    """A module, not yet started, with registrar and mosquitto that have certificates of its authority."""
    certificate = authority.issue("relay.pem")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = TlsMosquitto(folder, free_port(), free_port(), None)
    broker.certificate = certificate
    async with (
        running(broker),
        Mcu() as mcu,
        Registrar(broker.port, server_context(certificate), broker.spare_port) as registrar,
        Watcher(broker.port) as watcher,
    ):
        bench = TlsBench(tmp_path, broker, mcu, registrar, watcher)
        bench.authority = authority
        yield bench


async def test_the_module_registers_and_reports_over_tls(secure: TlsBench, eventually):
    async with secure.secure_module() as module:
        await eventually(lambda: secure.reports() == [b"\x03\x07"])
        (form,) = secure.registrar.registrations
        assert len(bytes.fromhex(form["update_key"])) == 32
        secure.watcher.send(DOWN, envelope.encode(envelope.NOTIFY, b"\x01\x44"))
        await eventually(lambda: secure.mcu.controls == [b"\x01\x44"])
        text = "\n".join(module.lines)
        assert form["update_key"] not in text
        assert form["passcode"] not in text


async def test_a_broker_of_another_authority_is_left_and_never_spoken_to_in_the_clear(
    secure: TlsBench, tmp_path: Path, eventually
):
    stranger = Authority(tmp_path, "stranger")
    good = secure.broker.certificate
    secure.broker.stop()
    secure.broker.certificate = stranger.issue("broker.pem")
    await secure.broker.start()
    async with Watcher(secure.broker.port) as watcher, secure.secure_module() as module:
        await eventually(lambda: len(module.said("certificate is of another authority")) >= 2)
        assert not watcher.messages
        assert len(secure.registrar.registrations) == 1, "a bad certificate is no reason to register again"
        secure.broker.stop()
        secure.broker.certificate = good
        await secure.broker.start()
        await eventually(lambda: module.said("online as"))


async def test_connections_over_tls_leave_neither_heap_nor_sockets_behind(secure: TlsBench, eventually):
    async with alone(secure, ca=str(secure.authority.der)) as uplink:
        uplink.order(soak=[200, CONNECTIONS])
        await eventually(lambda: len(uplink.told("heap")) == CONNECTIONS)
        heap = [told["heap"] for told in uplink.told("heap")]
        assert median(heap[10:]) == median(heap[5:10])
        assert len(os.listdir(f"/proc/{uplink.process.pid}/fd")) <= 5


@pytest.mark.parametrize(
    ("scheme", "with_ca", "said"),
    [("http", True, "relay is http://"), ("https", False, "give ca")],
)
async def test_half_a_configuration_of_tls_is_refused(
    secure: TlsBench, eventually, scheme: str, with_ca: bool, said: str
):
    url = secure.registrar.url.replace("https", scheme)
    keys = {"ca": str(secure.authority.der)} if with_ca else {}
    async with secure.module(relay=url, **keys) as module:
        await eventually(lambda: module.said(said))
        assert not secure.registrar.registrations
