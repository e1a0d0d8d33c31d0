"""Configuration, the payload of command 09 (README 3.6): how the module shall come to a network."""

from .errors import LocalError
from .fields import Reader, ascii_bytes, counted
from .record import Record

SOFTAP = 1
AIRLINK = 2
GIVEN = 4
METHODS = {
    SOFTAP: "soft access point: the phone joins the module's own network",
    AIRLINK: "radio broadcast (AirLink, AirKiss): the phone tells the network on the air",
    GIVEN: "the MCU gives the network",
}
"""Modes and what they mean; any other mode is taken as AIRLINK."""

MAX_SSID = 32
"""Bytes; IEEE 802.11 allows no longer name of a network."""
MAX_PASSWORD = 64
"""Bytes; WPA takes 63 characters, or 64 hex digits."""
MAX_BSSID = 17
"""Bytes; a MAC address as text with separators, the longest form there is."""
MAX_TZ = 64
"""Bytes; the longest names of time zones have about 40."""
MAX_SERVER = 255
"""Bytes; the longest host name has 253, and one byte holds the length."""


class Configuration(Record):
    """What an MCU asks for.

    `mode` as sent; ssid, password, bssid (bytes, no text coding is promised), tz and server (ASCII text)
    only with mode GIVEN, empty where the frame leaves them out.
    """

    fields = ("mode", "ssid", "password", "bssid", "tz", "server")

    def __init__(self, mode, *, ssid=b"", password=b"", bssid=b"", tz="", server=""):
        self.mode = mode
        self.ssid = ssid
        self.password = password
        self.bssid = bssid
        self.tz = tz
        self.server = server

    @property
    def method(self):
        """SOFTAP, AIRLINK or GIVEN: what to do; an unknown mode is AIRLINK, and so is GIVEN without ssid."""
        if self.mode == GIVEN and not self.ssid:
            return AIRLINK
        return self.mode if self.mode in METHODS else AIRLINK

    def encode(self):
        """Payload of command 09. LocalError when a field does not fit, or mode and network do not."""
        if self.mode not in METHODS:
            raise LocalError("mode must be SOFTAP, AIRLINK or GIVEN, not %r" % (self.mode,))
        if self.mode != GIVEN:
            if self.ssid or self.password or self.bssid or self.tz or self.server:
                raise LocalError("a network is given with mode GIVEN only")
            return bytes((self.mode,))
        if not self.ssid:
            raise LocalError("mode GIVEN needs an ssid")
        out = bytearray((self.mode,))
        out.extend(counted("ssid", self.ssid, 1, MAX_SSID))
        out.extend(counted("password", self.password, 1, MAX_PASSWORD))
        out.extend(counted("bssid", self.bssid, 1, MAX_BSSID))
        out.extend(counted("tz", ascii_bytes("tz", self.tz), 1, MAX_TZ))
        out.extend(counted("server", ascii_bytes("server", self.server), 1, MAX_SERVER))
        return bytes(out)

    @classmethod
    def decode(cls, payload):
        """Read the payload of command 09; fields may be missing at its end. PeerError when malformed."""
        reader = Reader("configuration", payload)
        found = cls(reader.number("mode", 1))
        if found.mode != GIVEN:
            return found
        if reader.left:
            found.ssid = reader.counted("ssid", 1, MAX_SSID)
        if reader.left:
            found.password = reader.counted("password", 1, MAX_PASSWORD)
        if reader.left:
            found.bssid = reader.counted("bssid", 1, MAX_BSSID)
        if reader.left:
            found.tz = reader.counted_text("tz", 1, MAX_TZ)
        if reader.left:
            found.server = reader.counted_text("server", 1, MAX_SERVER)
        return found
