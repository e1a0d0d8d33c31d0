"""Device information, the payload of command 02 (README 3.1)."""

from .errors import LocalError, PeerError
from .fields import Reader, counted, number, padded
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
            out.extend(padded(name, getattr(self, name), size))
        out.extend(number("bindable_s", self.bindable_s, 2))
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
            out.extend(padded("product_secret", self.product_secret, _SECRET))
        if self.extra is not None:
            out.extend(counted("extra", self.extra.encode(), 2, MAX_EXTRA))
        return bytes(out)

    @classmethod
    def decode(cls, payload):
        """Read the payload of command 02 by its remaining length. PeerError when it ends inside a field."""
        reader = Reader("device information", payload)
        values = {name: reader.text(name, size) for name, size in _TEXTS}
        values["bindable_s"] = reader.number("bindable_s", 2)
        if reader.left:
            values["attributes"] = reader.take("attributes", _ATTRIBUTES)
        if reader.left:
            values["product_secret"] = reader.text("product_secret", _SECRET)
        if reader.left:
            try:
                values["extra"] = reader.counted("extra", 2, MAX_EXTRA).decode()
            except UnicodeError:
                raise PeerError("device information: extra is not UTF-8 text") from None
        return cls(**values)
