"""The serial ports that boards may be at."""

import os
from collections.abc import Sequence
from typing import Final

from serial.tools.list_ports import comports

from wxlink.flash.problem import FlashError

MAX_PORTS: Final = 64  # what a line of hubs carries; more is a slip of the shell's *


def chosen(given: Sequence[str], *, every: bool) -> list[str]:
    """The ports to work at: those given, or every USB port. Raises FlashError."""
    ports = list(given)
    if every:
        ports = sorted(port.device for port in comports() if port.vid is not None)
        if not ports:
            raise FlashError(
                "no USB serial port is there: plug a board in with a data cable, or name a --port"
            )
    if not ports:
        raise FlashError("name a --port, once for each board, or --all for every USB port")
    if len(ports) > MAX_PORTS:
        raise FlashError(f"{len(ports)} ports at once; {MAX_PORTS} at most")
    seen: dict[str, str] = {}
    for port in ports:
        real = os.path.realpath(port)
        if real in seen:
            raise FlashError(f"{port} and {seen[real]} are one port: name it once")
        seen[real] = port
    return ports
