"""MicroPython: cuts the power at every write of a whole update.

argv: boot.py, a free port, release file, offer line, seed. Prints one JSON object: what was cut, and what
went wrong where.
"""

import asyncio
import builtins
import json
import random
import sys

import chip_world as world
import micropython

from module import download, slots, update, version

OLDEST, OLD, NEW = "00009999", "00010000", "00010001"
MAX_BOOTS = 8  # of one chip until the new version is confirmed
TWICE = 4  # every so many cuts have a second one on the way back


async def complete(chip, relay, port):
    """Boot until the new version runs and is confirmed; the slots that were booted."""
    booted = []
    restart = True
    while restart:
        assert len(booted) < MAX_BOOTS, booted
        chip.mount()
        chip.check_slots()
        _, restart = await chip.live(relay, port)
        booted.append(sys.path[0])
    word = slots.read(world.Nvs("wxslot"))
    assert version.SOFTWARE == NEW, version.SOFTWARE
    assert word.state == slots.SETTLED
    assert slots.SLOTS[word.good] == booted[-1]
    return booted


async def record(image, nvs, relay, port):
    """Complete the update from this flash and NVS; (log of the writes, slots booted)."""
    log = []
    world.Nvs.store, world.Nvs.log = dict(nvs), log
    booted = await complete(world.Chip(world.Flash(image, log)), relay, port)
    world.Nvs.log = None
    return log, booted


def after(image, nvs, writes, torn):
    """(flash image, NVS) after these writes, of the last one half when `torn`."""
    flash = world.Flash(image)
    nvs = dict(nvs)
    for number, write in enumerate(writes):
        last = torn and number == len(writes) - 1
        if write[0] is not None:
            flash.apply(write, last)
        elif not last:  # NVS keeps the old entry until the new one is whole
            nvs[write[1]] = write[2]
    return flash.image, nvs


async def main(port, file, line, seed):
    random.seed(seed)
    relay = world.Relay()
    relay.version, relay.line, relay.file = NEW, line, world.read_host(file)
    await relay.serve(port)
    chip = world.Chip(world.Flash(world.factory(OLD)))
    chip.mount()
    world.fill_slot("/b", OLDEST)  # there is something to clear
    start = bytes(chip.flash.image)
    log, booted = await record(start, world.FACTORY, relay, port)

    wrong = []
    cuts = 0
    for number in range(1, len(log) + 1):
        for torn in (True, False):
            image, nvs = after(start, world.FACTORY, log[:number], torn)
            where = f"write {number}{' torn' if torn else ''}"
            try:
                again, _ = await record(image, nvs, relay, port)
                cuts += 1
                if number % TWICE == 0 and again:
                    second = random.randrange(len(again)) + 1
                    where += f", then {second}"
                    image, nvs = after(image, nvs, again[:second], torn)
                    await record(image, nvs, relay, port)
                    cuts += 1
            except (AssertionError, OSError, ValueError, KeyError, ImportError) as error:
                wrong.append(f"{where}: {error!r}")
    commits = sum([write[0] is None for write in log])
    show(
        json.dumps(
            {"booted": booted, "writes": len(log), "commits": commits, "cuts": cuts, "wrong": wrong[:10]}
        )
    )


show = print
builtins.print = lambda *_: None
update.drop = lambda *_: None  # what is loaded stays: compiling it a thousand times would take a minute
download.SYNC_EVERY = 1024  # the release has 3 KB
micropython.kbd_intr(3)
asyncio.run(main(int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
