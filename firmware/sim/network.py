"""Fake of `network.WLAN`: what the access points of the world's `air` make of it, errors and traps included.

As in MicroPython's ports/esp32/network_wlan.c: the reason of a failed try stays in status() until another
event, a connect() while one is under way is "Wifi Internal Error", config() wants an active interface.
"""

import time

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010

_NO_AP = 201
_BEACON_TIMEOUT = 200
_HANDSHAKE = 15
_LEFT = 8  # ASSOC_LEAVE
_BEACON_MS = 200  # a vanished access point is missed after so long; the real one takes 6 s
_DHCP_MS = 50
_LEAVING_MS = 50  # disconnect() only asks the radio; its event comes after so long
_KNOWN = {
    STA_IF: ("ssid", "reconnects", "txpower", "pm", "protocol", "channel", "hostname", "mac"),
    AP_IF: (
        "ssid",
        "key",
        "security",
        "hidden",
        "channel",
        "max_clients",
        "txpower",
        "pm",
        "protocol",
        "mac",
    ),
}
_OLD = {"essid": "ssid", "password": "key", "authmode": "security"}

world = None  # set by chip.py


def hostname(name=None):
    """The name for DHCP."""
    return "mpy-esp32" if name is None else None


def online():
    """True when a packet can leave: the station has an address, or the access point is up."""
    return _sta.isconnected() or _ap.active()


class WLAN:
    """One of two interfaces, always the same object for one id."""

    IF_STA, IF_AP = STA_IF, AP_IF
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2
    SEC_OPEN, SEC_WPA2 = 0, 3

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        return _sta if interface == STA_IF else _ap


class _Interface:
    def __init__(self, interface):
        self._id = interface
        self._active = False
        self._config = {}

    def active(self, on=None):
        """Switch it, or tell."""
        if on is not None and bool(on) != self._active:
            self._active = bool(on)
            self._switched()
        return self._active

    def config(self, name=None, **values):
        """Set some or tell one."""
        if name is not None:
            if values:
                raise TypeError("either pos or kw args are allowed")
            self._check(name)
            return self._config.get(_OLD.get(name, name))
        if not values:
            raise TypeError("can query only one param")
        for key in values:
            self._check(key)
        if not self._active:
            raise OSError("Wifi Invalid Mode")
        self._config.update({_OLD.get(key, key): value for key, value in values.items()})
        self._configured()
        return None

    def _check(self, name):
        name = _OLD.get(name, name)
        if name not in _KNOWN[STA_IF] and name not in _KNOWN[AP_IF]:
            raise ValueError("unknown config param")
        if name not in _KNOWN[self._id]:
            raise OSError("AP required" if self._id == STA_IF else "STA required")

    def _configured(self):
        pass


class _Station(_Interface):
    def __init__(self):
        super().__init__(STA_IF)
        self._config["reconnects"] = -1
        self._wanted = None  # (ssid, key)
        self._requested = False
        self._tries = 0
        self._since = 0
        self._point = None  # the access point that took it, as it was then
        self._missed = None
        self._left = None  # when disconnect() was called
        self._reason = 0
        self._scanning = False

    def _switched(self):
        if not self._active:
            self._drop(_LEFT)
            self._requested = False
            self._wanted = None

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Begin to join."""
        if not self._active:
            raise OSError("Wifi Not Started")
        self._step()
        if self._wanted is not None:
            raise OSError("Wifi Internal Error")
        if ssid is None or not 0 < len(_bytes(ssid)) <= 32 or len(_bytes(key or "")) > 64:
            raise OSError("Wifi Invalid Password")
        self._wanted = _bytes(ssid), _bytes(key or "")
        self._since = time.ticks_ms()
        self._requested = True
        self._tries = 0

    def disconnect(self):
        """Leave, or end a try."""
        if not self._active:
            raise OSError("Wifi Not Started")
        self._requested = False
        if self.isconnected():
            self._left = time.ticks_ms()
        if self._point is not None:
            self._drop(_LEFT)
        self._wanted = None

    def isconnected(self):
        """True with an address, for as long as the radio is stuck, and for a moment after disconnect()."""
        self._step()
        if self._left is not None:
            if time.ticks_diff(time.ticks_ms(), self._left) < _LEAVING_MS:
                return True
            self._left = None
        return self._point is not None and self._addressed()

    def status(self, name=None):
        """How it is, or the signal."""
        self._step()
        if name == "rssi":
            point = None if self._point is None else _find(self._point["ssid"])
            if point is None:
                raise OSError("Wifi Not Connected")
            return point["rssi"]
        if name is not None:
            raise ValueError("unknown status param")
        if self.isconnected():
            return STAT_GOT_IP
        if self._reason in (_NO_AP, 202, 210, 211, 212):
            return self._reason
        if self._reason == _LEFT:
            return STAT_IDLE
        if self._requested and self._wanted is not None:
            return STAT_CONNECTING
        return self._reason or STAT_IDLE

    def scan(self):
        """Look around, which takes its time; an empty list while it joins."""
        if not self._active:
            raise OSError("STA must be active")
        self._step()
        if self._wanted is not None and self._point is None:
            return []
        time.sleep(world.get("scan_s", 0.3))
        found = [point for point in world.get("air", ()) if point.get("up", True)]
        return [
            (
                b"" if point.get("hidden") else _bytes(point["ssid"]),
                bytes(6),
                6,
                point.get("rssi", -60),
                3 if point.get("key") else 0,
                False,
            )
            for point in found
        ]

    def ifconfig(self, given=None):
        """(address, mask, gateway, name server)."""
        if given is not None:
            raise OSError("this simulation has DHCP alone")
        if not self.isconnected() or self._point is None:
            return ("0.0.0.0",) * 4  # noqa: S104 - no address
        point = self._point
        address = point.get("address", "127.0.0.1")
        return address, "255.0.0.0", address, point.get("dns", "127.0.0.1")

    def _addressed(self):
        return self._point.get("dhcp", True) and time.ticks_diff(time.ticks_ms(), self._since) >= _DHCP_MS

    def _drop(self, reason):
        self._reason = reason
        self._point = self._missed = None

    def _step(self):
        """Let what has happened since the last call happen."""
        now = time.ticks_ms()
        if self._point is not None:
            self._watch(now)
        elif self._wanted is not None:
            point = _find(self._wanted[0])
            join_ms = int(world.get("join_s", 0.1) * 1000)
            if time.ticks_diff(now, self._since) < join_ms:
                return
            if point is None:
                self._failed(_NO_AP, now)
            elif _bytes(point.get("key") or "") != self._wanted[1]:
                self._failed(point.get("reason", _HANDSHAKE), now)
            else:
                self._point = point
                self._since = now
                self._reason = 0 if point.get("dhcp", True) else self._reason

    def _failed(self, reason, now):
        self._reason = reason
        self._tries += 1
        self._since = now
        reconnects = self._config["reconnects"]
        if 0 <= reconnects < self._tries:
            self._wanted = None

    def _watch(self, now):
        if _find(self._point["ssid"]) is not None:
            self._missed = None
        elif self._missed is None:
            self._missed = now
        elif time.ticks_diff(now, self._missed) >= _BEACON_MS and not self._point.get("stuck"):
            self._drop(_BEACON_TIMEOUT)
            self._since = now
            if self._config["reconnects"] == 0:
                self._wanted = None


class _AccessPoint(_Interface):
    def __init__(self):
        super().__init__(AP_IF)
        self._address = "192.168.4.1"

    def _switched(self):
        if self._active:
            self._config = {"ssid": "ESP_000001", "security": 0, "key": "", "max_clients": 10}
        self._configured()

    def _configured(self):
        if self._config["security"] and not 8 <= len(_bytes(self._config["key"])) <= 63:
            raise OSError("Wifi Invalid Password")
        on_air = dict(self._config, address=self._address) if self._active else {}
        world.store("access_point.json", on_air)

    def connect(self, *_):
        """Not on this interface."""
        raise OSError("STA required")

    def isconnected(self):
        """True while somebody has joined; the simulation has nobody."""
        return False

    def status(self, name=None):
        """Who has joined."""
        if name == "stations":
            return []
        if name is not None:
            raise OSError("STA required")
        return None

    def ifconfig(self, given=None):
        """(address, mask, gateway, name server)."""
        if given is not None:
            self._address = given[0]
            self._configured()
        return self._address, "255.255.255.0", self._address, self._address


def _find(ssid):
    best = None
    for point in world.get("air", ()):
        up = point.get("up", True) and _bytes(point["ssid"]) == _bytes(ssid)
        if up and (best is None or point.get("rssi", -60) > best.get("rssi", -60)):
            best = dict(point, rssi=point.get("rssi", -60))
    return best


def _bytes(text):
    return text.encode() if isinstance(text, str) else text


_sta = _Station()
_ap = _AccessPoint()
