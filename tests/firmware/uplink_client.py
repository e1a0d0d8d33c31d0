"""MicroPython: the uplink alone, driven by JSON lines on stdin, telling JSON lines on stdout.

Argument: file of the configuration. Lines in: {"report": text}, {"health": {}}, {"update": {}},
{"pass": ms of time}, {"end": true} for an orderly end, {"soak": [reports, reconnects]}, which tells the heap
after each connection. Told: {"stage", "reason"}, {"service": hex}, {"restart": ms}, {"heap": bytes}.
"""

import asyncio
import gc
import json
import sys
from binascii import hexlify

from module.config import load
from module.settings import Settings
from module.uplink import Uplink
from port import unix

BURST = 5  # reports made at once; a queue of 16 holds them all


class Port:
    """The unix port, whose time can be made to pass."""

    ahead_ms = 0

    def __getattr__(self, name):
        return getattr(unix, name)

    def now_ms(self):
        return unix.now_ms() + self.ahead_ms


def tell(**fields):
    print(json.dumps(fields))


async def until(check):
    while not check():
        await asyncio.sleep_ms(1)


async def soak(uplink, reports, reconnects):
    """Make so many reports over so many connections, each acknowledged before the next connection."""
    number = 0
    for _ in range(reconnects):
        await until(lambda: uplink.online)
        for _ in range(reports // reconnects // BURST):
            for _ in range(BURST):
                uplink.report(b"\x04" + number.to_bytes(4, "big"))
                number += 1
            await until(lambda: not uplink.waiting)
        uplink.end()
        await uplink.ended()
        gc.collect()
        tell(heap=gc.mem_alloc())
        uplink.begin()


async def take_orders(uplink, port):
    lines = asyncio.StreamReader(sys.stdin)
    while True:
        order = json.loads(await lines.readline())
        if "report" in order:
            uplink.report(order["report"].encode())
        if "health" in order:
            uplink.publish_health(order["health"])
        if "update" in order:
            uplink.publish_update(order["update"])
        port.ahead_ms += order.get("pass", 0)
        if "soak" in order:
            await soak(uplink, *order["soak"])
        if "end" in order:
            uplink.end()
            await uplink.ended()
            return


async def main(path):
    port = Port()
    config = load(path)
    settings = Settings(config.data, port, print)
    settings.use_mac(config.mac)
    settings.use_product("0123456789abcdef0123456789abcdef")

    async def refuse(data, answer):
        pass

    uplink = Uplink(
        config,
        settings,
        port,
        on_online=lambda online: None,
        on_command=refuse,
        on_service=lambda data: tell(service=str(hexlify(data), "ascii")),
        on_stage=lambda name, reason=None: tell(stage=name, reason=reason),
        on_restart=lambda after_ms: tell(restart=after_ms),
    )
    uplink.begin()
    running = asyncio.create_task(uplink.run())
    await take_orders(uplink, port)
    running.cancel()


asyncio.run(main(sys.argv[1]))
