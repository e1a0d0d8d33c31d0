"""MicroPython: one chip through the steps of a story.

argv: boot.py, a free port, JSON file of steps. A step is one boot; before it come what it says:
    offer [line, file]   the relay offers this file of the PC, to whoever runs another version than the line's
    ranges false, cut N  of the relay: see chip_world.Relay
    remove [paths]       these files of the chip are gone
    junk N               N bytes of the chip are taken
    nvs_fails true       the slot word cannot be written
and `crash` true: the application fails at once; `online` false: it never comes on-line.
Prints one JSON object a step: what was told to the relay, the slot word, and what is where.
"""

import asyncio
import builtins
import json
import os
import sys

import chip_world as world
import micropython

from module import slot_manifest, slots, update

OLD = "00010000"


def prepare(chip, relay, step):
    if "offer" in step:
        line, file = step["offer"]
        relay.line, relay.file = line, world.read_host(file)
        relay.version = line[len("soft_ver=") :].split("&")[0]
    relay.ranges = step.get("ranges", True)
    relay.cut_after = step.get("cut")
    relay.fetched = []
    for path in step.get("remove", ()):
        os.remove(path)
    if "junk" in step:
        with open("/junk", "wb") as file:
            file.write(bytes(step["junk"]))
    world.Nvs.fails = step.get("nvs_fails", False)
    world.Config.online = step.get("online", True)


def there():
    """Version of each slot and the names in the data folder."""
    return [slot_manifest.version_of(slot) for slot in slots.SLOTS], sorted(os.listdir(world.DATA))


async def main(port, steps):
    relay = world.Relay()
    await relay.serve(port)
    chip = world.Chip(world.Flash(world.factory(OLD)))
    world.Nvs.store = dict(world.FACTORY)
    for step in steps:
        chip.mount()
        prepare(chip, relay, step)
        told, restart = [], False
        if step.get("crash"):
            chip.boot()
        else:
            told, restart = await chip.live(relay, port)
        whole, data = there()
        word = slots.read(world.Nvs("wxslot"))
        show(
            json.dumps(
                {
                    "slot": sys.path[0],
                    "told": told,
                    "restart": restart,
                    "word": [word.good, word.left, word.reason],
                    "whole": whole,
                    "data": data,
                    "fetched": relay.fetched,
                }
            )
        )


show = print
builtins.print = lambda *_: None
update.drop = lambda *_: None  # see chip_power_cuts.py
micropython.kbd_intr(3)
asyncio.run(main(int(sys.argv[2]), json.loads(world.read_host(sys.argv[3]))))
