"""The radio of an ESP32: network.WLAN with its traps, as plain words. module/wifi.py decides what to do.

What the manual does not say is from MicroPython's ports/esp32/network_wlan.c and issues: with `reconnects=0`
one connect() is one try and status() tells ESP-IDF's reason of failure; the reason of an earlier try stays
until another event (#14382); a second connect() is an OSError (#7139, #17661); isconnected() can stay True
after the access point has gone (#3967); then only active(False), active(True) helps (#15563).
"""

import _thread
import time

import network
from micropython import const

from module.loading import rare

JOINED = "joined"
JOINING = "joining"
WRONG_PASSWORD = "wrong password"  # noqa: S105 - no password at all
NO_NETWORK = "no such network"
NO_ADDRESS = "no address"
LOST = "lost"

_IDLE = const(1000)
_CONNECTING = const(1001)
_WPA2 = const(3)  # WIFI_AUTH_WPA2_PSK
_STALE_MS = const(5000)  # a try tells its reason within so long: a scan of all channels takes 2 to 3 s
_SETTLE_MS = const(200)  # disconnect() only begins it: isconnected() tells of the network before for a moment
_MAX_CLIENTS = const(4)
_MASK = "255.255.255.0"
_NONE = "0.0.0.0"  # noqa: S104 - no address yet

# ESP-IDF's wifi_err_reason_t -> what it means to a person. Other reasons: LOST.
_REASONS = {
    2: WRONG_PASSWORD,  # AUTH_EXPIRE: some access points answer a wrong key with silence
    14: WRONG_PASSWORD,  # MIC_FAILURE
    15: WRONG_PASSWORD,  # 4WAY_HANDSHAKE_TIMEOUT
    202: WRONG_PASSWORD,  # AUTH_FAIL; status() tells CONNECTION_FAIL (205) as this too
    204: WRONG_PASSWORD,  # HANDSHAKE_TIMEOUT
    201: NO_NETWORK,  # NO_AP_FOUND
    210: WRONG_PASSWORD,  # NO_AP_FOUND_W_COMPATIBLE_SECURITY: a key where none is wanted, or the reverse
    211: WRONG_PASSWORD,  # NO_AP_FOUND_IN_AUTHMODE_THRESHOLD: an open network where a key was given
    212: NO_NETWORK,  # NO_AP_FOUND_IN_RSSI_THRESHOLD
}


class Radio:
    """Station and access point of the chip. Calls take milliseconds; scanning goes on in a thread."""

    def __init__(self):
        self._sta = network.WLAN(network.STA_IF)
        self._ap = network.WLAN(network.AP_IF)
        self._stale = None  # what status() said before the present try
        self._since = 0
        self._found = None
        self._scanning = False
        self._switch_on()  # here, for it takes longer than the MCU waits for an acknowledgement

    # Station

    @rare
    def join(self, ssid, key):
        """Begin one try to join; state() tells how it goes. OSError when the radio refuses."""
        sta = self._sta
        self._switch_on()
        self.leave()
        self._stale = sta.status()
        self._since = time.ticks_ms()
        if key:
            sta.connect(ssid, key)
        else:
            sta.connect(ssid)

    def state(self):
        """JOINED, JOINING, or why the last try failed or the network went."""
        sta = self._sta
        if not sta.active():
            return LOST
        age = time.ticks_diff(time.ticks_ms(), self._since)
        if age < _SETTLE_MS:
            return JOINING
        if sta.isconnected():
            return JOINED if self.rssi() is not None else LOST
        status = sta.status()
        if status in (_IDLE, _CONNECTING) or (status == self._stale and age < _STALE_MS):
            return JOINING
        return _REASONS.get(status, LOST)

    def associated(self):
        """True when the network took the module, with or without an address."""
        return self.rssi() is not None

    @rare
    def leave(self):
        """Leave the network, end a try."""
        try:
            self._sta.disconnect()
        except OSError:
            pass  # it was not on

    @rare
    def renew(self):
        """Switch the station off and on: the only cure of a radio that is stuck."""
        self.leave()
        self._sta.active(False)
        self._switch_on()

    def rssi(self):
        """Strength of the joined network in dBm, None without one."""
        try:
            return self._sta.status("rssi")
        except OSError:
            return None

    def address(self):
        """The station's IP address as text, empty without one."""
        return self._told(0)

    def name_server(self):
        """The name server that the router named, None without one."""
        return self._told(3) or None

    def _told(self, index):
        found = self._sta.ifconfig()[index] if self._sta.isconnected() else ""
        return "" if found == _NONE else found

    @rare
    def _switch_on(self):
        if not self._sta.active():
            self._sta.active(True)
            self._sta.config(reconnects=0, pm=0)  # pm: power save delays what comes by 100 ms and more

    # Scan

    @rare
    def scan(self):
        """Begin to look for networks; what is found is there when scanned() is not None."""
        self._switch_on()
        if not self._scanning:
            self._scanning = True
            self._found = None
            _thread.start_new_thread(self._scan, ())

    def scanned(self):
        """[(ssid bytes, dBm, True when a key is needed)] of the last scan, None while it goes on."""
        return None if self._scanning else self._found

    def _scan(self):
        try:
            self._found = [(row[0], row[3], row[4] != 0) for row in self._sta.scan()]
        except OSError:
            self._found = []
        self._scanning = False

    # Access point

    @rare
    def open_ap(self, ssid, key, address):
        """Open the access point with WPA2 at this address. OSError when the radio refuses."""
        ap = self._ap
        ap.active(True)  # before config(): it is an OSError while the interface is off
        ap.config(ssid=ssid, security=_WPA2, key=key, max_clients=_MAX_CLIENTS)
        ap.ifconfig((address, _MASK, address, address))

    @rare
    def close_ap(self):
        """Close the access point."""
        if self._ap.active():
            self._ap.active(False)
