"""Module information, the payloads of 21 and 22 (README 3.8): what the MCU may know of its module."""

from .errors import LocalError, PeerError
from .fields import Reader, number, padded
from .record import Record

BASIC = 0
"""The one kind of question (payload of 21) that is public."""
WIFI = 1
CELLULAR = 2
"""Module types. Only that of Wi-Fi is public: every other is read as cellular."""
MAX_CELLS = 7
"""Cells of a cellular module; generated MCU programs keep as many."""

_VERSIONS = ("protocol_version", "hardware_version", "software_version")
_CELL = 5  # bytes: LAC (2), cell id (2), rssi (1)
_NO_ATTRIBUTES = bytes(8)


class WifiModule(Record):
    """What a Wi-Fi module says of itself: versions, mac (hex without separators), ip (text), attributes."""

    fields = ("protocol_version", "hardware_version", "software_version", "mac", "ip", "attributes")

    def __init__(
        self,
        *,
        protocol_version,
        hardware_version,
        software_version,
        mac,
        ip,
        attributes=_NO_ATTRIBUTES,
    ):
        self.protocol_version = protocol_version
        self.hardware_version = hardware_version
        self.software_version = software_version
        self.mac = mac
        self.ip = ip
        self.attributes = attributes

    def encode(self):
        """Payload of 22, 65 bytes. LocalError when a field does not fit."""
        out = bytearray((WIFI,))
        _write_versions(out, self)
        out.extend(padded("mac", self.mac, 16))
        out.extend(padded("ip", self.ip, 16))
        out.extend(_attributes(self.attributes))
        return bytes(out)


class Cell(Record):
    """A cell in reach: location area code, cell id, and the strength as the modem gives it."""

    fields = ("lac", "cell", "rssi")

    def __init__(self, lac, cell, rssi):
        self.lac = lac
        self.cell = cell
        self.rssi = rssi


class CellularModule(Record):
    """What a cellular module says of itself; `kind` is its module type, `cells` a list of Cell."""

    fields = (
        "kind",
        "protocol_version",
        "hardware_version",
        "software_version",
        "attributes",
        "imei",
        "imsi",
        "mcc",
        "mnc",
        "cells",
    )

    def __init__(
        self,
        *,
        protocol_version,
        hardware_version,
        software_version,
        imei,
        imsi,
        mcc,
        mnc,
        cells=(),
        attributes=_NO_ATTRIBUTES,
        kind=CELLULAR,
    ):
        self.kind = kind
        self.protocol_version = protocol_version
        self.hardware_version = hardware_version
        self.software_version = software_version
        self.attributes = attributes
        self.imei = imei
        self.imsi = imsi
        self.mcc = mcc
        self.mnc = mnc
        self.cells = list(cells)

    def encode(self):
        """Payload of 22. LocalError when a field does not fit."""
        if self.kind == WIFI:
            raise LocalError("kind 1 is a Wi-Fi module")
        if len(self.cells) > MAX_CELLS:
            raise LocalError("%d cells; %d at most" % (len(self.cells), MAX_CELLS))
        out = bytearray(number("kind", self.kind, 1))
        _write_versions(out, self)
        out.extend(_attributes(self.attributes))
        for name, size in (("imei", 16), ("imsi", 16), ("mcc", 8), ("mnc", 8)):
            out.extend(padded(name, getattr(self, name), size))
        out.extend(bytes((len(self.cells), _CELL)))
        for one in self.cells:
            out.extend(number("lac", one.lac, 2) + number("cell", one.cell, 2) + number("rssi", one.rssi, 1))
        return bytes(out)


def encode_request(kind=BASIC):
    """Payload of 21."""
    return number("kind", kind, 1)


def decode_request(payload):
    """The kind of information asked for by 21. PeerError when it is missing."""
    return Reader("a question for module information", payload).number("kind", 1)


def decode(payload):
    """Read the payload of 22: a WifiModule or a CellularModule. PeerError when malformed."""
    reader = Reader("module information", payload)
    kind = reader.number("type", 1)
    values = {name: reader.text(name, 8) for name in _VERSIONS}
    if kind == WIFI:
        values["mac"] = reader.text("mac", 16)
        values["ip"] = reader.text("ip", 16)
        values["attributes"] = reader.take("attributes", 8)
        return WifiModule(**values)
    values["attributes"] = reader.take("attributes", 8)
    for name, size in (("imei", 16), ("imsi", 16), ("mcc", 8), ("mnc", 8)):
        values[name] = reader.text(name, size)
    count = reader.number("the number of cells", 1)
    size = reader.number("the length of cells", 1)
    if count > MAX_CELLS:
        raise PeerError("module information: %d cells, over %d" % (count, MAX_CELLS))
    if count and size not in (_CELL, count * _CELL):  # no source says whether it counts one cell or all
        raise PeerError("module information: cells of %d bytes, not %d" % (size, _CELL))
    values["cells"] = [
        Cell(reader.number("lac", 2), reader.number("cell", 2), reader.number("rssi", 1))
        for _ in range(count)
    ]
    return CellularModule(kind=kind, **values)


def _write_versions(out, module):
    for name in _VERSIONS:
        out.extend(padded(name, getattr(module, name), 8))


def _attributes(attributes):
    if len(attributes) != 8:
        raise LocalError("attributes must be 8 bytes, not %d" % len(attributes))
    return attributes
