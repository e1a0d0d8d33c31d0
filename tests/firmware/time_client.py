"""MicroPython: a module's clock that starts in 2000, set by the servers of argv[1]; prints what it shows."""

import asyncio
import sys
import time

from module.timekeeper import Timekeeper
from port import unix


class Chip:
    """The unix port with the clock of a chip: it starts in 2000 and runs as the host's does."""

    entropy = staticmethod(unix.entropy)
    known_host = staticmethod(unix.known_host)
    name_servers = staticmethod(unix.name_servers)
    now_ms = staticmethod(unix.now_ms)

    def __init__(self):
        self.set_utc(946684800)

    def radio(self):
        return "a chip has one"

    def set_utc(self, seconds):
        self._offset = seconds - time.time()

    def utc_s(self):
        return int(self._offset + time.time() + 0.5)


async def tick():
    while True:
        await asyncio.sleep_ms(20)
        ticks.append(1)


async def main():
    chip = Chip()
    keeper = Timekeeper(sys.argv[1], chip)
    ticking = asyncio.create_task(tick())
    print("before", chip.utc_s(), keeper.known)
    keeper.begin()
    await keeper.first()
    print("after", chip.utc_s(), keeper.known)
    keeper.correct(chip.utc_s() + 1, "a relay that is as good")
    keeper.correct(1, "a relay of 1970")
    print("kept", chip.utc_s())
    keeper.correct(2200000000, "a relay")
    print("corrected", chip.utc_s(), keeper.known)
    print("ticks", len(ticks), "sntp" in dir(sys.modules["module"]))
    ticking.cancel()


ticks = []
asyncio.run(main())
