"""MicroPython program: a Lan whose radio finds two networks, and in which a production test runs once.

Arguments: TCP port, UDP port, KB of heap to leave free if not all. Prints a JSON line for each scan, for the
end of the test, and when the heap is filled.
"""

import asyncio
import gc
import json
import sys

from module.lan import Lan
from module.status import Status
from port import unix as port


class Given:
    """Attributes from keywords, as of a configuration and of settings."""

    def __init__(self, **given):
        for name, value in given.items():
            setattr(self, name, value)


class Wifi:
    """Two networks after a while."""

    async def scan(self):
        print(json.dumps({"scan": True}))
        await asyncio.sleep_ms(50)
        return [(b"home", -50, True), ("café".encode(), -80, False)]


def end_test():
    """True the first time."""
    print(json.dumps({"ended": not ended}))
    ended.append(True)
    return len(ended) == 1


async def refuse(data, answer):
    """No command comes here: nobody logs in."""
    raise AssertionError(data, answer)


def fill(leave):
    """Take the heap but for one piece of so many bytes."""
    room = bytearray(leave)
    taken = None
    try:
        while True:
            taken = (bytearray(64), taken)
    except MemoryError:
        pass
    del room
    gc.collect()
    print(json.dumps({"free": gc.mem_free()}))
    return taken


ended = []
config = Given(
    lan_host="127.0.0.1",
    lan_port=int(sys.argv[1]),
    lan_udp_port=int(sys.argv[2]),
    relay_host="relay.example",
    relay_port=80,
)
settings = Given(mac="020000000001", did=None, product_key=None, passcode="ABCDEFGHIJ")
lan = Lan(config, settings, port, Status(lambda: None), info=lambda: None, on_command=refuse)
lan.wifi = Wifi()
lan.end_test = end_test
taken = fill(int(sys.argv[3]) * 1024) if len(sys.argv) > 3 else None


async def main():
    await asyncio.gather(*lan.tasks())


asyncio.run(main())
