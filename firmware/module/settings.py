"""What the module keeps across restarts: its identity and its network, in two checksummed copies.

A copy is one JSON line with its number, and the SHA-256 of that line in hexadecimal. A change is written over
the older copy, so a power cut leaves the newer one whole; the highest number that is whole counts.
Passcode, did and the network's key are secrets: the folder is private to the owner where the port can do it.
"""

import hashlib
import json
import os
from binascii import hexlify, unhexlify

from module.loading import drop, rare

OLD_FILE = "identity.json"  # of earlier versions; taken over once
FILES = ("settings.0", "settings.1", OLD_FILE)
PASSCODE_LETTERS = 10  # as shipped modules have it; a relay takes 1..16 (app-api 0)
PASSCODE_ALPHABET = 25  # A..Y
UPDATE_KEY_SIZE = 32  # bytes; HMAC-SHA256 by which a unit knows its updates
FIELDS = (
    "mac",
    "product_key",
    "passcode",
    "did",
    "set_up",
    "ssid",
    "key",
    "update_key",
    "ap_password",
    "zone",
    "relay",
)
SOFT_AP = "softap"  # value of set_up


class Settings:
    """Attributes of FIELDS: text, or None while unknown.

    mac, product_key, passcode, did: the identity. set_up: SOFT_AP when the next start is to open the access
    point, as after a reset. ssid, key: the network to join, bytes where they are no UTF-8; key "" for an open
    one. update_key: 64 hex digits. ap_password: of the module's own access point. zone, relay: what the MCU
    gave in place of the defaults. `port` gives factory data, entropy, a new MAC address, the private folder;
    `report(text)` is told what was lost.
    """

    def __init__(self, folder, port, report):
        self._port = port
        self._folder = folder
        self._report = report
        self._number = 0
        port.private_folder(folder)
        for name in FIELDS:
            setattr(self, name, None)
        taken_over = self._load()
        if (self._take_factory_data() or taken_over) and self.mac is not None:
            self.save()
        if taken_over:
            os.remove(folder + "/" + OLD_FILE)

    @rare
    def use_mac(self, mac):
        """Take the given MAC address, else the stored one, else draw one; a new one needs a new did."""
        mac = mac or self.mac or self._port.new_mac()
        if mac != self.mac:
            if self.mac is not None:
                self.did = None
            self.mac = mac
            self.save()

    @rare
    def use_product(self, product_key):
        """Take the MCU's product key; returns True when it changed and the module must register again."""
        if product_key == self.product_key:
            return False
        if product_key is None or self.product_key is not None:
            self.did = None
        self.product_key = product_key
        self.save()
        return True

    @rare
    def registered(self, did):
        """Keep what the relay gave."""
        if did != self.did:
            self.did = did
            self.save()

    @rare
    def join(self, ssid, key):
        """Keep the network to join."""
        if (_plain(ssid), _plain(key)) != (_plain(self.ssid), _plain(self.key)):
            self.ssid, self.key = ssid, key
            self.save()

    @rare
    def forget(self):
        """Wipe identity and network and begin with set-up; a new passcode ends the relay's bindings."""
        self.product_key = self.did = self.ssid = self.key = self.zone = self.relay = None
        self.passcode = self._new_passcode()
        self.set_up = SOFT_AP
        self.save()

    @rare
    def ask_set_up(self):
        """Have the next start open the access point; the network that is stored stays."""
        self.set_up = SOFT_AP
        self.save()

    @rare
    def take_set_up(self):
        """True once after forget() or ask_set_up(): this start is to open the access point."""
        if self.set_up is None:
            return False
        self.set_up = None
        self.save()
        return True

    @rare
    def save(self):
        """Write over the older copy. OSError only when there is none yet: a module that runs goes on."""
        number = self._number + 1
        stored = {name: _plain(getattr(self, name)) for name in FIELDS}
        stored["number"] = number
        line = json.dumps(stored)
        text = line + "\n" + checksum(line) + "\n"  # before the file is opened, for it takes heap
        path = self._folder + "/" + FILES[number % 2]
        try:
            with open(path, "w") as file:
                file.write(text)
        except OSError as error:
            if not self._number:
                raise
            self._report(f"{path} cannot be written ({error}): a restart loses what has changed")
            return
        self._number = number

    @rare
    def _load(self):
        """Take the newest whole copy; True when it is the file of an earlier version."""
        from module import settings_copies  # noqa: PLC0415 - dropped after use

        best, taken_over = settings_copies.newest(self._folder, self._report)
        del settings_copies
        drop("module.settings_copies")
        if best is not None:
            self._number = best["number"]
            for name in FIELDS:
                value = best.get(name)
                setattr(self, name, unhexlify(value[0]) if isinstance(value, list) else value)
        return taken_over

    @rare
    def _take_factory_data(self):
        """Take what the factory gave and draw what it did not; True when something was drawn or is new."""
        before = self.passcode, self.update_key, self.ap_password
        factory = self._port.factory
        if self.passcode is None:
            self.passcode = _text(factory("passcode")) or self._new_passcode()
            self.did = _text(factory("did"))
        self.ap_password = _text(factory("ap_password")) or self.ap_password
        key = factory("update_key")
        if key is not None or self.update_key is None:
            self.update_key = str(hexlify(key or self._port.entropy(UPDATE_KEY_SIZE)), "ascii")
        return before != (self.passcode, self.update_key, self.ap_password)

    @rare
    def _new_passcode(self):
        letters = bytearray()  # see letters.py
        while len(letters) < PASSCODE_LETTERS:
            byte = self._port.entropy(1)[0]
            if byte < 250:  # 10 * 25: every letter equally likely
                letters.append(65 + byte % PASSCODE_ALPHABET)
        return str(letters, "ascii")


def _text(data):
    return None if data is None else str(data, "ascii")


def checksum(line):
    """SHA-256 of a line, in hexadecimal."""
    return str(hexlify(hashlib.sha256(line.encode()).digest()), "ascii")


def _plain(value):
    """For JSON: bytes as a list with their hex digits."""
    return [str(hexlify(value), "ascii")] if isinstance(value, bytes) else value
