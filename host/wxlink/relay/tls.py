"""The relay's own certificate: loaded, checked, and taken up anew when its file changed."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

RELOAD_EVERY_S: Final = 60.0


class TlsError(RuntimeError):
    """The certificate cannot be used; the text says what to do."""


class Certificate:
    """A certificate and its key, in PEM files. Raises TlsError."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.cert = cert.absolute()
        self.key = key.absolute()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        """For servers of this process; `reload` changes what it shows to later connections."""
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """For clients of this machine: trusts this certificate and those it replaced, under whatever name."""
        self.trust.check_hostname = False
        self.trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        self._load(self.context)
        self.trust.load_verify_locations(self.cert)
        self._stamp = self._stamps()

    def reload(self) -> bool:
        """Take the files up anew when they changed; whether they did. TlsError: the old ones are kept."""
        stamp = self._stamps()
        if stamp == self._stamp:
            return False
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # half-written files must not reach the real one
        self._load(self.context)
        self.trust.load_verify_locations(self.cert)
        self._stamp = stamp
        return True

    def _load(self, context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for path in (self.cert, self.key):
            try:
                path.read_bytes()
            except OSError as error:
                raise TlsError(f"{path} cannot be read ({error.strerror}); name PEM files") from error
        try:
            context.load_cert_chain(self.cert, self.key, password=_no_password(self.key))
        except ssl.SSLError as error:
            raise TlsError(
                f"{self.cert} and {self.key} are no certificate and its key in PEM ({error.reason})"
            ) from error

    def _stamps(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in (self.cert, self.key))
        except OSError as error:
            raise TlsError(f"{error.filename} is gone; the certificate of before is kept") from error


def _no_password(key: Path) -> Callable[[], str]:
    """OpenSSL would ask the terminal."""

    def refuse() -> str:
        raise TlsError(f"{key} wants a password; take it off with `openssl pkey -in KEY -out NEWKEY`")

    return refuse
