"""The serial pump under MicroPython: the baud rate of the configuration, and the figures on the console."""

import time
from itertools import pairwise

from firmware_ground import Bench

from wxproto.commands import GET_DEVICE_INFO
from wxproto.session import MODULE, Session


async def test_time_outs_know_the_baud_rate_of_the_configuration(bench: Bench, eventually):
    """An MCU that does not answer is asked again sooner on a faster line."""
    slow, fast = (Session(MODULE, baud=baud) for baud in (9600, 115_200))
    for session in (slow, fast):
        session.poll(0)
    slow_ms, fast_ms = slow.next_deadline(), fast.next_deadline()
    assert slow_ms is not None
    assert fast_ms is not None
    assert fast_ms + 200 < slow_ms
    bench.mcu.deaf_to.add(GET_DEVICE_INFO)
    times: list[float] = []

    def asked_often() -> bool:
        while len(times) < bench.mcu.session.counters.frames_in:
            times.append(time.monotonic())
        return len(times) >= 12

    async with bench.module(baud=115_200):
        await eventually(asked_often, every=0.002)
    gaps = [(b - a) * 1000 for a, b in pairwise(times)]
    assert min(gaps) < (slow_ms + fast_ms) / 2


async def test_the_console_tells_what_the_line_went_through(bench: Bench, eventually):
    async with bench.module(status_s=0.3) as module:
        await eventually(lambda: module.said("frames in"))
        (line, *_) = module.said("frames in")
    assert "round trip" in line
    assert "0 bad bytes" in line
    assert "0 given up" in line
