"""MicroPython: looks up the host argv[1] at the name server 127.0.0.1, port argv[2], while a ticker runs."""

import asyncio
import sys

from module import connecting
from port import unix


class Resolver:
    """The unix port, with one name server of the test's."""

    entropy = staticmethod(unix.entropy)
    known_host = staticmethod(unix.known_host)

    def name_servers(self):
        return ["127.0.0.1:" + sys.argv[2]]


async def tick():
    while True:
        await asyncio.sleep_ms(20)
        ticks.append(1)


async def main():
    ticking = asyncio.create_task(tick())
    try:
        print(await asyncio.wait_for_ms(connecting.look_up(sys.argv[1], Resolver()), 3000))
    except ValueError as error:
        print(error)
    ticking.cancel()
    print(len(ticks), "ticks")


ticks = []
asyncio.run(main())
