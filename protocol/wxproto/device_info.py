"""Device information, the payload of command 02 (README 3.1)."""

from .errors import LocalError, PeerError
from .record import Record

PROTOCOL_VERSION = "00000004"
P0_VERSION = "00000002"
MAX_EXTRA = 1024
"""Bytes of key=value text; names and passwords of a few networks fit many times over."""

_TEXTS = (
    ("protocol_version", 8),
    ("p0_version", 8),
    ("hardware_version", 8),
    ("software_version", 8),
    ("product_key", 32),
)
_BASE = 66  # five texts and the bindable seconds
_ATTRIBUTES = 8
_SECRET = 32


class DeviceInfo(Record):
    """What the MCU says of itself.

    Texts are ASCII without padding; bindable_s is 0 (always bindable) or seconds after power-on. The
    optional tail is attributes (8 bytes), product_secret (text) and extra (text key=value&key=value): None
    where the frame ends before.
    """

    fields = (
        "protocol_version",
        "p0_version",
        "hardware_version",
        "software_version",
        "product_key",
        "bindable_s",
        "attributes",
        "product_secret",
        "extra",
    )

    def __init__(
        self,
        *,
        product_key,
        hardware_version,
        software_version,
        bindable_s=0,
        attributes=None,
        product_secret=None,
        extra=None,
        protocol_version=PROTOCOL_VERSION,
        p0_version=P0_VERSION,
    ):
        self.protocol_version = protocol_version
        self.p0_version = p0_version
        self.hardware_version = hardware_version
        self.software_version = software_version
        self.product_key = product_key
        self.bindable_s = bindable_s
        self.attributes = attributes
        self.product_secret = product_secret
        self.extra = extra

    def shown(self, field):
        """Hide the product secret, and the text that may hold Wi-Fi passwords."""
        if field in ("product_secret", "extra") and getattr(self, field) is not None:
            return "<hidden>"
        return repr(getattr(self, field))

    def options(self):
        """The key=value pairs of `extra` as a dict; a part without "=" is a key with an empty value."""
        pairs = {}
        for part in (self.extra or "").split("&"):
            key, _, value = part.partition("=")
            if key:
                pairs[key] = value
        return pairs

    def encode(self):
        """Payload of command 02, as long as the fields given. LocalError when a field does not fit."""
        out = bytearray()
        for name, size in _TEXTS:
            out.extend(_padded(name, getattr(self, name), size))
        if not 0 <= self.bindable_s <= 0xFFFF:
            raise LocalError("bindable_s must be 0..65535 seconds, not %r" % (self.bindable_s,))
        out.extend(bytes((self.bindable_s >> 8, self.bindable_s & 0xFF)))
        tail = (self.attributes, self.product_secret, self.extra)
        names = ("attributes", "product_secret", "extra")
        for i in (1, 2):
            if tail[i] is not None and tail[i - 1] is None:
                raise LocalError("%s follows %s in the frame: give both" % (names[i], names[i - 1]))
        if self.attributes is not None:
            if len(self.attributes) != _ATTRIBUTES:
                raise LocalError("attributes must be 8 bytes, not %d" % len(self.attributes))
            out.extend(self.attributes)
        if self.product_secret is not None:
            out.extend(_padded("product_secret", self.product_secret, _SECRET))
        if self.extra is not None:
            text = self.extra.encode()
            if len(text) > MAX_EXTRA:
                raise LocalError("extra of %d bytes; %d at most" % (len(text), MAX_EXTRA))
            out.extend(bytes((len(text) >> 8, len(text) & 0xFF)))
            out.extend(text)
        return bytes(out)

    @classmethod
    def decode(cls, payload):
        """Read the payload of command 02 by its remaining length. PeerError when it ends inside a field."""
        payload = bytes(payload)
        if len(payload) < _BASE:
            raise PeerError("device information of %d bytes; %d at least" % (len(payload), _BASE))
        values = {}
        at = 0
        for name, size in _TEXTS:
            values[name] = _text(name, payload[at : at + size])
            at += size
        values["bindable_s"] = payload[at] << 8 | payload[at + 1]
        rest = payload[_BASE:]
        if rest:
            values["attributes"] = _field("attributes", rest, _ATTRIBUTES)
            rest = rest[_ATTRIBUTES:]
        if rest:
            values["product_secret"] = _text("product_secret", _field("product_secret", rest, _SECRET))
            rest = rest[_SECRET:]
        if rest:
            _field("the length of extra", rest, 2)
            size = rest[0] << 8 | rest[1]
            if size > MAX_EXTRA:
                raise PeerError("device information: extra of %d bytes, over %d" % (size, MAX_EXTRA))
            values["extra"] = _text("extra", _field("extra", rest[2:], size), ascii_only=False)
        return cls(**values)


def _padded(name, text, size):
    raw = text.encode()
    if len(raw) > size or len(raw) != len(text):
        raise LocalError("%s must be at most %d ASCII characters" % (name, size))
    return raw + bytes(size - len(raw))


def _field(name, rest, size):
    if len(rest) < size:
        raise PeerError("device information ends inside %s" % name)
    return rest[:size]


def _text(name, raw, ascii_only=True):
    if ascii_only:
        raw = raw.rstrip(b"\x00")
        if raw and max(raw) > 0x7F:
            raise PeerError("device information: %s is not ASCII text" % name)
    try:
        return raw.decode()
    except UnicodeError:
        raise PeerError("device information: %s is not UTF-8 text" % name) from None
