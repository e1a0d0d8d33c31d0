"""TLS towards the relay: a certificate must be one authority's own, in its time and for the right name.

MicroPython checks nothing unless told to, and shakes hands with the first byte sent: a bad certificate is a
ValueError out of the first write or read, with a line of Mbed TLS for each fault.
"""

import gc
import ssl

from micropython import const

from module.backoff import Refusal
from module.loading import drop, rare
from wxproto.errors import LocalError

_MAX_AUTHORITY = const(4096)  # bytes of a DER certificate; one with a key of 4,096 bits has about 1,500


class Untrusted(Refusal):
    """The server is not the one we may talk to; the text names every reason."""


def read_authority(path, port):
    """The authority's certificate (DER): of the file, else of the factory data, else None. LocalError."""
    if path is None:
        return port.factory("ca")
    try:
        with open(path, "rb") as file:
            der = file.read(_MAX_AUTHORITY + 1)
    except OSError as error:
        raise LocalError(f"ca {path} cannot be read (error {error.errno})") from None
    if len(der) > _MAX_AUTHORITY:
        raise LocalError(f"ca {path} is longer than {_MAX_AUTHORITY} bytes")
    return der


class Trust:
    """One authority's certificate (DER), read once for all connections. LocalError when it is none."""

    def __init__(self, authority):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.verify_mode = ssl.CERT_REQUIRED  # the default checks nothing
        try:
            self._context.load_verify_locations(cadata=bytes(authority))
        except ValueError:
            raise LocalError(
                "ca is no DER certificate; make one: openssl x509 -in ca.pem -outform der -out ca.der"
            ) from None

    @rare
    def wrap(self, sock, host):
        """The socket with TLS; the first write or read shakes hands. `host` is the name to be certified."""
        gc.collect()  # what earlier connections hold outside MicroPython's heap goes with their objects
        return self._context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)

    @rare
    def explain(self, error, host):
        """What to raise for what a write or read raised: Untrusted with its reasons, or an OSError."""
        certificate = isinstance(error, ValueError)
        if not certificate and (error.errno is None or error.errno >= 0):
            return error  # the network's own
        from module import tls_faults  # noqa: PLC0415 - dropped after use

        text = host + ": " + tls_faults.meaning(str(error))
        del tls_faults
        drop("module.tls_faults")
        return Untrusted(text) if certificate else OSError(text)
