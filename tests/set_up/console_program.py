"""MicroPython: a module's console; the first line of stdin orders what is in the air, see set_up_air.

production: true for a product that is sold. factory: names of the factory data that there are.
"""

import asyncio
import select
import sys

from set_up_air import ORDER, Air, Kept, tell

from module.console_reader import ConsoleReader
from port import unix


class Port:
    """The unix port with a console and factory data."""

    now_ms = staticmethod(unix.now_ms)
    utc_s = staticmethod(unix.utc_s)

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def no_interrupt(self):
        tell(ready=True)

    def console_read(self):
        data = b""
        while len(data) < 64 and self._poll.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                sys.exit(0)
            data += byte
        return data

    def factory(self, name):
        return b"x" * 32 if name in ORDER.get("factory", ()) else None

    def reset_cause(self):
        return "power-on"


reader = ConsoleReader(
    Port(),
    Air(),
    Kept(),
    on_network=lambda: tell(told=True),
    production=ORDER.get("production", False),
)
try:
    asyncio.run(reader.run())
except KeyboardInterrupt:
    tell(interrupted=True)
