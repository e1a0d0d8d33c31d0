"""Fields of a payload, read and written in order: numbers, padded texts, bytes behind their length.

Every payload of this protocol grew by fields at its end, so bytes after the last known field are ignored.
"""

from .errors import LocalError, PeerError


class Reader:
    """Takes the fields of `payload` from front to back; `what` names the payload in errors.

    Every method raises PeerError when the payload ends inside the field called `name`.
    """

    def __init__(self, what, payload):
        self._what = what
        self._payload = bytes(payload)
        self._at = 0

    @property
    def left(self):
        """Number of bytes not yet taken."""
        return len(self._payload) - self._at

    def take(self, name, size):
        """The next `size` bytes."""
        if self.left < size:
            raise PeerError("%s ends inside %s" % (self._what, name))
        self._at += size
        return self._payload[self._at - size : self._at]

    def number(self, name, size):
        """An unsigned number of `size` bytes."""
        return int.from_bytes(self.take(name, size), "big")

    def text(self, name, size):
        """ASCII text padded with zeros to `size` bytes. PeerError when it is not ASCII."""
        return self._text(name, self.take(name, size).rstrip(b"\x00"))

    def counted(self, name, length_size, limit):
        """Bytes behind their length of `length_size` bytes. PeerError when they are more than `limit`."""
        size = self.number("the length of " + name, length_size)
        if size > limit:
            raise PeerError("%s: %s of %d bytes, over %d" % (self._what, name, size, limit))
        return self.take(name, size)

    def counted_text(self, name, length_size, limit):
        """ASCII text behind its length. PeerError when it is longer than `limit` bytes or not ASCII."""
        return self._text(name, self.counted(name, length_size, limit))

    def rest(self):
        """All bytes that are left."""
        return self.take("", self.left)

    def _text(self, name, raw):
        if raw and max(raw) > 0x7F:
            raise PeerError("%s: %s is not ASCII text" % (self._what, name))
        return raw.decode()


def number(name, value, size):
    """`value` as an unsigned number of `size` bytes. LocalError when it does not fit."""
    if not 0 <= value < 1 << 8 * size:
        raise LocalError("%s must be 0..%d, not %r" % (name, (1 << 8 * size) - 1, value))
    return value.to_bytes(size, "big")


def padded(name, text, size):
    """ASCII `text`, padded with zeros to `size` bytes. LocalError when it is longer or not ASCII."""
    raw = text.encode()
    if len(raw) > size or len(raw) != len(text):
        raise LocalError("%s must be at most %d ASCII characters" % (name, size))
    return raw + bytes(size - len(raw))


def counted(name, raw, length_size, limit):
    """`raw` behind its length of `length_size` bytes. LocalError when it is longer than `limit`."""
    if len(raw) > limit:
        raise LocalError("%s of %d bytes; %d at most" % (name, len(raw), limit))
    return number("the length of " + name, len(raw), length_size) + bytes(raw)


def ascii_bytes(name, text):
    """The bytes of an ASCII text. LocalError when it is none."""
    raw = text.encode()
    if len(raw) != len(text):
        raise LocalError("%s must be ASCII text" % name)
    return raw
