"""Certificates for tests: an authority, and servers' certificates good and bad, by `cryptography`."""

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)
HERE = ("localhost", "127.0.0.1")


class Authority:
    """An authority; its certificate is in `der`, and what it issues in files of `folder`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        now = dt.datetime.now(dt.UTC)
        self._certificate = (
            _builder(self._name, self._name, self._key, now - 3650 * DAY, now + 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.der = folder / f"{name}.der"
        self.der.write_bytes(self._certificate.public_bytes(Encoding.DER))
        self.pem = folder / f"{name}.pem"
        self.pem.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(self, file: str, names: tuple[str, ...] = HERE, days: tuple[float, float] = (-1, 30)) -> Path:
        """A file with certificate and key for `names`, valid between these days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        known = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names
        ]
        certificate = (
            _builder(_name(names[0]), self._name, key, now + days[0] * DAY, now + days[1] * DAY)
            .add_extension(x509.SubjectAlternativeName(known), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / file
        path.write_bytes(
            certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return path


def server_context(certificate: Path) -> ssl.SSLContext:
    """For a server with this file of issue()."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begin: dt.datetime,
    end: dt.datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), begin, end)
