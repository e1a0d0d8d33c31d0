"""Displayed and raw numbers of a data point: y = raw * ratio + addition (README 4.4).

Computed in decimal fractions, so that 3 * 0.1 is 0.3. Needs the double floats of a host; modules never scale.
"""

import math

from .errors import LocalError

MAX_DECIMALS = 12
"""Digits after the point of ratio and addition; what is finer drowns in a double float for 32-bit numbers."""
MAX_FACTOR = 10**12
"""Largest ratio or addition, of either sign; no unit needs more, and a 32-bit number stays a normal float."""


class Scale:
    """Converts raw numbers to display numbers and back; LocalError when ratio or addition cannot be used."""

    def __init__(self, ratio=1, addition=0):
        for number in (ratio, addition):
            if isinstance(number, bool) or not isinstance(number, (int, float)) or number - number != 0:
                raise LocalError("ratio and addition must be finite numbers, not %r" % (number,))
            if abs(number) > MAX_FACTOR:
                raise LocalError("ratio and addition may be %d at most" % MAX_FACTOR)
        digits = max(_decimals(ratio), _decimals(addition))
        if digits > MAX_DECIMALS:
            raise LocalError("ratio and addition may have %d digits after the point" % MAX_DECIMALS)
        self._unit = 10**digits
        self._ratio = _scaled(ratio, digits)
        self._addition = _scaled(addition, digits)
        if self._ratio == 0:
            raise LocalError("ratio must not be 0")

    def display(self, raw):
        """The display number of a raw one: an int when exact, else a float."""
        scaled = raw * self._ratio + self._addition
        if scaled % self._unit == 0:
            return scaled // self._unit
        return scaled / self._unit

    def raw(self, value):
        """The nearest raw number of a finite display number, halves upwards; not clamped to any limits."""
        if value % 1 == 0:
            value = int(value)  # every float too large to be scaled is whole
        scaled = value * self._unit - self._addition
        ratio = self._ratio
        if isinstance(scaled, int):  # exact, however large
            if ratio < 0:
                scaled, ratio = -scaled, -ratio
            return (2 * scaled + ratio) // (2 * ratio)
        return math.floor(scaled / ratio + 0.5)


def _decimals(number):
    """Digits after the point in the shortest text of a number."""
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    _, _, fraction = mantissa.partition(".")
    return max(0, len(fraction.rstrip("0")) - int(exponent or "0"))


def _scaled(number, digits):
    return number * 10**digits if isinstance(number, int) else math.floor(number * 10**digits + 0.5)
