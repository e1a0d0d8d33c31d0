"""MicroPython on a simulated chip: the watchdog's keeper watches two tasks, one of which stops after a while.

Twenty times as quick as life.
"""

import asyncio

from module.health import Health
from port import esp32

HURRY = 20
ALIVE_S = 6  # the life of the task that stops; the watchdog would have bitten twice by then


class Port:
    """The chip's, hurried."""

    watchdog = staticmethod(esp32.watchdog)

    def now_ms(self):
        return esp32.now_ms() * HURRY


class Task:
    """Something with beats."""

    beats = 0


async def main():
    link, life = Task(), Task()
    watching = asyncio.create_task(Health(Port(), link, life, None, True).watch())
    print("ready")
    for i in range(ALIVE_S * 10):
        link.beats = life.beats = i
        await asyncio.sleep_ms(100)
    print("the link stands still")
    while not watching.done():
        life.beats += 1
        await asyncio.sleep_ms(100)


asyncio.run(main())
