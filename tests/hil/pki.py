"""Certificates of the bench: an authority that modules are given, and what goes wrong with certificates."""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
SINCE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # before any build of the firmware
NAME = "relay.test"  # RFC 6761: no name server of the world knows it


class Pki:
    """An authority and the relay's certificate under it, in `folder`: `ca` is DER as a module takes it."""

    def __init__(self, folder: Path, name: str = NAME, address: str = "127.0.0.1") -> None:
        self.name = name
        self.certificate = folder / "relay.crt"
        self.key = folder / "relay.key"
        folder.mkdir(parents=True, exist_ok=True)
        authority = ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("bench authority", authority, None, authority, [])
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address(address))]
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = _certificate(name, key, ca, authority, names)
        self.ca = ca.public_bytes(serialization.Encoding.DER)
        pem = serialization.Encoding.PEM
        self.certificate.write_bytes(leaf.public_bytes(pem))
        self.key.touch(mode=0o600)
        self.key.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signing: ec.EllipticCurvePrivateKey,
    names: list[x509.GeneralName],
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(now + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256())
