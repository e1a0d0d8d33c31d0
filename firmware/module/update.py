"""When the module looks for new software of its own and of the MCU, and who is told how it goes.

The work is done by files that are loaded for it and dropped afterwards: trial.py after the start from a slot,
offer.py for each question to the relay, release.py for what it has, mcu_image.py while there is an image for
the MCU. This one stays.
"""

import os
import sys

from micropython import const

from module.backoff import Backoff
from module.console import say
from module.loading import drop, rare
from module.wake import Wake
from wxproto.errors import PeerError

_MODULE = const(1)  # kinds of software, as GAgent numbers them
_MCU = const(2)
KINDS = (_MODULE, _MCU)
_KNOWN = (None, "module", "MCU")
IMAGE = "/mcu.img"  # in the data folder: what the relay has for the MCU
_SETTLE_MS = const(5000)  # after connecting: the MCU's state and what waits for apps go first...
_SPREAD_MS = const(50_000)  # ...and the modules that a relay's restart brings back do not all ask at once
_SPACING_MS = const(1000)  # the relay may say as often as it likes that there is something new
_AGAIN_MS = const(30_000)  # ceiling of the wait after a download that was cut off...
_AGAIN_CAP_MS = const(1_800_000)  # ...and the highest one
_MAX_REASON = const(200)  # characters; the relay takes 255
_QUIET_MS = const(60_000)  # longest sleep; it is woken when something happens
_FOR_IMAGE = ("module.mcu_image", "module.manifest", "module.journal")
_FOR_MCU = ("module.mcu_update", "wxproto.data_sender", "wxproto.big_data", "wxproto.fields")
_FOR_OFFER = ("module.offer", "module.manifest", "module.relay_http")
_FOR_RELEASE = (
    "module.release",
    "module.download",
    "module.install",
    "module.archive",
    "module.slot_manifest",
    "module.slots",
    "module.journal",
)
_FOR_TRIAL = ("module.trial", "module.slot_manifest", "module.slots", "module.journal")


class Update:
    """`link` is the Link to the MCU, `uplink` the Uplink; `on_restart(after_ms)` ends the program.

    The other public names are for the files above: `info`, the MCU's device information or None; `in_slot`,
    true when the application runs from one; `looking`, while a question is under way; `mcu`, the McuUpdate
    while there is an image, and `has_image` when it is still to be offered.
    """

    def __init__(self, config, settings, port, link, uplink, *, on_restart):
        self.config = config
        self.settings = settings
        self.port = port
        self.link = link
        self.uplink = uplink
        self.on_restart = on_restart
        self.online_since = None
        self.info = self.mcu = None
        self.looking = self.has_image = False
        self.in_slot = sys.path[0] in ("/a", "/b") and port.slot_store() is not None
        self._settled = False
        self._wanted = set()  # kinds that the relay has something new of
        self._looked = -_SPACING_MS  # time of the last look
        self._due = None  # time of the next look at both; None: it waits for the next connection
        self._backoff = Backoff(_AGAIN_MS, _AGAIN_CAP_MS, port.entropy)
        self._changed = Wake()

    @rare
    def connected(self, online):
        """Take that the uplink has come or gone."""
        now = self.port.now_ms()
        self.online_since = now if online else None
        if online and self._due is None:
            self._due = now + _SETTLE_MS + self._random(_SPREAD_MS)
        self._changed.set()

    def notice(self, kind):
        """Take that the relay has something new of `kind` (service message 0211)."""
        self._wanted.add(kind)
        self._changed.set()

    @rare
    def begin(self, info):
        """Take the device information of an MCU that has come up."""
        self.info = info
        if self._settled:
            self._offer()

    def take(self, asked):
        """Take a command of the MCU; False when it belongs to no update."""
        return self.mcu is not None and self.mcu.take(asked)

    async def run(self):
        """Serve for ever."""
        if self.in_slot:
            await self._settle()
        self._settled = True  # a trial has the heap for itself until then
        self._offer()
        while True:
            await self._until_due()
            self._plan(await self._look())

    async def _settle(self):
        """See to it, once after the start, that the slot of this application is confirmed or left."""
        try:
            from module import trial  # noqa: PLC0415 - dropped after use

            await trial.settle(self)
        except (OSError, MemoryError) as error:
            say("update", f"the slots stay as they are until the next start: {error or 'no heap'}")
        trial = None
        drop(*_FOR_TRIAL)

    async def _look(self):
        """Ask the relay and take what it has; True when that went well."""
        kinds = self._wanted or KINDS
        self._wanted = set()
        self.looking = True
        done = True
        for kind in KINDS:
            if kind in kinds and self._has(kind):
                done = await self._serve(kind) and done
        self.looking = False
        return done

    def _has(self, kind):
        """True when software of that kind is the relay's business."""
        if kind == _MODULE:
            return self.in_slot
        return self.info is not None and not self.config.product and not self.config.mcu_image

    async def _serve(self, kind):
        """Take what the relay has of `kind`, if it is higher; False to try again soon."""
        version = offer = release = None
        if not self._put_by() and kind == _MODULE:
            say("update", "module: the MCU is being updated; later")
            return False
        try:
            from module import offer  # noqa: PLC0415 - gone before the file is fetched

            offered = await offer.ask(self, kind)
            offer = None
            drop(*_FOR_OFFER)
            if offered is not None:
                version = offered.version
                if offered.refusal:
                    raise PeerError(offered.refusal)
                from module import release  # noqa: PLC0415 - 10 KB of heap, for a minute

                await release.take(self, offered)
        except PeerError as error:
            self.tell(kind, version, "failed", 0, str(error))
        except (OSError, ValueError, MemoryError) as error:  # ValueError: what TLS raises
            say("update", f"{_KNOWN[kind]}: {error or type(error).__name__}; later")
            return False
        finally:
            offer = release = None
            drop(*_FOR_OFFER, *_FOR_RELEASE)
        return True

    def _put_by(self):
        """Give back the heap of an update of the MCU that has ended: it is offered anew when the MCU starts.

        False while it goes on: two updates at a time are more than the heap has.
        """
        if self.mcu is not None and self.mcu.busy:
            return False
        self.mcu = None
        drop(*_FOR_MCU)
        return True

    def tell(self, kind, version, state, percent, reason=None):
        """Tell console and relay how it goes with `version`; `state` is one of those in README."""
        try:
            self._tell(kind, version or "unknown", state, percent, reason and reason[:_MAX_REASON])
        except MemoryError:
            say("update", f"{_KNOWN[kind]} {version}: {state}, and no heap to tell it")

    @rare
    def _tell(self, kind, version, state, percent, reason):
        how = f": {reason}" if reason else f", {percent} %"
        say("update", f"{_KNOWN[kind]} {version}: {state}{how}")
        self.uplink.publish_update(
            {
                "type": kind,
                "version": version,
                "state": state,
                "percent": percent,
                "reason": reason,
            }
        )

    def follow(self, version, state, percent, reason):
        """Take how the McuUpdate gets on."""
        self.tell(_MCU, version, state, percent, reason)
        if state == "installed" and not self.config.mcu_image:
            try:
                self._count()
            except MemoryError:
                say("update", "this try is not counted: no heap")

    @rare
    def _count(self):
        from module import mcu_image  # noqa: PLC0415 - see above

        mcu_image.count(self.config.data)
        del mcu_image
        drop(*_FOR_IMAGE)

    async def sleep(self, milliseconds):
        """Wait until something changes, or no longer than that."""
        await self._changed.wait(min(milliseconds, _QUIET_MS))

    @rare
    def _offer(self):
        """Hand the MCU the image that is here for it, unless it runs that already."""
        if self.info is None:
            return
        try:
            if not (self.config.mcu_image or self.mcu):
                os.stat(self.config.data + IMAGE)
            from module import mcu_image  # noqa: PLC0415 - only with an image

            self.mcu = mcu_image.offer(self)
        except OSError as error:
            if error.errno != 2:  # ENOENT: there is none
                say("update", f"the image for the MCU waits: {error}")
        except MemoryError:
            self.has_image = True
            say("update", "the image for the MCU waits: no heap")
        drop(*_FOR_IMAGE)
        if self.mcu is None:
            drop(*_FOR_MCU)

    async def _until_due(self):
        while True:
            if self.has_image:
                self.has_image = False
                self._offer()
            wait = _QUIET_MS
            if self.online_since is not None:
                now = self.port.now_ms()
                wait = (self._looked + _SPACING_MS if self._wanted else self._due) - now
                if wait <= 0:
                    return
            await self.sleep(_SPACING_MS if self.has_image else wait)

    @rare
    def _plan(self, done):
        if done:
            self._backoff.reset()
            period = int(self.config.update_s * 1000)
            wait = period - period // 10 + self._random(period // 5)
        else:
            wait = self._backoff.next_ms()
        self._looked = self.port.now_ms()
        gone = not done and self.online_since is None
        self._due = None if gone else self.port.now_ms() + wait

    def _random(self, below):
        return int.from_bytes(self.port.entropy(4), "big") % max(1, below)
