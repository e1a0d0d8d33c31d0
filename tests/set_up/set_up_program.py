"""MicroPython: set-up as the line on stdin orders (set_up_air); tells what happens in JSON lines.

ports: page, name server, apps. seconds: how long. Optional: stop_after_ms; again: how often once more, each
time with the heap that is in use afterwards beyond that of the first time.
"""

import asyncio
import gc
import sys
import time

from set_up_air import ORDER, Air, Kept, tell

from module.loading import drop
from module.status import Status


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
    drop("module.setup")
    asyncio.new_event_loop()
    return heap()


first = once()
for _ in range(ORDER.get("again", 0)):
    tell(heap=once() - first)
tell(left=sorted(name for name in sys.modules if name.startswith("module.")))
