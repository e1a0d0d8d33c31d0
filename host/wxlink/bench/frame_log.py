"""The log of the simulated board: frames as on the wire, and lines about what its hardware does."""

import time
from typing import TextIO

from wxproto.commands import DEVICE_INFO
from wxproto.frame import BadFrame, Frame, encode

_SECRET_AT = 2 * (8 + 74)  # first hex digit of the product secret in frame 02, header included
_SECRET_DIGITS = 2 * 32


class Log:
    """One line an event: `<Unix time in ms> <what> ...`."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def line(self, text: str) -> None:
        """Write one line at once."""
        self._output.write(f"{time.time_ns() // 1_000_000} {text}\n")
        self._output.flush()

    def frame(self, direction: str, found: Frame | BadFrame) -> None:
        """`tx FFFF...` or `rx FFFF...` as on the wire, or `bad <reason>`; the product secret is starred."""
        if isinstance(found, BadFrame):
            self.line(f"bad {found.reason}")
            return
        digits = encode(found.cmd, found.sn, found.payload, found.flags).hex().upper()
        if found.cmd == DEVICE_INFO and len(digits) >= _SECRET_AT + _SECRET_DIGITS:
            digits = digits[:_SECRET_AT] + "*" * _SECRET_DIGITS + digits[_SECRET_AT + _SECRET_DIGITS :]
        self.line(f"{direction} {digits}")
