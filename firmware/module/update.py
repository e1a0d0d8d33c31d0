"""When the module looks for new software of its own and of the MCU, and who is told how it goes.

The work is done by files that are loaded for it and dropped afterwards: trial.py after the start from a slot,
release.py for each question to the relay, mcu_image.py while there is an image for the MCU. This one stays.
"""

import asyncio
import os
import sys

from module import version
from module.backoff import Backoff
from module.console import say
from module.loading import drop
from wxproto.errors import LocalError

MODULE, MCU = 1, 2  # kinds of software
IMAGE = "/mcu.img"  # in the data folder: what the relay has for the MCU
SPREAD_MS = 10_000  # after connecting: the modules that a relay's restart brings back do not all ask at once
AGAIN_MS, AGAIN_CAP_MS = 30_000, 1_800_000  # ceilings of the wait after a download that was cut off
RESTART_MS = 2000  # from "installed" to the restart: the broker has the message by then
QUIET_MS = 60_000  # longest sleep; it is woken when something happens
_FOR_IMAGE = "mcu_image manifest journal"
_FOR_RELEASE = "release download manifest install archive slots journal registration"


class Update:
    """`link` is the Link to the MCU, `uplink` the Uplink; `on_restart(after_ms)` ends the program.

    `info` is the MCU's device information, None while it is unknown. What has no docstring is for the files
    above.
    """

    def __init__(self, config, settings, port, link, uplink, *, on_restart):
        self.config = config
        self.settings = settings
        self.port = port
        self.link = link
        self.on_restart = on_restart
        self.online_since = None
        self.info = None
        self.looking = False
        self.relay = None  # registration.Registration, while it is used
        self.has_image = False  # a new one for the MCU
        self.timeout_ms = int(config.connect_timeout_s * 1000)
        self.uplink = uplink
        self._mcu = None  # the McuUpdate, while there is an image
        self._wanted = set()  # kinds that the relay has something new of
        self._due = None  # time of the next look at both; None: it waits for the next connection
        self._backoff = Backoff(AGAIN_MS, AGAIN_CAP_MS, port.entropy)
        self._changed = asyncio.Event()

    def connected(self, online):
        """Take that the uplink has come or gone."""
        now = self.port.now_ms()
        self.online_since = now if online else None
        if online and self._due is None:
            self._due = now + self._random(SPREAD_MS)
        self._changed.set()

    def notice(self, kind):
        """Take that the relay has something new of `kind` (service message 0211)."""
        self._wanted.add(kind)
        self._changed.set()

    def begin(self, info):
        """Take the device information of an MCU that has come up."""
        self.info = info
        self.offer()

    def take(self, asked):
        """Take a command of the MCU; False when it belongs to no update."""
        return self._mcu is not None and self._mcu.take(asked)

    async def run(self):
        """Serve for ever."""
        if self._has_slots():
            await self._settle()
        while True:
            await self._until_due()
            kinds = self._wanted or (MODULE, MCU)
            self._wanted = set()
            self.looking = True
            unfinished = True
            try:
                unfinished = not await self._look(kinds)
            except (MemoryError, LocalError) as error:
                say("update", f"{error or 'no heap'}; later")
            self.looking = False
            self.relay = None
            _drop(_FOR_RELEASE)
            self._plan(unfinished)
            if self.has_image:
                self.has_image = False
                self.offer()

    def offer(self):
        """Hand the MCU the image that is here for it, unless it runs that already."""
        if self.info is None or not (
            self.config.mcu_image or self._mcu or _is_there(self.config.data + IMAGE)
        ):
            return
        try:
            from module import mcu_image  # noqa: PLC0415 - only with an image

            self._mcu = mcu_image.offer(self, self._mcu)
        except (OSError, MemoryError) as error:
            say("update", f"the image for the MCU waits: {error or 'no heap'}")
        _drop(_FOR_IMAGE)
        if self._mcu is None:
            drop("mcu_update")

    def follow(self, what, state, percent, reason):
        self.tell(MCU, what, state, percent, reason)
        if state == "installed" and not self.config.mcu_image:
            try:
                from module import mcu_image  # noqa: PLC0415 - only with an image

                mcu_image.count(self.config.data)
            except (OSError, MemoryError) as error:
                say("update", f"this try is not counted: {error or 'no heap'}")
            _drop(_FOR_IMAGE)

    def withdraw(self):
        if self._mcu is not None:
            self._mcu.withdraw()
            self._mcu = None

    def restart(self):
        self.on_restart(RESTART_MS)

    def tell(self, kind, what, state, percent, reason=None):
        """Tell console and relay how it goes with version `what`; `state` and the rest as in README."""
        name = "module" if kind == MODULE else "MCU"
        why = ": " + reason if reason else ""
        what = what or "unknown"
        say("update", f"{name} {what}: {state}{why or f', {percent} %'}")
        self.uplink.publish_update(
            {"type": kind, "version": what, "state": state, "percent": percent, "reason": reason}
        )

    def versions(self, kind):
        """(hardware, software) version of a kind that is here."""
        if kind == MODULE:
            return version.HARDWARE, version.SOFTWARE
        return self.info.hardware_version, self.info.software_version

    async def sleep(self, milliseconds):
        """Wait until something changes, or no longer than that."""
        try:
            await asyncio.wait_for_ms(self._changed.wait(), max(0, min(milliseconds, QUIET_MS)))
        except asyncio.TimeoutError:
            pass
        self._changed.clear()

    async def _settle(self):
        try:
            from module import trial  # noqa: PLC0415 - once, at the start

            await trial.settle(self)
        except (OSError, MemoryError) as error:
            say("update", f"the slots stay as they are until the next start: {error or 'no heap'}")
        _drop("trial install archive slots manifest journal")

    async def _look(self, kinds):
        """Take what the relay has of these kinds; False when one is to be tried again soon."""
        done = True
        from module import release  # noqa: PLC0415 - 12 KB of heap, for a minute

        for kind in (MODULE, MCU):
            here = self._has_slots() if kind == MODULE else self._has_mcu()
            if here and kind in kinds and not await release.serve(self, kind):
                done = False
        return done

    def _has_slots(self):
        return self.port.slot_store() is not None and sys.path[0] in ("/a", "/b")

    def _has_mcu(self):
        return self.info is not None and not self.config.product and not self.config.mcu_image

    async def _until_due(self):
        while True:
            wait = QUIET_MS
            if self.online_since is not None:
                wait = 0 if self._wanted else self._due - self.port.now_ms()
                if wait <= 0:
                    return
            await self.sleep(wait)

    def _plan(self, unfinished):
        if unfinished:
            wait = self._backoff.next_ms()
        else:
            self._backoff.reset()
            period = int(self.config.update_s * 1000)
            wait = period - period // 10 + self._random(period // 5)
        self._due = self.port.now_ms() + wait
        if unfinished and self.online_since is None:
            self._due = None

    def _random(self, below):
        return int.from_bytes(self.port.entropy(4), "big") % max(1, below)


def _drop(names):
    for name in names.split():
        drop(name)


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
