"""MicroPython: set-up as the line on stdin orders, one JSON object; tells what happens in JSON lines.

ports: page, name server, apps. seconds: how long. networks: [SSID in hexadecimal, dBm, key, failure], the
last two may be null. Optional: join_ms, ap_password, stop_after_ms.
"""

import asyncio
import gc
import json
import sys
import time
from binascii import unhexlify

from module.loading import drop
from module.status import Status

ORDER = json.loads(sys.stdin.readline())


def tell(**fields):
    print(json.dumps(fields))


class Air:
    """A radio as strict as the real one: one try and one scan at a time, an access point opened once."""

    def __init__(self):
        self.opened = self.busy = False
        self.networks = [
            (unhexlify(name), rssi, key, failure) for name, rssi, key, failure in ORDER["networks"]
        ]

    def open_access_point(self, ssid, key):
        assert not self.opened
        assert 8 <= len(key.encode()) <= 63
        assert 0 < len(ssid.encode()) <= 32
        self.opened = True
        tell(opened=ssid)

    def close_access_point(self):
        assert self.opened
        self.opened = False
        tell(closed=True)

    def want(self, wanted):
        assert wanted
        tell(wanted=True)

    async def scan(self):
        assert not self.busy
        self.busy = True
        await asyncio.sleep_ms(50)
        self.busy = False
        tell(scanned=len(self.networks))
        return [(name, rssi, key is not None) for name, rssi, key, _ in self.networks]

    async def try_join(self, ssid, key, timeout_ms):
        assert self.opened
        assert not self.busy
        assert timeout_ms > 0
        self.busy = True
        await asyncio.sleep_ms(ORDER.get("join_ms", 50))
        self.busy = False
        tell(tried=repr(ssid))
        for name, _, wanted, failure in self.networks:
            if name == (ssid if isinstance(ssid, bytes) else ssid.encode()):
                return failure or (None if (wanted or "") == key else "wrong password")
        return "no such network"


class Kept:
    """Settings that can store a network."""

    mac = "0200000000ab"
    product_key = "0123456789abcdef0123456789abcdef"
    did = "did0000000000000000001"
    ssid = key = None
    ap_password = ORDER.get("ap_password", "a-set-up-password")

    def join(self, ssid, key):
        self.ssid, self.key = ssid, key
        tell(stored=repr(ssid), key=repr(key))


def heap():
    for _ in range(3):
        gc.collect()
    return gc.mem_alloc()


async def tick():
    """The longest time that the loop was kept from this task: the serial link would have waited as long."""
    longest = 0
    while True:
        begun = time.ticks_ms()
        await asyncio.sleep_ms(5)
        late = time.ticks_diff(time.ticks_ms(), begun) - 5
        if late > longest:
            longest = late
            tell(late=late)


async def main(SetUp):
    status = Status(lambda: tell(status=status.word))
    set_up = SetUp(Air(), Kept(), None, status, address="127.0.0.1", ports=ORDER["ports"])
    if "stop_after_ms" in ORDER:
        stopping = asyncio.create_task(stop_later(set_up))  # noqa: F841, RUF006 - kept while it runs
    ticking = asyncio.create_task(tick())
    tell(ended=await set_up.run(ORDER["seconds"]))
    ticking.cancel()


async def stop_later(set_up):
    await asyncio.sleep_ms(ORDER["stop_after_ms"])
    set_up.stop()


def once():
    """Set-up from its import to its end; the heap that is in use afterwards."""
    from module.setup import SetUp  # noqa: PLC0415 - as life loads it

    asyncio.run(main(SetUp))
    del SetUp
    drop("setup")
    asyncio.new_event_loop()
    return heap()


first = once()
for _ in range(ORDER.get("again", 0)):
    tell(heap=once() - first)
tell(left=sorted(name for name in sys.modules if name.startswith("module.")))
