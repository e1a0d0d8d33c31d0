"""What the module knows of its own condition, and the watchdog that is fed while it gets on."""

import asyncio
import gc

from micropython import const

from module import version
from module.console import say
from module.loading import rare

_WATCHDOG_MS = const(60_000)  # without food for so long the chip starts anew
_ROUND_MS = const(1000)  # between two looks at the progress
_STALE_MS = const(40_000)  # a task that must get on did not: longer than the sleeps of link and life


class Health:
    """Watches `link` and `life` by their `beats`, if `guarded` with the watchdog; tells all figures."""

    def __init__(self, port, link, life, wifi, guarded):
        self._port = port
        self._link = link
        self._life = life
        self._wifi = wifi
        self._guarded = guarded
        self._started = port.now_ms()
        self.mcu_version = None
        self.lag_ms = 0  # the longest that the event loop kept this task waiting

    async def watch(self):
        """Feed the watchdog while the link's clock and life get on; the event loop does when this runs.

        Only a unit that is sold has one: it cannot be stopped any more, and Ctrl-C on a bench ends its food.
        """
        port = self._port
        watchdog = port.watchdog(_WATCHDOG_MS) if self._guarded else None
        watched = (self._link, self._life)
        beats = [-1, -1]
        since = [0, 0]
        while True:
            now = port.now_ms()
            for i in (0, 1):
                if watched[i].beats != beats[i]:
                    beats[i] = watched[i].beats
                    since[i] = now
            if watchdog is not None and now - min(since) < _STALE_MS:
                watchdog.feed()
            await asyncio.sleep_ms(_ROUND_MS)
            self.lag_ms = max(self.lag_ms, port.now_ms() - now - _ROUND_MS)

    @rare
    def figures(self):
        """The object of `dev2app/<did>/health`."""
        port, counters, wifi = self._port, self._link.counters, self._wifi
        gc.collect()
        return {
            "version": version.SOFTWARE,
            "mcu_version": self.mcu_version,
            "reset": port.reset_cause(),
            "uptime_s": (port.now_ms() - self._started) // 1000,
            "heap_free": gc.mem_free(),
            "heap_used": gc.mem_alloc(),
            "idf_free": port.idf_heap(),
            "lag_ms": self.lag_ms,
            "signal": port.SIGNAL_LEVEL if wifi is None else wifi.signal(),
            "ip": port.address(),
            "failure": self._life.reason or (wifi and wifi.failure),
            "link": {
                "frames_in": counters.frames_in,
                "frames_out": counters.frames_out,
                "resends": counters.resends,
                "given_up": counters.given_up,
                "bad_frames": counters.bad_frames,
                "round_trip_ms": counters.round_trip_smoothed,
            },
        }

    @rare
    def tell(self):
        """Say on the console what the heap has after a collection, and what the serial link went through."""
        gc.collect()
        say("module", f"heap {gc.mem_alloc() // 1024} KB used, {gc.mem_free() // 1024} KB free")
        counters = self._link.counters
        last, smoothed = counters.round_trip_last, counters.round_trip_smoothed
        trip = "no round trip yet" if last is None else f"round trip {last} ms, {smoothed} ms on average"
        say(
            "link",
            f"{counters.frames_in} frames in, {counters.frames_out} out, {trip}, "
            f"{counters.resends} sent again, {counters.given_up} given up, {counters.repeats} repeats, "
            f"{counters.bad_frames} bad frames, {counters.bad_bytes} bad bytes, {counters.resyncs} resyncs",
        )
