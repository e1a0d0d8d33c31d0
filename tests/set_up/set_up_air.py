"""MicroPython: what stands in for the module's Wi-Fi and settings when set-up is tested alone.

Its order is the first line of stdin, one JSON object. networks: [SSID in hexadecimal, dBm, key, failure], the
last two may be null. Optional: join_ms, ap_password.
"""

import asyncio
import json
import sys
from binascii import unhexlify

ORDER = json.loads(sys.stdin.readline())


def tell(**fields):
    print(json.dumps(fields))


class Air:
    """A radio as strict as the real one: one try and one scan at a time, an access point opened once."""

    def __init__(self):
        self.opened = self.busy = self.joined = False
        self.networks = [
            (unhexlify(name), rssi, key, failure) for name, rssi, key, failure in ORDER["networks"]
        ]

    def open_access_point(self, ssid, key):
        if ORDER.get("radio_refuses"):
            raise OSError("Wifi Unknown Error 0x0101")
        assert not self.opened
        assert 8 <= len(key.encode()) <= 63
        assert 0 < len(ssid.encode()) <= 32
        self.opened = True
        tell(opened=ssid)

    def close_access_point(self):
        assert self.opened
        self.opened = False
        tell(closed=True)

    async def scan(self):
        assert not self.busy
        self.busy = True
        await asyncio.sleep_ms(50)
        self.busy = False
        tell(scanned=len(self.networks))
        return [(name, rssi, key is not None) for name, rssi, key, _ in self.networks]

    async def try_join(self, ssid, key, timeout_ms):
        assert not self.busy
        assert timeout_ms > 0
        self.busy = True
        await asyncio.sleep_ms(ORDER.get("join_ms", 50))
        self.busy = False
        tell(tried=repr(ssid))
        wanted = ssid if isinstance(ssid, bytes) else ssid.encode()
        for name, _, right, failure in self.networks:
            if name == wanted:
                self.joined = failure is None and (right or "") == key
                return failure or (None if self.joined else "wrong password")
        return "no such network"

    def rejoin(self):
        self.joined = False


class Kept:
    """Settings that can store a network."""

    mac = "0200000000ab"
    product_key = "0123456789abcdef0123456789abcdef"
    did = "did0000000000000000001"
    ssid = key = None
    ap_password = ORDER.get("ap_password", "a-set-up-password")

    def join(self, ssid, key):
        self.ssid, self.key = ssid, key
        tell(stored=repr(ssid), key=repr(key))
