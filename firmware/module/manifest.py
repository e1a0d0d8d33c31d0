"""What the relay offers: one line, and the checks that it must pass before a byte of the file is fetched.

    soft_ver=<8>&download_url=<URL>&size=<bytes>&sha256=<64 hex digits>&hmac=<64 hex digits>

The last field is HMAC-SHA256 by the unit's own key over kind, version, size and hash, and over the did: what
was signed for one module is of no use for another. The URL only says where on the relay the file is.
"""

import hashlib
from binascii import unhexlify

from wxproto.errors import PeerError

MODULE = 1  # kinds of software, as GAgent numbers them
MCU = 2
MAX_VERSION = 8  # characters, as the MCU's device information has them
MAX_SIZE = {MODULE: 512 * 1024, MCU: 1024 * 1024}
"""Bytes of a file, by kind: as archive.py limits what is in it; half of the file system of a 4 MB chip."""
MAX_PATH = 512  # characters; what a relay names has about 60
KEY_SIZE = 32  # bytes of the unit's key
_HASH_SIZE = 64  # digits
_BLOCK = 64  # bytes that SHA-256 takes at a time, for HMAC (RFC 2104)


class Refused(PeerError):
    """The offer is not taken; the text says why."""


class Manifest:
    """`kind`, `version`, `path` on the relay, `size` in bytes, `sha256` in lower-case hexadecimal.

    `is_hex`: the file is text of hexadecimal lines, which an MCU may also ask for line by line.
    """

    def __init__(self, kind, text):
        fields = {}
        for part in text.strip().split("&"):
            name, _, value = part.partition("=")
            fields[name] = value
        size = fields.get("size", "")
        self.kind = kind
        self.version = fields.get("soft_ver", "")
        self.path = _path(fields.get("download_url", ""))
        self.is_hex = self.path.endswith(".hex")
        self.sha256 = fields.get("sha256", "").lower()
        self._mac = fields.get("hmac", "").lower()
        if not 0 < len(self.version) <= MAX_VERSION or not _is_visible(self.version):
            raise Refused(f"the relay's version is not of 1..{MAX_VERSION} characters")
        if not size.isdigit() or not 0 < int(size) <= MAX_SIZE[kind]:
            raise Refused(f"a file of {size[:12] or 'unknown'} bytes; {MAX_SIZE[kind]} at most are taken")
        self.size = int(size)
        if not _is_hash(self.sha256) or not _is_hash(self._mac):
            raise Refused("the offer has no sha256 and hmac of 64 digits")

    def check(self, did, key, current):
        """Raise Refused unless the unit's key signed this for `did`, and it is higher than `current`."""
        if not key or len(key) != 2 * KEY_SIZE:
            raise Refused("this unit has no update key")
        signed = f"wxlink update 1\n{did}\n{self.kind}\n{self.version}\n{self.size}\n{self.sha256}\n"
        if not _same(hmac_sha256(unhexlify(key), signed.encode()), unhexlify(self._mac)):
            raise Refused("the offer is not signed by this unit's key")
        if self.version <= current:  # code by code, as strcmp
            raise Refused(f"version {self.version} is not higher than {current}")


def hmac_sha256(key, message):
    """HMAC (RFC 2104) over SHA-256, 32 bytes; MicroPython has no module for it."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(message)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def _same(one, other):
    """Compare in a time that does not tell where they differ."""
    differ = len(one) ^ len(other)
    for a, b in zip(one, other):  # noqa: B905 - MicroPython's zip has no strict; the lengths count above
        differ |= a ^ b
    return not differ


def _is_hash(text):
    return len(text) == _HASH_SIZE and not text.strip("0123456789abcdef")


def _is_visible(text):
    return all(0x20 < byte < 0x7F for byte in text.encode())  # see letters.py


def _path(url):
    rest = url.partition("://")[2]
    path = rest[rest.find("/") :] if "/" in rest else ""
    if not 0 < len(path) <= MAX_PATH or not _is_visible(path):
        raise Refused("the relay names no file")
    return path
