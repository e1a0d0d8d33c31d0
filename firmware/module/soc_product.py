"""A product that runs on the module itself: the base of the classes of `wxlink codegen --for micropython`.

Values are display values, as people see them: bool, the text of an enum, a number, bytes. A chip whose
floats are single keeps about seven digits of a number that is scaled.
"""

from wxproto.p0 import Codec, raw_value
from wxproto.product import UINTS, Point, Product


class SocProduct:
    """The state of one product. A subclass by codegen names its data points, the maker's subclass of it acts.

    Setting a data point stores its nearest possible value, and the module reports it by README 3.4: what is
    writable, a bool or an enum at once, a read-only number or binary every 6 s at most. LocalError when it
    cannot be set to that value.
    """

    NAME = KEY = ""
    VARIABLE = False
    POINTS = ()  # (name, kind, data type, texts of an enum | (min, max, ratio, addition) | bytes of a binary)
    HARDWARE_VERSION = "00000001"
    SOFTWARE_VERSION = "00000001"
    BINDABLE_S = 0  # seconds after power-on in which users may bind; 0: always

    def __init__(self):
        points = [_point(i, row) for i, row in enumerate(self.POINTS)]
        self.codec = Codec(Product(self.NAME, self.KEY, self.VARIABLE, points))
        self.values = {point.name: _first(point) for point in points}
        self.soc = None  # set by Soc, while the product is served

    def on_control(self, name, value):
        """A user set the data point; it has the value already. The maker's class does what it means."""

    def on_transparent(self, data):
        """Transparent data came from an app."""

    def on_status(self, word):
        """The module's status changed: bits of wxproto.meanings.STATUS_BITS."""

    async def run(self):
        """The product's own work, side by side with the module's; it may end. It must not block."""

    def report(self):
        """Report everything at once."""
        if self.soc is not None:
            self.soc.report_all()

    def send(self, data):
        """Send transparent data to the apps. LocalError when too much waits already."""
        if self.soc is not None:
            self.soc.send(data)

    async def ask(self, cmd, payload=b""):
        """Ask the module what an MCU may ask (README 3): the answer's payload, or None when there is none."""
        return None if self.soc is None else await self.soc.ask(cmd, payload)

    def store(self, index, value):
        """Set the data point with this id."""
        point = self.codec.product.points[index]
        self.values[point.name] = _settled(point, value)
        if self.soc is not None:
            self.soc.wake()

    def take_control(self, p0):
        """Store what a control sets; gives it as a dict, in id order. PeerError when it is malformed."""
        asked = self.codec.decode_control(p0)
        for name, value in asked.items():
            asked[name] = self.values[name] = _settled(self.codec.product.point(name), value)
        return asked


def _point(index, row):
    name, kind, data_type, more = row
    numbers = more if data_type in UINTS else (None,) * 4
    values = list(more) if data_type == "enum" else []
    if data_type == "enum":
        size = 1
        while 1 << size < len(values):
            size += 1
    else:
        size = more if data_type == "binary" else UINTS.get(data_type, 1)
    return Point(
        id=index,
        name=name,
        display_name=name,
        desc="",
        kind=kind,
        data_type=data_type,
        len=size,
        values=values,
        minimum=numbers[0],
        maximum=numbers[1],
        ratio=numbers[2],
        addition=numbers[3],
        display_name_en=None,
        values_en=None,
        unit="",
    )


def _first(point):
    """The value before anything was set: off, the first text, the lowest raw number, zeros."""
    if point.is_number:
        return point.scale.display(point.minimum)
    return _settled(point, b"" if point.data_type == "binary" else 0)


def _settled(point, value):
    """The value that goes over the wire for this one: rounded to a step, clamped, padded."""
    raw = raw_value(point, value)
    if point.is_number:
        return point.scale.display(raw)
    if point.data_type == "enum":
        return point.values[raw]
    return raw == 1 if point.data_type == "bool" else raw
