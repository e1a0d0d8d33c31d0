"""P0, the payload that carries data points (README 4): values in, bytes out, and back.

Python values: bool -> bool, enum -> its text (an index is taken too), number -> display int, or float when
not whole, binary -> bytes. A Codec knows one product.
"""

from .actions import (
    CONTROL,
    READ,
    READ_REPLY,
    REPORT,
    TRANSPARENT_DOWN,  # noqa: F401 - constants for users of action()
    TRANSPARENT_UP,  # noqa: F401 - constants for users of action()
    V_CONTROL,
    V_READ,
    V_READ_REPLY,
    V_REPORT,
)
from .errors import LocalError, PeerError
from .product import KINDS, WRITABLE


def action(p0):
    """The action byte of a P0 (constants of this module). PeerError when there is none."""
    if not p0:
        raise PeerError("P0 without an action byte")
    return p0[0]


class Codec:
    """Encodes and decodes the P0 of one product, fixed or variable as the product says."""

    def __init__(self, product):
        self.product = product
        self._points = product.points
        self._writable = [point for point in product.points if point.kind == WRITABLE]
        self._areas = [[point for point in product.points if point.kind == kind] for kind in KINDS]

    def encode_control(self, values):
        """P0 01 or 11 that sets the data points named in the dict `values`; the others stay as they are.

        Numbers are rounded to a raw step and clamped to the limits, binaries padded on the right. LocalError
        names a point that is unknown, read-only or of another type.
        """
        if not values:
            raise LocalError("a control needs at least one data point")
        raws = self._raws(values)
        for name in values:
            if not self.product.point(name).writable:
                raise LocalError("data point %s is read-only" % name)
        if self.product.variable:
            return bytes((V_CONTROL,)) + self._pack_flagged(raws)
        flags = _flags([point.name in raws for point in self._writable])
        return bytes((CONTROL,)) + flags + _pack(self._writable, raws)

    def decode_control(self, p0):
        """Values of the data points that P0 01 or 11 sets. PeerError when malformed or one is read-only."""
        if self.product.variable:
            points, end = self._unpack_flags(p0, V_CONTROL, self._points)
            for point in points:
                if not point.writable:
                    raise PeerError("P0 control of data point %s, which is read-only" % point.name)
            raws, end = _unpack(points, p0, end)
        else:
            points, end = self._unpack_flags(p0, CONTROL, self._writable)
            raws, end = _unpack(self._writable, p0, end)
        _expect_end(p0, end)
        return _values(points, raws)

    def encode_read(self, names=None):
        """P0 02 or 12 that asks for the named data points, all when None; fixed length always asks all."""
        points = self._points if names is None else [self.product.point(name) for name in names]
        if not self.product.variable:
            return bytes((READ,))
        return bytes((V_READ,)) + _flags([point in points for point in self._points])

    def decode_read(self, p0):
        """Names of the data points that P0 02 or 12 asks for, in id order. PeerError when malformed."""
        if self.product.variable:
            points, end = self._unpack_flags(p0, V_READ, self._points)
        else:
            self._expect_action(p0, (READ,))
            points, end = self._points, 1
        _expect_end(p0, end)
        return [point.name for point in points]

    def encode_report(self, values, reply=False):
        """P0 04 or 14 (reply: 03 or 13) with the data points of `values`; fixed length needs every one."""
        raws = self._raws(values)
        if self.product.variable:
            return bytes((V_READ_REPLY if reply else V_REPORT,)) + self._pack_flagged(raws)
        missing = [point.name for point in self._points if point.name not in raws]
        if missing:
            raise LocalError("a fixed-length report needs every data point; missing: %s" % ", ".join(missing))
        out = bytes((READ_REPLY if reply else REPORT,))
        for area in self._areas:
            out += _pack(area, raws)
        return out

    def decode_report(self, p0):
        """Values of a report or read reply (03, 04, 13, 14); a variable one holds some data points only.

        PeerError when malformed. What follows the points of a variable read reply is ignored: generated MCU
        programs always send the longest reply.
        """
        if self.product.variable:
            self._expect_action(p0, (V_READ_REPLY, V_REPORT))
            points, end = self._unpack_flags(p0, p0[0], self._points)
            raws, end = _unpack(points, p0, end)
            if p0[0] == V_REPORT:
                _expect_end(p0, end)
            return _values(points, raws)
        self._expect_action(p0, (READ_REPLY, REPORT))
        raws = {}
        end = 1
        for area in self._areas:
            found, end = _unpack(area, p0, end)
            raws.update(found)
        _expect_end(p0, end)
        return _values(self._points, raws)

    def _raws(self, values):
        return {name: raw_value(self.product.point(name), value) for name, value in values.items()}

    def _pack_flagged(self, raws):
        present = [point for point in self._points if point.name in raws]
        return _flags([point.name in raws for point in self._points]) + _pack(present, raws)

    def _unpack_flags(self, p0, wanted, points):
        """The points whose flag bits are set, and where the flags end; bits beyond the points are ignored."""
        self._expect_action(p0, (wanted,))
        end = 1 + (len(points) + 7) // 8
        if len(p0) < end:
            raise PeerError("P0 %02X ends inside its flags" % p0[0])
        bits = int.from_bytes(bytes(p0[1:end]), "big")
        return [point for i, point in enumerate(points) if bits >> i & 1], end

    def _expect_action(self, p0, wanted):
        if action(p0) not in wanted:
            raise PeerError(
                "P0 action %02X where product %s (%s length) needs %s"
                % (
                    p0[0],
                    self.product.name,
                    "variable" if self.product.variable else "fixed",
                    " or ".join(["%02X" % one for one in wanted]),
                )
            )


def raw_value(point, value):
    """What goes on the wire for a Python value: an int, or bytes for binary. LocalError if it cannot be."""
    if point.data_type == "binary":
        return _raw_binary(point, value)
    if point.data_type == "enum":
        return _raw_enum(point, value)
    if point.data_type == "bool":
        if value is True or value is False or (isinstance(value, int) and value in (0, 1)):
            return int(value)
        raise LocalError("data point %s is a bool, not %r" % (point.name, value))
    if value is True or value is False or not isinstance(value, (int, float)) or value - value != 0:
        raise LocalError("data point %s is a number, not %r" % (point.name, value))
    return min(max(point.scale.raw(value), point.minimum), point.maximum)


def _raw_binary(point, value):
    if not isinstance(value, (bytes, bytearray)):
        raise LocalError("data point %s is binary: give bytes" % point.name)
    if len(value) > point.len:
        raise LocalError("data point %s takes %d bytes, not %d" % (point.name, point.len, len(value)))
    return bytes(value) + bytes(point.len - len(value))


def _raw_enum(point, value):
    if isinstance(value, str) and value in point.values:
        return point.values.index(value)
    if isinstance(value, int) and value is not True and value is not False and 0 <= value < len(point.values):
        return value
    raise LocalError("data point %s is one of %s, not %r" % (point.name, ", ".join(point.values), value))


def _values(points, raws):
    return {point.name: _value(point, raws[point.name]) for point in points}


def _value(point, raw):
    if point.data_type == "bool":
        return raw == 1
    if point.data_type == "enum":
        if raw >= len(point.values):
            raise PeerError("data point %s has no value %d; is this the MCU's product?" % (point.name, raw))
        return point.values[raw]
    return point.scale.display(raw) if point.is_number else raw


def _flags(chosen):
    """Flag bytes of a list of bools: one big-endian number whose bit k is chosen[k]."""
    bits = 0
    for i, one in enumerate(chosen):
        if one:
            bits |= 1 << i
    return bits.to_bytes((len(chosen) + 7) // 8, "big")


def _pack(points, raws):
    """Bit group, then numbers and binaries, of the points in order; one without raw value is zeros."""
    bits = 0
    used = 0
    tail = bytearray()
    for point in points:
        raw = raws.get(point.name)
        if point.is_bits:
            bits |= (raw or 0) << used
            used += point.len
        elif point.is_number:
            tail.extend((raw or 0).to_bytes(point.len, "big"))
        else:
            tail.extend(raw or bytes(point.len))
    return bits.to_bytes((used + 7) // 8, "big") + bytes(tail)


def _unpack(points, p0, at):
    """Raw values by name of the points in order from p0[at] on, and where they end."""
    used = sum([point.len for point in points if point.is_bits])
    end = at + (used + 7) // 8
    bits = int.from_bytes(bytes(p0[at:end]), "big")
    raws = {}
    for point in points:
        if point.is_bits:
            raws[point.name] = bits & (1 << point.len) - 1
            bits >>= point.len
        else:
            piece = bytes(p0[end : end + point.len])
            raws[point.name] = int.from_bytes(piece, "big") if point.is_number else piece
            end += point.len
    if end > len(p0):
        raise PeerError("P0 %02X of %d bytes; its data points need %d at least" % (p0[0], len(p0), end))
    return raws, end


def _expect_end(p0, end):
    if len(p0) != end:
        raise PeerError("P0 %02X of %d bytes, not %d; is this the MCU's product?" % (p0[0], len(p0), end))
