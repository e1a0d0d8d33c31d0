"""The GoKit board, simulated: what protocol/csdk/examples/gokit/gokit_hardware.c does, in Python."""

from collections.abc import Callable

from wxlink.bench.reports import Value
from wxproto.product import Product

COLDEST, WARMEST = 16, 34  # degrees Celsius
DRIEST, WETTEST = 30, 70  # per cent


class GoKit:
    """Lamp and motor that say what they do, and a room whose temperature and humidity drift.

    values: what the hardware is now, in display values. say: takes one line for the log. seed: the same seed
    gives the same room. drift_ms: milliseconds between two steps. Times are integer milliseconds.
    """

    def __init__(
        self, product: Product, seed: int, drift_ms: int, now: int, say: Callable[[str], None]
    ) -> None:
        self._product = product
        self._random = seed
        self._drift_ms = drift_ms
        self._drifted_at = now
        self._say = say
        self.values: dict[str, Value] = {}
        for point in product.points:
            if point.is_bits:
                self.values[point.name] = point.values[0] if point.values else False
            else:
                self.values[point.name] = 0
        self._temperature = 22 + self._draw(6)
        self._humidity = 45 + self._draw(11)
        self._show_room()

    def control(self, values: dict[str, Value]) -> None:
        """Do what a user asked; numbers beyond their limits are clamped."""
        for name, asked in values.items():
            point = self._product.point(name)
            if isinstance(asked, str):
                self._say(f"hw {name} = {point.values.index(asked)} ({asked})")
                self.values[name] = asked
                continue
            low, high = point.display_minimum, point.display_maximum
            value = asked
            if not isinstance(asked, bytes) and low is not None and high is not None:
                value = min(max(asked, low), high)
            self._say(f"hw {name} = {int(value)}")
            self.values[name] = value

    def measure(self, now: int) -> None:
        """Measure the room: every `drift_ms` it is a little different."""
        while now - self._drifted_at >= self._drift_ms:
            self._drifted_at += self._drift_ms
            self._temperature = self._drift(self._temperature, COLDEST, WARMEST)
            self._humidity = self._drift(self._humidity, DRIEST, WETTEST)
            self._show_room()

    def _show_room(self) -> None:
        self.values["Temperature"] = self._temperature
        self.values["Humidity"] = self._humidity

    def _drift(self, value: int, least: int, most: int) -> int:
        return min(max(value + self._draw(3) - 1, least), most)

    def _draw(self, below: int) -> int:
        self._random = (self._random * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self._random >> 16) % below
