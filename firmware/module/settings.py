"""The module's identity, kept across restarts: one small file, checksummed, replaced atomically.

The file holds one JSON line and the SHA-256 of that line in hexadecimal. Passcode and did together are the
module's credentials, so the folder is private to the owner wherever the port can make it so.
"""

import hashlib
import json
import os
from binascii import hexlify

FILE = "identity.json"
MAX_SIZE = 1024  # bytes; what save() writes has about 250
PASSCODE_LETTERS = 10  # as shipped modules have it; a relay takes 1..16 (app-api 0)
PASSCODE_ALPHABET = 25  # A..Y
FIELDS = ("mac", "product_key", "passcode", "did", "set_up")
SOFT_AP = "softap"  # value of set_up


class Settings:
    """Attributes `mac`, `product_key`, `passcode`, `did`: text, or None while unknown.

    `set_up` is SOFT_AP when the next start is to open the access point, as after a reset, else None.
    `port` gives entropy, a fresh MAC address and the private folder.
    """

    def __init__(self, folder, port, report):
        self._port = port
        self._folder = folder
        self._path = folder + "/" + FILE
        port.private_folder(folder)
        self.mac = self.product_key = self.passcode = self.did = self.set_up = None
        self._load(report)
        if self.passcode is None:
            self.passcode = self._new_passcode()

    def use_mac(self, mac):
        """Take the configured MAC address, else the stored one, else draw one; a new one needs a new did."""
        mac = mac or self.mac or self._port.new_mac()
        if mac != self.mac:
            self.mac = mac
            self.did = None
            self.save()

    def use_product(self, product_key):
        """Take the MCU's product key; returns True when it changed and the module must register again."""
        if product_key == self.product_key:
            return False
        self.product_key = product_key
        self.did = None
        self.save()
        return True

    def registered(self, did):
        """Keep what the relay gave."""
        if did != self.did:
            self.did = did
            self.save()

    def forget(self):
        """Wipe all but the MAC address and begin with set-up; a new passcode ends the relay's bindings."""
        self.product_key = self.did = None
        self.passcode = self._new_passcode()
        self.set_up = SOFT_AP
        self.save()

    def take_set_up(self):
        """True once after forget(): this start is to open the access point."""
        if self.set_up is None:
            return False
        self.set_up = None
        self.save()
        return True

    def save(self):
        """Write a new file and rename it over the old one: a power cut leaves one of the two, whole."""
        line = json.dumps({name: getattr(self, name) for name in FIELDS})
        new = self._path + ".new"
        with open(new, "w") as file:
            file.write(line + "\n" + _checksum(line) + "\n")
        os.rename(new, self._path)

    def _load(self, report):
        try:
            with open(self._path) as file:
                text = file.read(MAX_SIZE)
        except OSError as error:
            if error.errno != 2:  # ENOENT: the first start
                raise
            return
        except UnicodeError:
            text = ""
        stored = _decode(text)
        if stored is None:
            aside = self._path + ".damaged"
            os.rename(self._path, aside)
            report(f"{self._path} is damaged; it is kept as {aside} and the module gets a new identity")
            return
        for name in FIELDS:
            setattr(self, name, stored.get(name))

    def _new_passcode(self):
        letters = []
        while len(letters) < PASSCODE_LETTERS:
            byte = self._port.entropy(1)[0]
            if byte < 250:  # 10 * 25: every letter equally likely
                letters.append(chr(65 + byte % PASSCODE_ALPHABET))
        return "".join(letters)


def _checksum(line):
    return str(hexlify(hashlib.sha256(line.encode()).digest()), "ascii")


def _decode(text):
    """The stored fields, or None when the text is not what save() writes."""
    parts = text.split("\n")
    if len(parts) != 3 or parts[1] != _checksum(parts[0]):
        return None
    try:
        stored = json.loads(parts[0])
    except ValueError:
        return None
    if not isinstance(stored, dict) or any(not _valid(stored.get(name)) for name in FIELDS):
        return None
    return stored


def _valid(value):
    return value is None or isinstance(value, str)
