"""The module's clock on a chip that starts in 2000: set by SNTP before the first connection, then every day.

Certificates are good or bad by this clock. A clock that shows less than the build of this software is set to
it, so that the certificates of then are good even where no time server can be reached.
"""

import asyncio

from micropython import const

from module.backoff import Backoff
from module.console import say
from module.loading import drop, rare
from module.version import BUILT

_EVERY_MS = const(86_400_000)  # a crystal of 20 ppm is wrong by 2 s then
_JITTER_MS = const(3_600_000)  # earlier by up to so much: not all modules ask at one time
_RETRY_MS = const(60_000)  # ceiling of the wait after no server answered; it doubles each time
_RETRY_CAP_MS = const(3_600_000)
_SPACING_MS = const(15_000)  # no server is asked more often (RFC 5905, 14)
_OFF_S = const(2)  # the relay's time is in whole seconds and a round trip old


class Timekeeper:
    """Sets a chip's clock, a PC's is `kept` by its host; `known` when somebody told the time.

    `servers` as for sntp.ask(), None for its own.
    """

    def __init__(self, servers, port):
        self._servers = servers
        self._port = port
        self._task = None
        self._asked = asyncio.Event()
        self.kept = port.radio() is None  # a clock kept over a restart may be right or wrong
        self.known = self.kept

    @property
    def asked(self):
        """True when the time servers were asked once, or need not be."""
        return self.kept or self._asked.is_set()

    @rare
    def begin(self):
        """Ask the servers from now on; call it when there is a network."""
        if self._task is None and not self.kept:
            self._task = asyncio.create_task(self._run())

    async def first(self):
        """Wait until the servers were asked once, whatever came of it."""
        if not self.asked:
            await self._asked.wait()

    @rare
    def correct(self, seconds, source):
        """Take the Unix time that somebody tells who can be believed, if the clock is off."""
        if not self.kept and seconds >= BUILT and abs(seconds - self._port.utc_s()) > _OFF_S:
            self._set(seconds, source)

    async def _run(self):
        port = self._port
        backoff = Backoff(_RETRY_MS, _RETRY_CAP_MS, port.entropy)
        try:
            if port.utc_s() < BUILT:
                port.set_utc(BUILT)
            while True:
                if await self._ask():
                    backoff.reset()
                    wait = _EVERY_MS - int.from_bytes(port.entropy(4), "big") % _JITTER_MS
                else:
                    wait = _SPACING_MS + backoff.next_ms()
                self._asked.set()
                await asyncio.sleep_ms(wait)
        finally:
            self._asked.set()  # whatever happens here, nobody waits for ever

    @rare
    async def _ask(self):
        from module import sntp  # noqa: PLC0415 - dropped after use

        try:
            time_ms, at, server = await sntp.ask(self._servers or sntp.SERVERS, self._port)
        except (OSError, ValueError, MemoryError) as error:
            late = "" if self.known else "; the clock may be late"
            say("time", f"no server: {error}{late}")
            return False
        finally:
            drop("module.sntp", "module.connecting", "module.dns")
        self._set((time_ms + self._port.now_ms() - at + 500) // 1000, server)
        return True

    @rare
    def _set(self, seconds, source):
        off = seconds - self._port.utc_s()
        self._port.set_utc(seconds)
        self.known = True
        say("time", f"clock set by {source}, it was off by {off} s")
