"""MicroPython: heap and loaded files before, between and after questions to the relay.

argv: boot.py, a free port, offer line, file. The relay has nothing new, then a file that is refused. Prints
one JSON object a question: bytes in use after it, and the files that only updates need.
"""

import asyncio
import builtins
import gc
import json
import sys

import chip_world as world

from module import relay_http, update

ONLY_FOR_UPDATES = update._FOR_OFFER + update._FOR_RELEASE + update._FOR_TRIAL + update._FOR_IMAGE
ONLY_FOR_UPDATES += update._FOR_MCU[:1]


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


async def main(port, line, file):
    relay = world.Relay()
    await relay.serve(port)
    world.Nvs.store = dict(world.FACTORY)
    chip = world.Chip(world.Flash(world.factory("00010000")))
    chip.boot()
    uplink = world.Uplink(lambda: relay_http.Relay("127.0.0.1", port, 5000, world.Port))
    module = update.Update(world.Config, world.Settings, world.Port, None, uplink, on_restart=None)
    task = asyncio.create_task(module.run())
    module.connected(True)
    for number in range(8):
        if number == 4:
            relay.line, relay.file, relay.version = line, world.read_host(file), "none"
        module.notice(1)
        while not module.looking:
            await asyncio.sleep_ms(0)
        loaded = 0
        while module.looking:
            loaded = max(loaded, len([name for name in ONLY_FOR_UPDATES if name in sys.modules]))
            await asyncio.sleep_ms(0)
        left = [name for name in ONLY_FOR_UPDATES if name in sys.modules]
        del uplink.told[:]
        show(json.dumps({"used": used(), "loaded": loaded, "left": left}))
    task.cancel()


show = print
builtins.print = lambda *_: None
asyncio.run(main(int(sys.argv[2]), sys.argv[3], sys.argv[4]))
