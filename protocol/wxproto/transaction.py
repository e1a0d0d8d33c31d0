"""Transactions, the payloads of 23 and 25 (README 3.9): an MCU asks for the update of a board behind it."""

from .errors import LocalError, PeerError
from .fields import Reader, ascii_bytes, counted, number, padded
from .record import Record

CHECK = 0x01
CHECK_RESULT = 0x02
DOWNLOAD = 0x03
DOWNLOAD_RESULT = 0x04

MAX_URL = 255
"""Bytes; the vendor's module program keeps a URL in 256 with the closing zero."""

_BOARD = (("product_key", 32), ("did", 32), ("hardware_version", 8), ("software_version", 8))


class Check(Record):
    """Request 01: is there an update for this board? With `compare` the module decides and fetches it."""

    fields = ("product_key", "did", "hardware_version", "software_version", "compare")

    def __init__(self, *, product_key, did, hardware_version, software_version, compare):
        self.product_key = product_key
        self.did = did
        self.hardware_version = hardware_version
        self.software_version = software_version
        self.compare = compare

    def encode(self):
        """Payload of 23. LocalError when a field does not fit."""
        texts = b"".join([padded(name, getattr(self, name), size) for name, size in _BOARD])
        return bytes((CHECK,)) + texts + bytes((1 if self.compare else 0,))


class Download(Record):
    """Request 03: fetch the file at `url` and hand it over as big data."""

    fields = ("url",)

    def __init__(self, url):
        self.url = url

    def encode(self):
        """Payload of 23. LocalError when the URL is too long or not ASCII."""
        return bytes((DOWNLOAD,)) + _url(self.url)


class CheckResult(Record):
    """Result 02 of a Check with `compare`: is an update `needed`? When it is, big data follows."""

    fields = ("needed",)

    def __init__(self, needed):
        self.needed = needed

    def encode(self):
        """Payload of 25."""
        return bytes((CHECK_RESULT, 1 if self.needed else 0))


class Found(Record):
    """Result 02 of a Check without `compare`: the newest software and where it is; the MCU decides."""

    fields = ("software_version", "url")

    def __init__(self, software_version, url):
        self.software_version = software_version
        self.url = url

    def encode(self):
        """Payload of 25. LocalError when a field does not fit."""
        return bytes((CHECK_RESULT,)) + padded("software_version", self.software_version, 8) + _url(self.url)


class DownloadResult(Record):
    """Result 04 of a Download, and of a Check that failed: `result` 0 is success."""

    fields = ("result",)

    def __init__(self, result):
        self.result = result

    def encode(self):
        """Payload of 25. LocalError when the result is no byte."""
        return bytes((DOWNLOAD_RESULT,)) + number("result", self.result, 1)


def decode_request(payload):
    """Read the payload of 23: a Check or a Download. PeerError when malformed or of another type."""
    reader = Reader("transaction request", payload)
    kind = reader.number("type", 1)
    if kind == CHECK:
        values = {name: reader.text(name, size) for name, size in _BOARD}
        return Check(compare=reader.number("compare", 1) != 0, **values)
    if kind == DOWNLOAD:
        return Download(reader.counted_text("url", 2, MAX_URL))
    raise PeerError("transaction request of unknown type %02X" % kind)


def decode_result(payload):
    """Read the payload of 25: CheckResult, Found or DownloadResult. PeerError as in decode_request()."""
    reader = Reader("transaction result", payload)
    kind = reader.number("type", 1)
    if kind == CHECK_RESULT and reader.left > 1:
        version = reader.text("software_version", 8)
        return Found(version, reader.counted_text("url", 2, MAX_URL))
    if kind == CHECK_RESULT:
        return CheckResult(reader.number("result", 1) != 0)
    if kind == DOWNLOAD_RESULT:
        return DownloadResult(reader.number("result", 1))
    raise PeerError("transaction result of unknown type %02X" % kind)


def _url(url):
    if not url:
        raise LocalError("a transaction needs a url")
    return counted("url", ascii_bytes("url", url), 2, MAX_URL)
