"""The life of a module as one table: its states, what ends each, and what the MCU is told of it.

Code, tests and README read STATES and TRANSITIONS. The serial link is served in every state; set-up, Wi-Fi
and uplink are switched on and off by it.
"""

import asyncio

from module.console import say
from module.loading import drop, rare
from module.wake import Wake

NO_IDENTITY = "no identity"
NO_WIFI = "no Wi-Fi"
JOINING = "joining"
SETTING_TIME = "setting time"
REGISTERING = "registering"
CONNECTING = "connecting"
ONLINE = "online"
DEGRADED = "degraded"

# state -> status bits that are set; README says what the states mean
STATES = {
    NO_IDENTITY: (),
    NO_WIFI: (),
    JOINING: ("station",),
    SETTING_TIME: ("station", "router"),
    REGISTERING: ("station", "router"),
    CONNECTING: ("station", "router"),
    ONLINE: ("station", "router", "cloud"),
    DEGRADED: ("station", "router"),
}

# What happens to a module. The uplink's stages are events of the same name.
IDENTITY = "identity"  # the product key is known
NO_PRODUCT = "no product"  # the MCU's product key cannot be used
NETWORK = "network"  # a network is stored, or another one
SET_UP = "set-up"  # MCU or button ask for it
JOINED = "joined"
LOST = "lost"
TIME = "time"
OFFLINE = "offline"  # the way to the relay failed or ended
SILENT = "silent"  # the MCU does not answer any more: the module speaks for nobody

_CLIMBING = (SETTING_TIME, REGISTERING, CONNECTING)
_NETWORKED = (SETTING_TIME, REGISTERING, CONNECTING, ONLINE, DEGRADED)

# event -> (states in which it counts, next state); elsewhere it changes nothing
TRANSITIONS = {
    IDENTITY: ((NO_IDENTITY,), NO_WIFI),
    NETWORK: ((NO_WIFI, SETTING_TIME, REGISTERING, CONNECTING, ONLINE, DEGRADED), JOINING),
    JOINED: ((JOINING,), SETTING_TIME),
    TIME: (_CLIMBING, SETTING_TIME),
    REGISTERING: (_CLIMBING, REGISTERING),
    CONNECTING: (_CLIMBING, CONNECTING),
    ONLINE: (_NETWORKED, ONLINE),
    OFFLINE: (_NETWORKED, DEGRADED),  # the uplink goes on trying; its steps are on the console
    SILENT: (_NETWORKED, DEGRADED),
    LOST: (_NETWORKED, JOINING),
    SET_UP: ((JOINING, SETTING_TIME, REGISTERING, CONNECTING, ONLINE, DEGRADED), NO_WIFI),
    NO_PRODUCT: ((NO_WIFI, JOINING, SETTING_TIME, REGISTERING, CONNECTING, ONLINE, DEGRADED), NO_IDENTITY),
}

_BITS = ("station", "router", "cloud")
_ROUND_MS = 5000  # longest sleep: it shows the watchdog that life goes on
_SET_UP_S = 300  # seconds; the vendor's module program keeps its access point open so long
_CURE_MS = 600_000  # degraded for so long with a network: the radio is suspected


class Life:
    """`wifi` and `set_up` are None on a port without radio. `on_state()` is called after each change.

    `beats` counts the rounds of run(). `reason` is why the relay is not reached, in words, or None.
    """

    def __init__(self, settings, port, wifi, status, on_state):
        self._settings = settings
        self._port = port
        self._wifi = wifi
        self._status = status
        self._on_state = on_state
        self._changed = Wake()
        self._set_up_asked = False
        self._set_up = None  # while it is open
        self._failing_since = None
        self.state = NO_IDENTITY
        self.reason = None
        self.beats = 0

    @rare
    def take(self, event, reason=None):
        """Take an event; `reason` goes with OFFLINE."""
        if event == SET_UP:
            self._set_up_asked = True
        elif reason is not None:
            self.reason = reason
            if event == OFFLINE and self._failing_since is None:
                self._failing_since = self._port.now_ms()
        elif event in (ONLINE, LOST):
            self.reason = self._failing_since = None
        states, state = TRANSITIONS[event]
        if self.state in states:
            if state == NO_WIFI and not self._wants_set_up():
                state = TRANSITIONS[NETWORK][1]
            if state == JOINING and (self._wifi is None or self._wifi.joined):
                state = TRANSITIONS[JOINED][1]
            if state != self.state:
                self._enter(state)
        self._changed.set()

    @property
    def settled(self):
        """True once the network to join is known, and set-up has left the heap to what uses it."""
        return self._set_up is None and self.state not in (NO_IDENTITY, NO_WIFI)

    @property
    def networked(self):
        """True in the states with a network."""
        return self.settled and "router" in STATES[self.state]

    async def run(self):
        """Do what the states want, for ever."""
        while True:
            self.beats += 1
            if self.state == NO_WIFI:
                self._set_up_asked = False
                await self._set_up_once()
                self._set_up_asked = False
                if self.state == NO_WIFI and not self._wants_set_up():
                    self.take(NETWORK)
            elif self._wifi is not None and self._fails_for_long():
                self._failing_since = None
                self._wifi.cure()
            await self._changed.wait(_ROUND_MS)

    @rare
    def _enter(self, state):
        self.state = state
        bits = STATES[state]
        self._status.set(**{name: name in bits for name in _BITS})
        say("life", f"{state}: {self.reason}" if state == DEGRADED and self.reason else state)
        if self._wifi is not None:
            self._wifi.want(state not in (NO_IDENTITY, NO_WIFI))
            if state == ONLINE:
                self._wifi.cured()
        self._on_state()

    def _fails_for_long(self):
        since = self._failing_since
        return since is not None and self._port.now_ms() - since >= _CURE_MS

    @rare
    def _wants_set_up(self):
        return self._wifi is not None and (self._set_up_asked or self._settings.ssid is None)

    async def _set_up_once(self):
        """Offer set-up until a network was joined and stored, the time is over or the state is another."""
        try:
            from module.setup import SetUp  # noqa: PLC0415 - 20 KB of heap, for this state alone
        except ImportError:
            say("life", "set-up is not in this firmware: give the network by command 09, mode 4")
            return
        self._set_up = SetUp(self._wifi, self._settings, self._port, self._status)
        del SetUp
        task = asyncio.create_task(self._offer())
        while not task.done():
            if self.state != NO_WIFI:
                self._set_up.stop()
            await self._changed.wait(_ROUND_MS)
            self.beats += 1
        self._set_up = None
        drop("module.setup")
        self._on_state()

    async def _offer(self):
        try:
            await self._set_up.run(_SET_UP_S)
        except (OSError, MemoryError) as error:
            say("life", f"set-up failed: {error or 'no heap'}")
        self._changed.set()
