"""The module's Wi-Fi: joins the stored network and keeps it, scans, tries a network, opens the access point.

`radio` is what the port gives (port/esp32_radio.py): one try at a time and plain words. Nothing here waits
longer than a poll, so the serial link is served meanwhile.
"""

import asyncio

from micropython import const

from module.backoff import Backoff
from module.console import say
from module.loading import rare
from module.wake import Wake

AP_ADDRESS = "10.10.100.254"  # where apps of the vendor's look for a module in set-up
AP_PREFIX = "XPG-GAgent-"  # and the name they look for, with the last 4 hex digits of the MAC address

_POLL_MS = const(100)  # while joining
_WATCH_MS = const(1000)  # while joined
_DOUBTS = const(2)  # a radio that changes its access point has no signal for a moment
_JOIN_MS = const(20_000)  # one try: 3 s to find, 5 s for a slow handshake, 10 s for a slow DHCP server
_SCAN_MS = const(10_000)  # a scan of all channels takes 2 to 3 s, twice that beside an access point
_BASE_MS = const(1000)  # of the waits between tries
_CAP_MS = const(60_000)
_RENEW_AFTER = const(4)  # tries that failed before the radio is switched off and on
_RENEW_BASE_MS = const(60_000)  # of the waits between two such cures asked for from above
_RENEW_CAP_MS = const(1_800_000)
_DBM_A_LEVEL = const(7)  # -50 dBm and better is level 7, below -93 it is 0
_DBM_LOWEST = const(-100)
_LEVEL_MAX = const(7)


class Wifi:
    """`on_change()` is called when `joined` changes.

    joined: True while the module has an address. failure: None, or why it has none: "wrong password",
    "no such network", "no address" (joined without an answer by DHCP), "lost".
    """

    def __init__(self, radio, settings, port, on_change):
        self._radio = radio
        self._settings = settings
        self._port = port
        self._on_change = on_change
        self.joined = False
        self.failure = None
        self._wanted = False
        self._claims = 0  # of scan() and try_join(): the stored network waits for them
        self._stop = False  # the present try of the stored network has become pointless
        self._lock = asyncio.Lock()
        self._changed = Wake()
        self._backoff = Backoff(_BASE_MS, _CAP_MS, port.entropy)
        self._cures = Backoff(_RENEW_BASE_MS, _RENEW_CAP_MS, port.entropy)
        self._cure_at = None
        self._doubts = 0  # looks in a row at which the network seemed lost

    def want(self, wanted):
        """Join the stored network and stay there, or leave it."""
        if wanted != self._wanted:
            self._wanted = wanted
            if wanted:  # what set-up has joined stays
                self._backoff.reset()
                self._changed.set()
            else:
                self.rejoin()

    def rejoin(self):
        """Leave the network and begin anew, with another one that is stored."""
        self._stop = True
        self._backoff.reset()
        self._radio.leave()
        self._set(False, None)
        self._changed.set()

    def signal(self):
        """Strength of the joined network, 0..7."""
        rssi = self._radio.rssi() if self.joined else None
        return 0 if rssi is None else max(0, min(_LEVEL_MAX, (rssi - _DBM_LOWEST) // _DBM_A_LEVEL))

    def address(self):
        """The module's IP address as text, empty without one."""
        return self._radio.address() if self.joined else ""

    async def run(self):
        """Serve for ever."""
        tries = 0
        while True:
            if self._claims:
                await self._changed.wait(_WATCH_MS)
            elif self.joined:  # wanted, or tried by set-up
                tries = 0
                await self._changed.wait(_WATCH_MS)
                self._watch()
            elif not self._wanted or self._settings.ssid is None:
                await self._changed.wait(_WATCH_MS)
            else:
                failure = await self._join_stored()
                if failure is not None:
                    tries += 1
                    if tries % _RENEW_AFTER == 0:
                        self._radio.renew()
                    await self._changed.wait(self._backoff.next_ms())

    @rare
    def cure(self):
        """Switch the radio off and on, for nothing is reached though it says it is joined; not too often."""
        now = self._port.now_ms()
        if self._cure_at is None or now >= self._cure_at:
            self._cure_at = now + self._cures.ceiling_ms
            self._cures.next_ms()
            say("wifi", "nothing is reached: the radio is switched off and on")
            self._radio.renew()
            self._set(False, "lost")
            self._changed.set()

    def cured(self):
        """Something was reached."""
        self._cures.reset()
        self._cure_at = None

    @rare
    async def scan(self):
        """[(ssid in bytes, dBm, True when a key is needed)], strongest first, each name once.

        Hidden ones are left out. A name is mostly UTF-8; old routers use GBK.
        """
        self._claims += 1
        await self._lock.acquire()
        try:
            if not self.joined:
                self._radio.leave()  # the radio does not scan while it joins
            self._radio.scan()
            found = await self._poll(self._radio.scanned, _SCAN_MS)
        finally:
            self._free()
        best = {}
        for ssid, rssi, secure in found or ():
            if ssid and (ssid not in best or best[ssid][0] < rssi):
                best[ssid] = rssi, secure
        rows = [(ssid, rssi, secure) for ssid, (rssi, secure) in best.items()]
        rows.sort(key=lambda row: -row[1])
        return rows

    @rare
    async def try_join(self, ssid, key, timeout_ms=_JOIN_MS):
        """Join this network, text or bytes, in place of the stored one: None or the failure.

        The access point stays, if it is open.
        """
        self._claims += 1
        await self._lock.acquire()
        try:
            return await self._attempt(ssid, key, timeout_ms)
        finally:
            self._free()

    @rare
    def open_access_point(self, ssid, key):
        """Open the module's own network. OSError when the radio refuses."""
        self._radio.open_ap(ssid, key, AP_ADDRESS)

    @rare
    def close_access_point(self):
        """Close it."""
        self._radio.close_ap()

    # Inside

    @rare
    def _free(self):
        self._lock.release()
        self._claims -= 1
        self._changed.set()

    @rare
    async def _join_stored(self):
        settings = self._settings
        async with self._lock:
            if self._claims:
                return None
            self._stop = False
            failure = await self._attempt(settings.ssid, settings.key, _JOIN_MS, True)
        if self._stop or self._claims:
            self._set(self.joined, None)
            return None
        if failure is not None:
            say("wifi", f"cannot join: {failure}; next try within {self._backoff.ceiling_ms} ms")
        return failure

    @rare
    async def _attempt(self, ssid, key, timeout_ms, stored=False):
        """Try to join: None or the failure. A try of the stored network makes room for what else is due."""
        self._set(False, self.failure)
        try:
            self._radio.join(ssid, key)
        except OSError as error:
            say("wifi", f"the radio refuses: {error}")
            self._radio.renew()
            self._set(False, "lost")
            return "lost"

        def settled():
            if stored and (self._claims or self._stop):
                return "joining"
            state = self._radio.state()
            return None if state == "joining" else state

        state = await self._poll(settled, timeout_ms)
        if state == "joined":
            self._backoff.reset()
            self._doubts = 0
            self._set(True, None)
            say("wifi", f"joined, address {self._radio.address()}")
            return None
        if state in (None, "joining"):
            state = "no address" if self._radio.associated() else "no such network"
        self._radio.leave()
        self._set(False, state)
        return state

    def _watch(self):
        if self._radio.state() == "joined":
            self._doubts = 0
        elif self.joined:
            self._doubts += 1
            if self._doubts >= _DOUBTS:
                say("wifi", "the network is lost")
                self._set(False, "lost")

    def _set(self, joined, failure):
        self.failure = failure
        if joined != self.joined:
            self.joined = joined
            self._on_change()

    @rare
    async def _poll(self, check, timeout_ms):
        """What `check()` gives once it is not None; None when that takes too long."""
        end = self._port.now_ms() + timeout_ms
        while self._port.now_ms() < end:
            found = check()
            if found is not None:
                return found
            await asyncio.sleep_ms(_POLL_MS)
        return None
