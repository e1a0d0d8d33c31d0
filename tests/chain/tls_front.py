"""A TLS proxy before the relay's HTTP port, with a certificate that only its own clients trust."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK = 65536  # bytes; how much one side is ahead of the other
STARTS_WITHIN_S = 30.0


class TlsFront:
    """Listens on `port` of 127.0.0.1 from `with` on, decrypts, and passes every byte on to `relay_port`.

    folder: gets the certificate, `trusted`, and its key. names: host names that the certificate vouches for,
    besides 127.0.0.1. It has a thread of its own, so that clients of any kind and loop can use it.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self.trusted = folder / "front.crt"
        self.port = 0
        self.relay_port = 0
        self._key = folder / "front.key"
        self._names = names
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="TLS front")

    def __enter__(self) -> Self:
        self._write_certificate()
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = listening.result(STARTS_WITHIN_S)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STARTS_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts this front and nothing else."""
        return ssl.create_default_context(cafile=str(self.trusted))

    async def _listen(self) -> asyncio.Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.trusted, self._key)
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _close(self) -> None:
        self._server.close()
        connections = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One connection: two pumps; when either direction ends, both do."""
        relay, to_relay = await asyncio.open_connection("127.0.0.1", self.relay_port)
        pumps = [asyncio.create_task(_pump(client, to_relay)), asyncio.create_task(_pump(relay, to_client))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            to_relay.close()
            to_client.close()

    def _write_certificate(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TLS front under test")])
        address = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(
                x509.SubjectAlternativeName([address, *map(x509.DNSName, self._names)]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._key.touch(mode=0o600)
        self._key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):  # a client may go without a word
        while chunk := await source.read(CHUNK):
            sink.write(chunk)
            await sink.drain()
